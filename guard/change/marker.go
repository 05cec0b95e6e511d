package change

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/helix-collective/helix/clock"
	"github.com/redis/go-redis/v9"
)

// A transaction notes in Redis that it was made, beside what it changes: the
// answer may get lost, and what its keys hold does not tell as soon as others
// change them, too. The note is one key for a change and database; in a Cluster,
// where a transaction has keys of one slot only, one for each slot.

// markerLasts is how long it can be seen how far a change was.
const markerLasts = 24 * time.Hour

// place is where transactions note their numbers.
type place struct {
	db  int
	key string
}

// markerKey says in Redis how far a change is, outside a Cluster.
func markerKey(id string) string { return "{helix}:change:" + id }

const slotMarkers = "helix:change:"

// IsMarker reports whether a key says how far some change is.
func IsMarker(key string) bool {
	return strings.HasPrefix(key, markerKey("")) || strings.HasPrefix(key, slotMarkers)
}

// placeOf answers where transactions on a key note their numbers.
func (e *Engine) placeOf(db int, key string) (place, error) {
	client, err := e.Client(db)
	if err != nil {
		return place{}, err
	}
	if isCluster(client) {
		return place{db, slotMarkers + e.ID + ":{" + tagOf(Slot(key)) + "}"}, nil
	}
	return place{db, markerKey(e.ID)}, nil
}

// tagBase is the base of the numbers that are tags.
const tagBase = 36

// tagOf answers a word that lies in a slot.
func tagOf(slot int) string { return strconv.FormatUint(uint64(slotTags()[slot]), tagBase) }

// slotTags finds for each slot the smallest number that lies in it.
var slotTags = sync.OnceValue(func() []uint32 {
	tags, found := make([]uint32, slots), 0
	for n := uint32(1); found < slots; n++ {
		if slot := Slot(strconv.FormatUint(uint64(n), tagBase)); tags[slot] == 0 {
			tags[slot], found = n, found+1
		}
	}
	return tags
})

// note is what stands in a marker: the number of the last transaction, and how
// many commands were complete with it and those before it that stood there.
type note struct{ number, commands int64 }

func (n note) String() string {
	return strconv.FormatInt(n.number, 10) + " " + strconv.FormatInt(n.commands, 10)
}

// readNote reads a marker. Nothing reads as no transaction.
func readNote(text string) (n note) {
	number, commands, _ := strings.Cut(text, " ")
	n.number, _ = strconv.ParseInt(number, 10, 64)
	n.commands, _ = strconv.ParseInt(commands, 10, 64)
	return n
}

// markers is what Redis has confirmed, by the place. Several transactions of a
// Cluster come at once.
type markers struct {
	mu    sync.Mutex
	off   bool // nothing is noted
	noted map[place]note
}

func (m *markers) on() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.off
}

func (m *markers) turnOff() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.off = true
}

func (m *markers) at(p place) note {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.noted[p]
}

func (m *markers) confirm(p place, n note) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.noted == nil {
		m.noted = make(map[place]note)
	}
	m.noted[p] = n
}

// places answers all, by database.
func (m *markers) places() map[int][]place {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make(map[int][]place)
	for p := range m.noted {
		all[p.db] = append(all[p.db], p)
	}
	return all
}

func (m *markers) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.noted = nil
}

// mark settles where a transaction of a batch notes its number, if it does: not
// where nothing is to be done, nor if a run begins with a single command, which is
// told by what its keys hold.
func (r *run) mark(b *batch, u *unit) (err error) {
	if !r.markers.on() || r.full.Load() || u.idle() || b.single() && u.number == r.first {
		return nil
	}
	u.marked = true
	u.marker, err = r.placeOf(b.db, u.names[0])
	return err
}

// noteOf answers what a transaction is to note, which comes next in its place.
func (r *run) noteOf(u *unit) note {
	return note{u.number, r.markers.at(u.marker).commands + commandsOf(u.steps)}
}

// single reports whether a batch is a single command.
func (b *batch) single() bool {
	return len(b.units) == 1 && len(b.units[0].commands) == 1
}

// setMarker is the command that notes a transaction's number, and answers what
// stood there before.
func (u *unit) setMarker() []string {
	return []string{"SET", u.marker.key, u.note.String(), "PX", strconv.FormatInt(markerLasts.Milliseconds(), 10), "GET"}
}

// noted takes in that a transaction has noted its number, and what was answered
// to that. The one that stood there before has to be the last that was made;
// otherwise that is gone, or the transaction itself went to a server that had been
// replaced, and is made anew by the one that took over.
func (r *run) noted(ctx context.Context, b *batch, u *unit, answer []byte) error {
	if _, failed := isError(answer); failed {
		r.markers.turnOff() // the server is full, and took the rest as a script
		return nil
	}
	before, _ := bulk(answer)
	err := r.lacking(u.marker, readNote(string(before)))
	if err != nil && r.wentAstray(ctx, b.db, u) {
		u.outcome = conflicted
		return nil
	}
	r.markers.confirm(u.marker, u.note)
	return err
}

// wentAstray reports whether another server is the one now, and has all that was
// noted before a transaction, but not the transaction. A server that is still the one
// has lost something, and keeps its other connections: what is being made on them
// would lose its replies.
func (r *run) wentAstray(ctx context.Context, db int, u *unit) bool {
	former := u.session
	server := former.server
	r.leaveAlone(ctx, db, u)
	if err := r.connect(ctx, db, u); err != nil {
		return false
	}
	is, err := u.session.marker(ctx, u.marker)
	if err == nil && server != "" && u.session.server == server {
		return false
	}
	r.sessions.cut(former)
	return err == nil && r.lacking(u.marker, is) == nil && is.number < u.number
}

// lacking answers an *UndoneError if a place lacks transactions that were noted
// there, by what stands there now.
func (e *Engine) lacking(at place, is note) error {
	if was := e.markers.at(at); is.number < was.number {
		return &UndoneError{Commands: was.commands - is.commands}
	}
	return nil
}

// unmark takes the markers away, soon or never: they end by themselves. An
// *UndoneError says that they were not what they should have been. Where there
// are replicas it waits so long for one that takes over.
func (e *Engine) unmark(within time.Duration) error {
	if !e.replicated {
		within = min(within, time.Second)
	}
	ctx, cancel := context.WithTimeout(e.work, within)
	defer cancel()
	lost := int64(0)
	for db, places := range e.markers.places() {
		for part := range slices.Chunk(places, markersAtOnce) {
			lost += e.unmarkSome(ctx, db, part)
		}
	}
	e.markers.forget()
	if lost > 0 {
		return &UndoneError{Commands: lost}
	}
	return nil
}

// markersAtOnce bounds how many markers are asked for in one go.
const markersAtOnce = 500

// replacedAnswers is for how long a server that was replaced may still be asked in
// the place of the one that took over.
const replacedAnswers = 3 * time.Second

// unmarkSome counts the commands that some places of a database lack. It asks
// before it takes anything away: a call that is made once more would find
// nothing. Where there are replicas, what seems to be lacking is asked for again.
func (e *Engine) unmarkSome(ctx context.Context, db int, places []place) (lost int64) {
	client, err := e.Client(db)
	if err != nil {
		return 0
	}
	lost, err = e.lackingAt(ctx, client, places)
	for begin := time.Now(); e.replicated && ctx.Err() == nil && (passing(err) || lost > 0 && time.Since(begin) < replacedAnswers); {
		_ = clock.Sleep(ctx, 100*time.Millisecond)
		lost, err = e.lackingAt(ctx, client, places)
	}
	_, _ = client.Pipelined(ctx, func(p redis.Pipeliner) error { // what stays ends by itself
		for _, at := range places {
			p.Unlink(ctx, at.key)
		}
		return nil
	})
	return lost
}

// lackingAt asks how many commands places lack, of those that answer; the error
// is the first of any of them.
func (e *Engine) lackingAt(ctx context.Context, client redis.UniversalClient, places []place) (lost int64, err error) {
	found, err := notesAt(ctx, client, places)
	for i, at := range places {
		if err := found[i].Err(); err == nil || errors.Is(err, redis.Nil) {
			lost += undoneBy(e.lacking(at, readNote(found[i].Val())))
		}
	}
	return lost, err
}

// notesAt asks what stands in places; the error is the first of any of them.
func notesAt(ctx context.Context, client redis.UniversalClient, places []place) ([]*redis.StringCmd, error) {
	found := make([]*redis.StringCmd, len(places))
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, at := range places {
			found[i] = p.Get(ctx, at.key)
		}
		return nil
	})
	return found, err
}

// clear takes the markers of a Cluster away before a step that may take all keys
// away: elsewhere it spares the one that there is.
func (r *run) clear(db int) error {
	client, err := r.Client(db)
	if err != nil || !isCluster(client) {
		return err
	}
	return r.unmark(r.Patience)
}
