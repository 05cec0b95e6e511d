package bot

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/helix-collective/helix/clock"
	"go.uber.org/zap"
)

// startLimit is what GET /gateway/bot answers.
type startLimit struct {
	Shards int `json:"shards"` // that Discord recommends
	Limit  *struct {
		Remaining   int     `json:"remaining"`
		ResetAfter  float64 `json:"reset_after"` // milliseconds
		Concurrency int     `json:"max_concurrency"`
	} `json:"session_start_limit"` // nil where starts are not counted
}

// startLimit asks how many starts are left. Servers compatible with Discord
// may not count them, and not know the route.
func (b *Bot) startLimit(ctx context.Context) (startLimit, error) {
	var limit startLimit
	err := b.rest.do(ctx, call{method: http.MethodGet, path: "/gateway/bot"}, &limit)
	if hasStatus(err, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented) {
		return startLimit{}, nil
	}
	if err != nil {
		return startLimit{}, fmt.Errorf("ask for the gateway: %w", err)
	}
	return limit, nil
}

// starts lets the shards' sessions start one after another, so that two never
// take the last start of a day, and those of one bucket no sooner than Discord
// allows.
type starts struct {
	door chan struct{}     // held while a session starts
	next map[int]time.Time // by bucket; guarded by door
}

func newStarts() starts {
	return starts{door: make(chan struct{}, 1), next: make(map[int]time.Time)}
}

// takeStart waits until a shard may start a session. begun is to be called once
// the session has started, or failed to.
func (b *Bot) takeStart(ctx context.Context, s *shard) (begun func(), err error) {
	select {
	case b.starts.door <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	limit, err := b.awaitStart(ctx)
	bucket := limit.bucket(s)
	if err == nil {
		err = clock.Sleep(ctx, time.Until(b.starts.next[bucket]))
	}
	if err != nil {
		<-b.starts.door
		return nil, err
	}
	return func() {
		b.starts.next[bucket] = time.Now().Add(b.options.Timing.Identify)
		<-b.starts.door
	}, nil
}

// awaitStart waits until Discord allows another start: it counts them by day.
func (b *Bot) awaitStart(ctx context.Context) (startLimit, error) {
	for {
		limit, err := b.startLimit(ctx)
		if err != nil || limit.Limit == nil || limit.Limit.Remaining > 0 {
			return limit, err
		}
		wait := max(time.Duration(limit.Limit.ResetAfter)*time.Millisecond, b.options.Timing.Backoff)
		b.log.Error("Discord allows no further connection for now; waiting", zap.Duration("for", wait))
		if err := clock.Sleep(ctx, wait); err != nil {
			return limit, err
		}
	}
}

// bucket answers which shards a shard shares its pace of starts with.
func (l startLimit) bucket(s *shard) int {
	if l.Limit == nil {
		return 0
	}
	return s.id % max(l.Limit.Concurrency, 1)
}
