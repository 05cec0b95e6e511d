package probe

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/helix-collective/helix/keyspace"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

const (
	// lookEvery is how often it is looked whether the servers tell of new keys.
	lookEvery = 10 * time.Second
	// tooMany is how long a server is not listened to that tells of too many.
	tooMany = 10 * time.Minute
)

// events hears of new sessions where the servers tell of new keys (Redis 7 and
// later, where notify-keyspace-events has E and n). It never has them tell.
type events struct {
	client redis.UniversalClient
	new    atomic.Int64
	gaps   atomic.Int64 // how many times something may have been missed
	deaf   atomic.Bool  // nobody is listened to

	taken, gapsTaken int64 // of take alone
}

func newEvents(client redis.UniversalClient) *events {
	e := &events{client: client}
	e.deaf.Store(true)
	return e
}

// take answers how many sessions are new since it was called before; whole is
// false where some may have been missed.
func (e *events) take() (n int64, whole bool) {
	gaps, all := e.gaps.Load(), e.new.Load()
	n, whole = all-e.taken, gaps == e.gapsTaken && !e.deaf.Load()
	e.taken, e.gapsTaken = all, gaps
	return n, whole
}

// run listens whenever the servers tell, until ctx ends.
func (e *events) run(ctx context.Context) {
	for ctx.Err() == nil {
		rest := lookEvery
		if masters := e.telling(ctx); len(masters) > 0 {
			if errors.Is(e.listen(ctx, masters), errTooMany) {
				rest = tooMany
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
}

// telling answers the masters, if all of them tell of new keys.
func (e *events) telling(ctx context.Context) []*redis.Client {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	masters, err := mastersOf(ctx, e.client)
	for _, m := range masters {
		flags := m.ConfigGet(ctx, "notify-keyspace-events").Val()["notify-keyspace-events"]
		if !strings.Contains(flags, "E") || !strings.Contains(flags, "n") {
			return nil
		}
	}
	if err != nil {
		return nil
	}
	return masters
}

func mastersOf(ctx context.Context, client redis.UniversalClient) ([]*redis.Client, error) {
	cluster, ok := client.(*redis.ClusterClient)
	if !ok {
		return []*redis.Client{client.(*redis.Client)}, nil
	}
	return keyspace.Masters(ctx, cluster)
}

// listen listens to some masters until one of them is lost, no longer tells, or
// is one no more.
func (e *events) listen(ctx context.Context, masters []*redis.Client) error {
	group, ctx := errgroup.WithContext(ctx)
	var ready sync.WaitGroup
	ready.Add(len(masters))
	for _, m := range masters {
		group.Go(func() error { return e.hear(ctx, m, ready.Done) })
	}
	group.Go(func() error {
		ready.Wait()
		e.gaps.Add(1)
		e.deaf.Store(ctx.Err() != nil)
		return e.watch(ctx, masters)
	})
	err := group.Wait()
	e.deaf.Store(true)
	return err
}

var errOthers = errors.New("other servers tell of new keys, or none")

// watch answers when it is no longer the same masters that tell of new keys.
func (e *events) watch(ctx context.Context, masters []*redis.Client) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		now := e.telling(ctx)
		for _, m := range masters {
			if !slices.Contains(now, m) {
				return errOthers
			}
		}
		if len(now) != len(masters) {
			return errOthers
		}
	}
}
