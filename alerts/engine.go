package alerts

import (
	"context"
	"crypto/rand"
	"io"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

// Prober takes measurements. A Redis that does not answer is a measurement,
// too; the error is that of a ctx that ended.
type Prober interface {
	Probe(ctx context.Context) (sample.Sample, error)
}

// Options are what an Engine works with. Client and Settings are needed always,
// Prober and Notifier by Run alone: without Run the Engine reads and changes
// what a running one, of another process perhaps, has saved.
type Options struct {
	Client   redis.UniversalClient
	Settings interface{ Snapshot() *settings.Snapshot }
	Prober   Prober
	Notifier Notifier
	Log      *zap.Logger
	Fence    func() Fence     // proves the right to speak; nil: there is nothing to prove
	Now      func() time.Time // nil: time.Now
	Random   io.Reader        // for ids; nil: crypto/rand

	// Past answers what was measured of Remembered values so far back, the oldest
	// first, by the clock that samples are by. It is asked when a run begins; nil:
	// nothing is known.
	Past func(ctx context.Context, back time.Duration) ([]sample.Sample, error)
}

// Engine watches Redis and keeps the incidents. Its methods may be called from
// several goroutines.
type Engine struct {
	options Options
	store   store

	// turn is held by whoever reads or writes Redis, so that what is saved is
	// saved in order.
	turn chan struct{}
	wake chan struct{} // there may be something to deliver

	mu       sync.Mutex
	book     *book
	window   Window
	rules    []Rule
	rulesOf  *settings.Snapshot // that the rules are for
	verdicts map[string]Verdict
	last     time.Time // of the evaluation before
	marks    [2]string // of Redis, as of the last look
	running  bool
	away     bool // Redis did not answer the last time
	barred   bool // somebody else speaks
	adopted  bool // what is shown already is known

	retries map[string]retry // by id

	recalled bool // the window holds what was measured before; of evaluate alone
}

// New answers an Engine; Run makes it watch. The error is that of alerts.rules
// that cannot be read in what the process starts with. Live ones, which another
// release may have taken, are left out and logged.
func New(o Options) (*Engine, error) {
	s := o.Settings.Snapshot()
	if err := Check(context.Background(), nil, s); err != nil && s.Source(string(settings.AlertsRules)) != settings.FromLive {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return &Engine{
		options: o, store: newStore(o.Client),
		turn: make(chan struct{}, 1), wake: make(chan struct{}, 1),
		book: newBook(), verdicts: make(map[string]Verdict),
		retries: make(map[string]retry),
	}, nil
}

// Run watches and delivers until ctx ends, whose error it answers. Only one
// Engine on one Redis may run at a time; see Options.Fence.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	e.running, e.adopted = true, false
	e.last, e.book.waiting, e.retries = time.Time{}, make(map[string]Incident), make(map[string]retry)
	e.mu.Unlock()
	e.recalled = false
	defer func() {
		e.mu.Lock()
		e.running = false
		e.mu.Unlock()
	}()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return e.watch(ctx) })
	g.Go(func() error { return e.send(ctx) })
	return g.Wait()
}

// slice is how long a change of alerts.interval may go unnoticed.
const slice = 5 * time.Second

// watch evaluates every alerts.interval.
func (e *Engine) watch(ctx context.Context) error {
	for {
		began := time.Now()
		if err := e.evaluate(ctx); err != nil {
			return err
		}
		for {
			left := e.options.Settings.Snapshot().Duration(settings.AlertsInterval) - time.Since(began)
			if left <= 0 {
				break
			}
			if err := clock.Sleep(ctx, min(left, slice)); err != nil {
				return err
			}
		}
	}
}

// stir makes the deliverer look.
func (e *Engine) stir() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *Engine) takeTurn(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (e *Engine) giveTurn() { <-e.turn }
