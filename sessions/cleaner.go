package sessions

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// ErrCleaning says that a cleanup runs already, here or on another instance.
var ErrCleaning = errors.New("a cleanup of the sessions is running already")

// errLostLock ends a pass whose lock is no longer its own.
var errLostLock = errors.New("the lock was lost")

// How long the lock of a pass lasts that is not renewed, and how often it is.
const (
	lockLasts = 30 * time.Second
	lockRenew = 10 * time.Second
)

// The scripts of a lock: KEYS is its key, ARGV whose it is, and for how many ms. One
// that lasts for ever was put there by a foreign hand.
const (
	takeLua = `
if redis.call('TYPE', KEYS[1]).ok ~= 'string' or redis.call('PTTL', KEYS[1]) == -1 then redis.call('DEL', KEYS[1]) end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
`
	renewLua = `
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return 0 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`
	returnLua = `
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return 0 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('UNLINK', KEYS[1])
`
)

// lock keeps a pass over all sessions to one at a time.
type lock struct {
	key   string
	taken error // what another one's error is meanwhile
}

// alone does work while nobody else does, on whatever instance. The context of
// work ends when that can no longer be told.
func (s *Store) alone(ctx context.Context, l lock, work func(context.Context) error) error {
	owner := rand.Text()
	held, err := s.run.take.Run(ctx, s.client, []string{l.key}, owner, lockLasts.Milliseconds()).Bool()
	if err != nil {
		return fmt.Errorf("take the lock %s: %w", l.key, err)
	}
	if !held {
		return l.taken
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var group errgroup.Group
	group.Go(func() error {
		cancel(s.renew(ctx, l.key, owner))
		return nil
	})
	err = work(ctx)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errLostLock) {
		err = cause
	}
	cancel(nil)
	return errors.Join(err, group.Wait(), s.giveBack(ctx, l.key, owner))
}

// renew keeps the lock until ctx ends, and answers why it could not.
func (s *Store) renew(ctx context.Context, key, owner string) error {
	tick := time.NewTicker(lockRenew)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
		held, err := s.run.renew.Run(ctx, s.client, []string{key}, owner, lockLasts.Milliseconds()).Bool()
		if err != nil {
			return fmt.Errorf("%w: %w", errLostLock, err)
		}
		if !held {
			return errLostLock
		}
	}
}

// giveBack gives the lock back. Where that fails it ends by itself.
func (s *Store) giveBack(ctx context.Context, key, owner string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mendTime)
	defer cancel()
	if err := s.run.giveBack.Run(ctx, s.client, []string{key}, owner).Err(); err != nil {
		return fmt.Errorf("give back the lock %s: %w", key, err)
	}
	return nil
}

// Schedule says when Clean runs, asked about several times a second.
type Schedule struct {
	// Due answers whether there is to be a cleanup at all, and how long after the
	// last one, as redis.session_cleanup and its interval have it.
	Due func() (on bool, interval time.Duration)
	// Done is told of each pass of this instance; err is why it ended early.
	Done func(r Report, err error)
}

// look is how often Clean looks whether a pass is due.
const look = 250 * time.Millisecond

// Clean runs Cleanup whenever it is due, until ctx ends. Any number of instances
// may do so on one Redis: a pass counts for all of them.
func (s *Store) Clean(ctx context.Context, o Schedule) {
	tick := time.NewTicker(look)
	defer tick.Stop()
	var next time.Time // before that it need not be looked
	for {
		on, interval := o.Due()
		if now := time.Now(); on && (now.After(next) || next.After(now.Add(interval))) {
			next = now.Add(s.cleanIfDue(ctx, interval, o.Done))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// retry is how soon it is tried again after a pass that could not be.
const retry = 10 * time.Second

// cleanIfDue runs a pass if the last one, on any instance, is longer ago than
// interval. It answers how long nothing is to be done then.
func (s *Store) cleanIfDue(ctx context.Context, interval time.Duration, done func(Report, error)) time.Duration {
	last, err := s.Reports(ctx, 1)
	if err == nil && len(last) > 0 {
		now, failed := s.client.Time(ctx).Result()
		if left := last[0].At.Add(interval).Sub(now); failed == nil && left > 0 && left <= interval {
			return left
		}
	}
	report, err := s.Cleanup(ctx)
	switch {
	case errors.Is(err, ErrCleaning), ctx.Err() != nil:
		return min(retry, interval)
	case err != nil:
		done(report, err)
		return min(retry, interval)
	}
	done(report, nil)
	return interval
}
