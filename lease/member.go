package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// Options are what a Member works with. Client, Self and Log are needed.
type Options struct {
	Client redis.UniversalClient
	Self   Instance
	// Application is whose right it is: a bot of another application is told to
	// keep out. Empty: it is not known, and nobody is kept out.
	Application string
	Log         *zap.Logger
}

// Member is one instance among those on the same Redis. Its methods may be called
// from several goroutines; Run only once at a time.
type Member struct {
	options Options
	ledger  ledger

	mu      sync.Mutex
	right   right
	holder  Instance  // as of the last answer
	since   time.Time // Redis has lost nothing, as of the last renewal
	refused int       // attempts that failed in a row
}

// New returns a Member, which holds nothing and is in no list before Run.
func New(o Options) *Member {
	return &Member{options: o, ledger: newLedger(o.Client), right: newRight(time.Now())}
}

// Why what is done with the right ends, and what is refused without it.
var (
	// ErrLost is the cause of a context that ended because the right is somebody
	// else's.
	ErrLost = errors.New("another instance of Helix speaks now")
	// ErrSilent says that something was not done because the right does not stand.
	ErrSilent = errors.New("this instance of Helix has no right to speak now")
)

// ForeignError says that a bot of another application uses this Redis.
type ForeignError struct {
	Application string        // theirs
	Wait        time.Duration // until they are taken to be gone, if nothing more is heard of them
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("another bot, of the Discord application %s, uses this Redis already. Two bots cannot share it: give this one a Redis, or a database, of its own. "+
		"If the other one is gone for good, start this one again in %s", e.Application, e.Wait.Round(time.Minute)+time.Minute)
}

// Holds reports whether the right stands at this moment. Whoever speaks asks right
// before.
func (m *Member) Holds() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.right.stands(time.Now())
}

// Fence answers the key and the value that prove the right in Redis. Where the
// right is without a token, the value is one that the key never has.
func (m *Member) Fence() (key, value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.right.value == "" {
		return leaseKey, "none"
	}
	return leaseKey, m.right.value
}

// Holder answers who held the right as of the last answer of Redis; ok is false
// where nobody did.
func (m *Member) Holder() (in Instance, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.holder, m.holder.ID != ""
}

// Since answers from when on what was claimed is known in Redis, by its clock: it
// has lost nothing since. It is zero for whoever has not held a right with a token.
func (m *Member) Since() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since
}

// Self answers what the instance tells of itself.
func (m *Member) Self() Instance { return m.options.Self }

// Run keeps the instance in the list until ctx ends. Whenever it has the right it
// runs speak, whose context ends with cause [ErrLost] as soon as the right is lost,
// and in order when ctx ends: then the right is kept until speak has ended, and
// given back. What speak is given must be what it asks Redis with, see [Gate]. The
// error is speak's, or a *ForeignError.
func (m *Member) Run(ctx context.Context, speak func(context.Context) error) error {
	beats, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	s := &speech{member: m, speak: speak}
	var err error
	for err == nil && !s.over(ctx) {
		var wait time.Duration
		if wait, err = m.beat(beats, s); err != nil {
			break
		}
		if m.Holds() && s.ended == nil && ctx.Err() == nil {
			s.begin(ctx)
		}
		err = s.await(ctx, wait)
	}
	s.end(ErrLost)
	return errors.Join(err, s.wait(), m.leave(ctx))
}

// beat makes one attempt, and answers when to make the next.
func (m *Member) beat(ctx context.Context, s *speech) (time.Duration, error) {
	began := time.Now()
	m.mu.Lock()
	r := m.right
	m.mu.Unlock()
	want := r.wants(began)
	if !m.options.Self.Speaks || s.ended != nil && s.lost {
		want = wantNone
	}
	asking, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	a, err := m.ledger.ask(asking, m.options.Self, want, r.value, r.seen, m.options.Application)
	if err != nil {
		m.unanswered(began, err)
		return renewEvery, nil
	}
	if a.word == foreign {
		return 0, &ForeignError{a.value, a.left}
	}
	return m.answered(began, a, s), nil
}

func (m *Member) answered(began time.Time, a answer, s *speech) (wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, lost := m.right.value, false
	m.right, lost = m.right.answered(began, a)
	_, m.holder = splitValue(a.value)
	m.refused = 0
	switch {
	case lost:
		m.options.Log.Warn("the right to speak is lost", zap.String("holder", m.holder.Host), zap.String("id", m.holder.ID))
		s.end(ErrLost)
	case before == "" && m.right.value != "":
		token, _ := splitValue(a.value)
		m.options.Log.Info("this instance speaks now", zap.Int64("token", token))
	}
	switch {
	case a.word == mine:
		m.since = a.since
		return renewEvery
	case a.word == other && a.left >= 0:
		return min(lookEvery, a.left+time.Millisecond)
	}
	return lookEvery
}

// unanswered notes that Redis did not say who speaks.
func (m *Member) unanswered(began time.Time, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stood := m.right.stands(began)
	m.right = m.right.unanswered(began, time.Now())
	if m.refused++; m.refused == 1 {
		m.options.Log.Warn("who speaks is kept in Redis, which does not answer", zap.Bool("speaks", stood), zap.Error(err))
	}
}

// leave gives back what is held and leaves the list. That an instance is gone is
// noticed all the same.
func (m *Member) leave(ctx context.Context) error {
	m.mu.Lock()
	held := m.right.value
	m.right.value, m.right.until = "", time.Time{}
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askWithin)
	defer cancel()
	if err := m.ledger.giveBack(ctx, m.options.Self.ID, held); err != nil {
		m.options.Log.Warn("the others are not told that this instance ends", zap.Error(err))
	}
	return nil
}
