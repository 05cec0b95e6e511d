package settings

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/replicas"
	"github.com/helix-collective/helix/script"
)

// Live holds the values in force: the base ones, and over them the live ones
// that all instances share through Redis. Its methods may be called from
// several goroutines. Reading never waits for Redis.
type Live struct {
	base   *Base
	client redis.UniversalClient // nil: there are base values only

	commitScript, policyScript, logScript *script.Script

	current atomic.Pointer[state]
	trouble atomic.Pointer[troubled]

	// diverged says what a failover has lost.
	diverged atomic.Pointer[string]

	// lost says that Redis had lost the live values, and nobody has asked since.
	lost atomic.Bool

	replicas replicas.Lately // of the server that holds the record

	// turn is held by the one change of this process that is under way, so
	// that they do not make each other try again.
	turn chan struct{}

	// applying is held while Redis is asked for its record and what it answers
	// is put in force: an answer that is older than what is in force would
	// otherwise look like a store that has lost something.
	applying  sync.Mutex
	loaded    bool  // a record has been read since the start
	policyDue bool  // the policy in Redis may not be the one in force
	fields    int64 // of the record in Redis, when it was read last
	polls     int   // since all was read

	subscribing sync.Mutex
	subscribers []*Subscriber
}

type troubled struct{ err error }

// Subscriber takes part in changes. Either function may be nil. Both may read
// settings, neither may change any.
type Subscriber struct {
	// Check may refuse a change that is asked for here, before it is stored.
	// Its error is what the person reads. It may be asked again when another
	// instance was faster.
	Check func(ctx context.Context, old, new *Snapshot) error

	// Changed is told of each change after it is in force, also of those made
	// elsewhere, one after the other and in order. It has to be quick.
	Changed func(old, new *Snapshot)
}

// Open answers the values in force, read from Redis once; Run keeps them up to
// date. With a nil client there are base values only, and every change is
// refused. Open does not fail when Redis is away: the base values are in force
// until it is back, and Trouble says so.
func Open(ctx context.Context, client redis.UniversalClient, base *Base) *Live {
	l := &Live{
		base: base, client: client,
		commitScript: script.New(commitSource), policyScript: script.New(policySource), logScript: script.New(logSource),
		turn:      make(chan struct{}, 1),
		policyDue: true,
	}
	l.replicas.Watched = isWatched(client)
	l.current.Store(newState(base.snapshot, decodeRecord(nil)))
	if client != nil {
		_ = l.synchronize(ctx) // Trouble keeps the error
	}
	return l
}

// Snapshot answers the values in force now.
func (l *Live) Snapshot() *Snapshot { return l.current.Load().snapshot }

// Base answers the values below the live ones.
func (l *Live) Base() *Base { return l.base }

// Trouble answers why settings cannot be changed now: an *Unavailable or a
// *ReadOnlyError; nil if they can.
func (l *Live) Trouble() error {
	if l.client == nil {
		return &Unavailable{}
	}
	if t := l.trouble.Load(); t != nil {
		return t.err
	}
	return l.current.Load().writable()
}

func (s *state) writable() error {
	if s.record.readOnly() {
		return &ReadOnlyError{Schema: s.record.schema}
	}
	return nil
}

// Heal reports whether Redis had lost the live values since it was called last. Run
// stores them again by itself.
func (l *Live) Heal(context.Context) (lost bool, err error) { return l.lost.Swap(false), nil }

// Warnings answers what looks wrong but stops nothing, one sentence each: live
// values that are kept but not used, and changes that a failover has lost.
func (l *Live) Warnings() []string {
	warnings := append(l.base.Warnings(), l.current.Load().warnings()...)
	if d := l.diverged.Load(); d != nil {
		warnings = append(warnings, *d)
	}
	return warnings
}

// Subscribe makes s take part in changes until cancel is called.
func (l *Live) Subscribe(s Subscriber) (cancel func()) {
	l.subscribing.Lock()
	defer l.subscribing.Unlock()
	mine := &s
	l.subscribers = append(l.subscribers, mine)
	return func() {
		l.subscribing.Lock()
		defer l.subscribing.Unlock()
		l.subscribers = slices.DeleteFunc(l.subscribers, func(o *Subscriber) bool { return o == mine })
	}
}

func (l *Live) everySubscriber() []*Subscriber {
	l.subscribing.Lock()
	defer l.subscribing.Unlock()
	return slices.Clone(l.subscribers)
}

// install puts a state in force and tells the subscribers. The caller holds
// applying.
func (l *Live) install(next *state) {
	old := l.current.Swap(next)
	for _, s := range l.everySubscriber() {
		if s.Changed != nil {
			s.Changed(old.snapshot, next.snapshot)
		}
	}
}
