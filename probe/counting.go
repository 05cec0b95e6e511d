package probe

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/helix-collective/helix/sessions"
)

const (
	// spared is how many times as long as a census takes the servers they are left
	// alone before the next: two thirds of a per cent of one core.
	spared = 150
	// censusShare is how many per cent of a server's time a census may take while
	// it goes on.
	censusShare = 10
	// patience is how long a probe waits for a census that is due, which is enough
	// for some thousand sessions. A longer one is for the next probe.
	patience = 300 * time.Millisecond
	// afterFailure is how long nothing is counted after that went wrong.
	afterFailure = time.Minute
)

// counting counts the sessions, as seldom as it has to.
type counting struct {
	store    *sessions.Store
	failed   func(error)
	patience time.Duration
	running  atomic.Bool
	wanted   chan chan struct{} // to be closed when the census is over
	retry    time.Time          // of run alone
}

func newCounting(store *sessions.Store, failed func(error)) *counting {
	return &counting{store: store, failed: failed, patience: patience, wanted: make(chan chan struct{})}
}

// run takes a census whenever one is wanted, until ctx ends.
func (c *counting) run(ctx context.Context) {
	c.running.Store(true)
	defer c.running.Store(false)
	for {
		select {
		case <-ctx.Done():
			return
		case over := <-c.wanted:
			c.count(ctx)
			close(over)
		}
	}
}

func (c *counting) count(ctx context.Context) {
	if time.Now().Before(c.retry) {
		return
	}
	_, err := c.store.TakeCensus(ctx, censusShare)
	if err == nil || ctx.Err() != nil || errors.Is(err, sessions.ErrCounting) {
		return
	}
	c.retry = time.Now().Add(afterFailure)
	c.failed(err)
}

// latest answers the last census that anybody has taken, and has one taken if
// that is due, with so many keys as there are now; negative: it is not known. ok is
// false where there is none.
func (c *counting) latest(ctx context.Context, now time.Time, keys float64) (last sessions.Census, ok bool, err error) {
	last, ok, err = c.store.LastCensus(ctx)
	if err != nil || ok && !due(last, now, keys) || !c.take(ctx) {
		return last, ok, err
	}
	return c.store.LastCensus(ctx)
}

// due reports whether the servers have been spared for long enough after a census
// for the next one, which takes less where there are fewer keys.
func due(last sessions.Census, now time.Time, keys float64) bool {
	age, spare := now.Sub(last.At), spared*last.Server
	if keys >= 0 && keys < float64(last.Keys) {
		spare = time.Duration(float64(spare) * keys / float64(last.Keys))
	}
	return age >= spare || age < -time.Minute // that is another clock's
}

// take has a census taken, and answers whether it is over already.
func (c *counting) take(ctx context.Context) bool {
	if !c.running.Load() {
		return false
	}
	soon := time.NewTimer(c.patience)
	defer soon.Stop()
	over := make(chan struct{})
	select {
	case c.wanted <- over:
	case <-soon.C: // one goes on
		return false
	case <-ctx.Done():
		return false
	}
	select {
	case <-over:
		return true
	case <-soon.C:
		return false
	case <-ctx.Done():
		return false
	}
}
