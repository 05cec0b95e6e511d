package keyspace

import (
	"context"
	"sync"
	"time"

	"github.com/helix-collective/helix/clock"
)

// load is what one run gives one server to do, by its scan and by its changes
// together. Both have a connection of their own, so the server always has the
// next call at hand; that it does one after the other has to be taken into
// account where it is measured how long it works on each.
type load struct {
	mu   sync.Mutex
	done time.Time // when it had last done something for this run
	free time.Time // when it may be given more to do
}

// took answers how long a call took that was sent then and has just been
// answered, without the time in which the server was still at another call of
// this run. way is the way there and back.
func (l *load) took(sent time.Time, way time.Duration) time.Duration {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	begun := sent
	if other := l.done.Add(-way); other.After(sent) {
		begun = other
	}
	l.done = now
	return now.Sub(begun)
}

// book notes work that has just been done and the rest that is due for it. Two
// rests never run at the same time, nor does a rest while the server works.
func (l *load) book(work, rest time.Duration) {
	if rest <= 0 {
		return
	}
	begun := time.Now().Add(-work)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free.After(begun) {
		begun = l.free
	}
	l.free = begun.Add(work + rest)
}

// wait leaves the server the rest that is due.
func (l *load) wait(ctx context.Context) error {
	l.mu.Lock()
	left := time.Until(l.free)
	l.mu.Unlock()
	return clock.Sleep(ctx, left)
}

// loads holds the load of each server.
type loads struct {
	mu  sync.Mutex
	all map[string]*load // by address

	shared bool // by a scan and the changes beside it
}

func newLoads(shared bool) *loads { return &loads{all: make(map[string]*load), shared: shared} }

func (l *loads) of(addr string) *load {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all[addr] == nil {
		l.all[addr] = &load{}
	}
	return l.all[addr]
}
