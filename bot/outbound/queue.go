// Package outbound is the one way out to Discord's REST interface: it decides
// when each request may go, and whether one that failed goes again. It keeps to
// Discord's limits, lets the urgent go first, is fair between channels, and
// keeps the order of what is said in one place. It never changes or logs what a
// request says, never gives one up without telling its caller, and never holds
// one for longer than its context lasts. It starts no goroutines: requests are
// sent by those who wait for them.
package outbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Options is what a Queue works with. Send is needed.
type Options struct {
	// Send carries a request out, once and without waiting for any limit.
	Send func(context.Context, Request) (*http.Response, error)
	// PerSecond is how many requests of all kinds may go in a second. 0 leaves
	// them unlimited until an answer speaks of the global limit: a proxy before
	// Discord may do that pacing itself.
	PerSecond int
	// Pause is about the wait after the first failed attempt at a request; the
	// later ones are longer. 0 means 200 ms.
	Pause time.Duration
	// Log is told of what holds everything up; nil is told nothing.
	Log *zap.Logger
}

// Queue holds the requests that wait for Discord. It is safe for concurrent use.
type Queue struct {
	send  func(context.Context, Request) (*http.Response, error)
	pause time.Duration
	log   *zap.Logger

	mu      sync.Mutex
	lanes   map[string]*lane
	turns   []*lane // the lanes in which something waits, the one served last at the end
	held    int     // tickets in all lanes
	bytes   int     // of their bodies
	flying  int
	pace    pace
	buckets buckets
	stops   stops
	invalid invalid
	wake    *time.Timer // nil unless it is set
	counts  Stats
}

// New returns an empty queue.
func New(o Options) *Queue {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return &Queue{
		send: o.Send, pause: cmp.Or(o.Pause, firstPause), log: o.Log, lanes: make(map[string]*lane),
		pace: newPace(o.PerSecond), buckets: newBuckets(), counts: newStats(),
	}
}

// ErrTooLate says that Discord did not take a request within its time.
var ErrTooLate = errors.New("it was not taken by Discord in time")

// Do sends a request when its turn has come, and again where it failed and may
// be repeated. It answers what Discord said last, a refusal or a failure of
// Discord's too; a request that a later one made needless is answered at once,
// with Superseded. The error is ErrFull, ErrTooLate, why ctx ended, or that no
// attempt was answered.
func (q *Queue) Do(ctx context.Context, r Request) (*Response, error) {
	if r.Within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, r.Within, ErrTooLate)
		defer cancel()
	}
	t := newTicket(r)
	if err := q.enter(t); err != nil {
		return nil, err
	}
	for {
		select {
		case <-t.turn:
		case <-ctx.Done():
			q.abandon(t)
			return nil, fmt.Errorf("wait for Discord: %w", context.Cause(ctx))
		}
		if q.isSuperseded(t) {
			return &Response{Superseded: true}, nil
		}
		resp, err := q.fly(ctx, t)
		switch q.settle(ctx, t, resp, err) {
		case done:
			return resp, err
		case superseded:
			return &Response{Superseded: true}, nil
		}
	}
}

// enter queues a ticket, in the place of what it supersedes.
func (q *Queue) enter(t *ticket) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.pump()
	l := q.lane(t.lane)
	if !q.hasRoom(l, t) {
		q.counts.GivenUp++
		q.leaveIfEmpty(l)
		return ErrFull
	}
	needless := l.supersededBy(t)
	for _, old := range needless {
		t.rank = old.rank.orHigher(t.rank)
	}
	l.add(t)
	q.held++
	q.bytes += len(t.Body)
	for _, old := range needless {
		q.supersede(old)
	}
	return nil
}

// supersede tells a ticket that it is needless; one that is under way learns it
// when that comes to nothing.
func (q *Queue) supersede(t *ticket) {
	if t.flying {
		t.outdated = true
		return
	}
	q.remove(t)
	q.counts.Superseded++
	t.state = superseded
	t.turn <- struct{}{}
}

// isSuperseded reports whether a ticket's turn was the word that it is needless.
func (q *Queue) isSuperseded(t *ticket) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return t.state == superseded
}

// abandon takes away a ticket whose caller no longer waits.
func (q *Queue) abandon(t *ticket) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.state == superseded {
		return
	}
	if t.flying { // its turn came just now
		q.land(t)
	}
	q.remove(t)
	q.counts.GivenUp++
	q.pump()
}

// fly sends a request once and reads the whole answer.
func (q *Queue) fly(ctx context.Context, t *ticket) (*Response, error) {
	flight, land := t.flight(ctx)
	defer land()
	resp, err := q.send(flight, t.Request)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	return read(resp, t.attempt), nil
}

// landWithin is how long a request may go on whose context has ended.
const landWithin = 2 * time.Second

// flight is the context of an attempt. What others supersede is not cut off at
// once: Discord would carry it out all the same, perhaps after what follows it.
func (t *ticket) flight(ctx context.Context) (flight context.Context, land func()) {
	if !t.Supersedes {
		return ctx, func() {}
	}
	flight, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(landWithin, cancel) })
	return flight, func() { stop(); cancel() }
}

// outcome is what becomes of a ticket.
type outcome int

const (
	waiting outcome = iota
	done
	superseded
)

// settle draws the conclusions from an attempt: what it tells of the limits, and
// whether the request is to go again.
func (q *Queue) settle(ctx context.Context, t *ticket, resp *Response, err error) outcome {
	q.mu.Lock()
	defer q.mu.Unlock()
	defer q.pump()
	now := time.Now()
	q.land(t)
	q.learn(t, resp, now)
	switch {
	case ctx.Err() != nil && err != nil:
		t.state = done
	case resp != nil && resp.Status == http.StatusTooManyRequests:
		t.attempt-- // waiting is no failure
	case t.failed(resp, err) && t.attempt < t.Attempts:
		t.notBefore = now.Add(q.pauseAfter(t.attempt))
		q.counts.Retried++
	default:
		t.state = done
	}
	if t.state == waiting && t.outdated {
		t.state = superseded
	}
	if t.state != waiting {
		q.remove(t)
		q.counts.end(t, resp, err, now)
	}
	return t.state
}
