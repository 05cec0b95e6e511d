package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/helix-collective/helix/clock"
	"github.com/redis/go-redis/v9"
)

// run is one run over steps.
type run struct {
	*Engine
	source *source
	done   func(Done) error
	made   int64
	first  int64               // the number of its first transaction
	begun  map[*sweep]struct{} // steps that are made in part

	doubtful *batch // that may be made after all; nil: there is none
}

// source hands out steps, those that were given back first.
type source struct {
	next func() (Step, bool, error)
	back []Step
	err  error
	over bool
}

func (s *source) take() (Step, bool, error) {
	if len(s.back) > 0 {
		step := s.back[0]
		s.back = s.back[1:]
		return step, true, nil
	}
	if s.over {
		return Step{}, false, s.err
	}
	step, ok, err := s.next()
	if !ok || err != nil {
		s.over, s.err = true, err
	}
	return step, ok && err == nil, err
}

func (s *source) giveBack(steps ...Step) { s.back = append(append([]Step(nil), steps...), s.back...) }

// all carries out batch after batch. While one is being made, what the keys of
// the next hold is asked for.
func (r *run) all(ctx, work context.Context) error {
	next := <-r.prepare(ctx, work)
	for {
		if next.err != nil || next.batch == nil {
			return next.err
		}
		b := next.batch
		var ahead <-chan prepared
		if !b.alone() {
			ahead = r.prepare(ctx, work)
		}
		if err := r.make(ctx, work, b); err != nil {
			if ahead != nil {
				r.abandon(<-ahead)
			}
			return err
		}
		if ahead == nil {
			ahead = r.prepare(ctx, work)
		}
		next = <-ahead
	}
}

// make makes a batch, of whatever kind.
func (r *run) make(ctx, work context.Context, b *batch) error {
	if b.apart() {
		return r.apart(work, b.steps[0])
	}
	r.doubtful = nil
	return r.unsettled(r.carryOut(ctx, work, b))
}

// prepared is a batch whose keys are watched, or why there is none.
type prepared struct {
	batch *batch
	err   error
}

// prepare makes the next batch ready beside what goes on.
func (r *run) prepare(ctx, work context.Context) <-chan prepared {
	ready := make(chan prepared, 1)
	go func() {
		if ctx.Err() != nil {
			ready <- prepared{err: context.Cause(ctx)}
			return
		}
		b, err := r.gather()
		if err == nil && b != nil && !b.apart() {
			err = r.look(work, b)
		}
		ready <- prepared{b, err}
	}()
	return ready
}

func (r *run) abandon(p prepared) {
	if p.batch != nil {
		r.release(p.batch)
	}
}

// apart carries out a step without keys.
func (r *run) apart(ctx context.Context, s Step) error {
	if r.Apart == nil {
		return fmt.Errorf("carry out %s: it has no keys", s.Argv[0])
	}
	before := r.position()
	before.Apart = true
	if err := r.note(before); err != nil {
		return err
	}
	if err := r.clear(s.DB); err != nil {
		return err
	}
	if err := r.May(); err != nil {
		return err
	}
	reply, err := r.Apart(ctx, s)
	if err != nil {
		return err
	}
	r.carried++
	if err := r.note(r.position()); err != nil {
		return err
	}
	r.made++
	r.tell()
	return r.done(Done{Step: s, Reply: reply})
}

func (r *run) tell() {
	if r.Progress != nil {
		r.Progress(r.made)
	}
}

// maxAttempts bounds how often a transaction begins anew since others changed
// its keys. After some of them every step is made by itself.
const (
	maxAttempts = 50
	together    = 4
)

// carryOut makes a batch whose keys are watched. What others changed meanwhile
// is looked at and made again.
func (r *run) carryOut(ctx, work context.Context, b *batch) error {
	for attempt := 1; ; attempt++ {
		err := errors.Join(r.attempt(work, b), r.report(b))
		if err != nil {
			return err
		}
		again := b.unmade()
		if b.refused() {
			again = singles(again)
		}
		switch {
		case len(again) == 0:
			return r.rest(ctx, b)
		case len(again) > 1 && (attempt >= together || b.refused()):
			return r.oneByOne(ctx, work, again)
		case attempt >= maxAttempts:
			return fmt.Errorf("%s: its key keeps changing under it", again[0].name())
		case attempt > together:
			_ = clock.Sleep(work, time.Duration(attempt)*time.Millisecond)
		}
		b = newBatch(again)
		b.attempt = attempt
		if err := r.snapshot(work, b); err != nil {
			return err
		}
	}
}

// oneByOne makes steps that do not go together.
func (r *run) oneByOne(ctx, work context.Context, steps []Step) error {
	for i := range steps {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b := newBatch(steps[i : i+1])
		if err := r.snapshot(work, b); err != nil {
			return err
		}
		if err := r.carryOut(ctx, work, b); err != nil {
			return err
		}
		r.doubtful = nil // of which part is made now
	}
	return nil
}

// attempt journals and makes a batch once.
func (r *run) attempt(ctx context.Context, b *batch) error {
	if err := r.May(); err != nil {
		return err
	}
	if err := r.number(b); err != nil {
		return err
	}
	if err := r.keep(b); err != nil {
		return err
	}
	start := time.Now()
	r.open = true
	err := r.commit(ctx, b)
	r.doubt(b)
	r.open = err != nil && !isUndone(err) && !isRefused(err)
	r.size.learn(b.keys(), time.Since(start))
	if err == nil || isRefused(err) {
		err = errors.Join(err, r.amend(b))
	}
	return err
}

// number numbers the transactions of a batch, and settles which of them note
// that in Redis.
func (r *run) number(b *batch) error {
	for _, u := range b.units {
		r.batches++
		u.number = r.batches
		if err := r.mark(b, u); err != nil {
			return err
		}
	}
	return nil
}

// keep journals what a batch's keys hold.
func (r *run) keep(b *batch) error {
	if r.Journal == nil {
		return nil
	}
	if err := r.note(r.before(b)); err != nil {
		return err
	}
	if err := r.Journal.Before(b.images()...); err != nil {
		return fmt.Errorf("keep what there was: %w", err)
	}
	return nil
}

// conclude notes in the journal what became of a transaction.
func (r *run) conclude(u *unit) error {
	if r.Journal == nil {
		return nil
	}
	if err := r.Journal.After(u.left()); err != nil {
		return fmt.Errorf("keep what there is now: %w", err)
	}
	return nil
}

// report tells of the steps that were made or left, and lets the sessions go.
func (r *run) report(b *batch) error {
	r.release(b)
	var first error
	for _, u := range b.units {
		if u.outcome == made && u.steps[0].Each {
			first = cmp.Or(first, r.reportEach(u))
			continue
		}
		for i, s := range u.steps {
			if u.outcome != made {
				break
			}
			d := Done{Step: s, Left: u.commands[i] == nil, Lost: u.lost(i)}
			if u.replies != nil {
				d.Reply = u.replies[i]
			}
			if !unmade(d.Reply) && !s.Part {
				r.made++
				r.carried++
			}
			first = cmp.Or(first, r.done(d))
		}
	}
	r.tell()
	return first
}

// rest leaves the server the share of the time that is not ours.
func (r *run) rest(ctx context.Context, b *batch) error {
	share := time.Duration(min(max(r.Share(), 1), 100))
	if share < 100 {
		_ = clock.Sleep(ctx, b.took*(100-share)/share)
	}
	return nil
}

func isCluster(c redis.UniversalClient) bool {
	_, ok := c.(*redis.ClusterClient)
	return ok
}
