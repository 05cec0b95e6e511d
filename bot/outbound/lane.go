package outbound

import (
	"errors"
	"slices"
	"time"
)

// ticket is a request that waits, or is under way.
type ticket struct {
	Request
	where       // what it belongs to
	rank   Rank // its own, or that of what waits for it
	asked  time.Time
	turn   chan struct{} // holds one: it may be sent, or is superseded
	bucket *bucket       // that it flies in

	attempt   int
	notBefore time.Time
	flewAt    time.Time
	flying    bool
	outdated  bool // superseded while it flew
	state     outcome
}

func newTicket(r Request) *ticket {
	return &ticket{Request: r, where: whereOf(r), rank: r.Rank, asked: time.Now(), turn: make(chan struct{}, 1)}
}

// lane is what waits, or is under way, for one channel, guild or interaction: in
// the order in which it came.
type lane struct {
	key     string
	tickets []*ticket
}

// Bounds of what may wait.
const (
	maxPerLane = 200
	maxWaiting = 2000
	maxBytes   = 256 << 20
	maxFlying  = 64
)

// ErrFull says that there is no room for a further request.
var ErrFull = errors.New("too much is waiting to be sent already")

func (q *Queue) lane(key string) *lane {
	l := q.lanes[key]
	if l == nil {
		l = &lane{key: key}
		q.lanes[key] = l
		q.turns = append(q.turns, l)
	}
	return l
}

func (q *Queue) hasRoom(l *lane, t *ticket) bool {
	return len(l.tickets) < t.rank.share(maxPerLane) &&
		q.held < t.rank.share(maxWaiting) &&
		q.bytes+len(t.Body) <= t.rank.share(maxBytes)
}

// supersededBy answers the tickets that a later one makes needless.
func (l *lane) supersededBy(t *ticket) []*ticket {
	if !t.Supersedes {
		return nil
	}
	var old []*ticket
	for _, other := range l.tickets {
		if other.Supersedes && other.Method == t.Method && other.Path == t.Path {
			old = append(old, other)
		}
	}
	return old
}

// add puts a ticket last. Those that it has to wait for become as urgent as it.
func (l *lane) add(t *ticket) {
	for _, other := range l.tickets {
		if t.follows(other) {
			other.rank = other.rank.orHigher(t.rank)
		}
	}
	l.tickets = append(l.tickets, t)
}

// follows reports whether a ticket has to wait until an earlier one is done.
func (t *ticket) follows(earlier *ticket) bool { return t.order != "" && t.order == earlier.order }

// remove takes a ticket out of its lane.
func (q *Queue) remove(t *ticket) {
	l := q.lanes[t.lane]
	l.tickets = slices.DeleteFunc(l.tickets, func(o *ticket) bool { return o == t })
	q.held--
	q.bytes -= len(t.Body)
	q.leaveIfEmpty(l)
}

func (q *Queue) leaveIfEmpty(l *lane) {
	if len(l.tickets) > 0 {
		return
	}
	delete(q.lanes, l.key)
	q.turns = slices.DeleteFunc(q.turns, func(o *lane) bool { return o == l })
}
