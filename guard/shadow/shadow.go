// Package shadow tells what a change would do before it is made: it runs
// commands on copies of the keys that they touch, inside the process, and
// answers what a Redis 7 would.
//
// It sends nothing to any server but the reading commands of Load, listens on
// no socket, and would rather not tell than tell wrong: only the commands and
// forms of its table are predictable, and a test holds each against a real
// redis-server.
package shadow

import (
	"errors"
	"slices"
	"sync"
	"time"
)

// Bounds of what is copied.
const (
	maxValueBytes    = 1 << 20  // of one key
	maxValueElements = 5000     // of one key
	maxBytes         = 64 << 20 // of all keys together
)

// keyOverhead is what a key takes beside its name and value, in bytes, roughly.
const keyOverhead = 256

// Shadow holds copies of keys. It starts empty, and nothing runs before its
// first use. Its methods may be called from several goroutines.
type Shadow struct {
	now func() time.Time

	mu       sync.Mutex
	closed   bool
	commands map[string]command
	library  *library // nil until something is kept
	known    map[place]*entry
	bytes    int64

	fieldsLast bool // the server has shown that its hash fields have no TTL
}

// place is where a key is.
type place struct {
	db  int
	key string
}

// entry is what is known of a key; its value is in the library.
type entry struct {
	exists   bool
	deadline int64    // Unix time in ms; 0 means none
	size     int64    // in bytes, roughly
	order    []string // of a hash or set: its names in the server's order; nil if that is not known
	longest  int      // beside order: the bytes of its longest element
	last     string   // of a stream: the last id that it gave
}

// New answers an empty shadow whose deadlines count by now.
func New(now func() time.Time) *Shadow {
	return &Shadow{now: now, commands: commands(), known: map[place]*entry{}}
}

var errClosed = errors.New("the shadow is closed")

// Close frees the copies. Whatever is asked of the shadow afterwards fails or
// finds nothing. A second Close does nothing.
func (s *Shadow) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.known, s.bytes = nil, 0
	if s.library != nil {
		s.library.close()
		s.library = nil
	}
	return nil
}

// Holds reports whether the key's state is known, be it that it does not exist.
func (s *Shadow) Holds(db int, key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[place{db, key}] != nil
}

// State answers whether a key exists in the shadow, its type as Redis names it
// ("none" if it does not exist) and when it ends; the zero time means never. A
// key that is not held does not exist.
func (s *Shadow) State(db int, key string) (exists bool, typ string, deadline time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place{db, key}
	s.lapse(at)
	e := s.known[at]
	if e == nil || !e.exists {
		return false, typeNone, time.Time{}
	}
	if e.deadline != 0 {
		deadline = time.UnixMilli(e.deadline)
	}
	return true, s.library.typeOf(at), deadline
}

// Keys answers the names of the keys of a database that exist in the shadow,
// sorted.
func (s *Shadow) Keys(db int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().UnixMilli()
	names := []string{}
	for at, e := range s.known {
		if at.db == db && e.exists && !e.over(now) {
			names = append(names, at.key)
		}
	}
	slices.Sort(names)
	return names
}

// Bytes answers roughly how much the copies take.
func (s *Shadow) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// Forget drops what is known of keys, as when something has overtaken them that
// cannot be predicted.
func (s *Shadow) Forget(db int, keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		at := place{db, key}
		if e := s.known[at]; e != nil {
			s.drop(at, e)
			delete(s.known, at)
			s.bytes -= overhead(at)
		}
	}
}

// Delete makes a key known to be absent, whether it was held or not.
func (s *Shadow) Delete(db int, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		at := place{db, key}
		s.drop(at, s.note(at))
	}
}

// SetDeadline changes when a key ends; the zero time means never. It reports
// false, and does nothing, for a key that is not held or does not exist.
func (s *Shadow) SetDeadline(db int, key string, deadline time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place{db, key}
	s.lapse(at)
	e := s.known[at]
	if e == nil || !e.exists {
		return false
	}
	e.deadline = 0
	if !deadline.IsZero() {
		e.deadline = deadline.UnixMilli()
	}
	return true
}

// note answers the entry of a key, of one that does not exist if there was none.
func (s *Shadow) note(at place) *entry {
	e := s.known[at]
	if e == nil {
		e = &entry{}
		s.known[at] = e
		s.bytes += overhead(at)
	}
	return e
}

func overhead(at place) int64 { return int64(2*len(at.key)) + keyOverhead }

// drop makes a key absent.
func (s *Shadow) drop(at place, e *entry) {
	if e.exists {
		s.library.run(at.db, "DEL", at.key)
	}
	s.bytes -= e.size
	*e = entry{}
}

// resize notes how much a value takes.
func (s *Shadow) resize(e *entry, size int64) {
	s.bytes += size - e.size
	e.size = size
}

// over reports whether the key has ended.
func (e *entry) over(now int64) bool { return e.deadline != 0 && e.deadline <= now }

// lapse lets a key end whose time is over.
func (s *Shadow) lapse(at place) {
	if e := s.known[at]; e != nil && e.exists && e.over(s.now().UnixMilli()) {
		s.drop(at, e)
	}
}
