package plans

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Lifetime is how long a plan waits for its confirmation.
const Lifetime = 2 * time.Minute

// sweepEvery is how often what has lapsed is looked for, at most.
const sweepEvery = time.Minute

// Options say where plans are kept. Only Client is required.
type Options struct {
	Client redis.UniversalClient

	// Dir is a lasting folder of this instance. Where it is empty the steps are
	// held in the memory of this process, and a plan ends with it.
	Dir string

	// Key proves what is kept in Redis, and stands nowhere in it. Where it is
	// empty a key is made and kept in Dir, else in memory.
	Key string

	// Instance is this instance's name among those that use the same Redis, and
	// stays from start to start. Where it is empty each process has one of its own.
	Instance string

	ApprovalTTL time.Duration    // how long a plan waits for others to agree; Lifetime where that is longer
	Now         func() time.Time // the local clock, for when Redis cannot be asked; time.Now where nil
}

// Store keeps plans. Its methods may be called from several goroutines.
type Store struct {
	ledger      ledger
	shelf       shelf
	sealer      sealer
	instance    string
	lifetime    time.Duration
	approvalTTL time.Duration
	local       func() time.Time

	mu    sync.Mutex
	swept time.Time // when, by the local clock
}

// Open prepares the folder and removes from it what has lapsed. It does not ask
// Redis anything.
func Open(o Options) (*Store, error) {
	s := &Store{ledger: newLedger(o.Client), shelf: newMemory(), instance: o.Instance,
		lifetime: Lifetime, approvalTTL: o.ApprovalTTL, local: o.Now}
	if s.local == nil {
		s.local = time.Now
	}
	if s.instance == "" {
		s.instance = NewID()
	}
	if o.Dir != "" {
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("prepare the folder of plans: %w", err)
		}
		s.shelf = folder(o.Dir)
	}
	key, err := keyOf(o)
	if err != nil {
		return nil, err
	}
	s.sealer = newSealer(key)
	return s, s.sweep()
}

// sweep removes files that have lapsed, unless it did so a moment ago.
func (s *Store) sweep() error {
	now := s.local()
	s.mu.Lock()
	due := now.Sub(s.swept) >= sweepEvery
	if due {
		s.swept = now
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	return s.shelf.sweep(now)
}

// now answers the time of Redis, or else our own.
func (s *Store) now(ctx context.Context) time.Time {
	if t, err := s.ledger.client.Time(ctx).Result(); err == nil {
		return t
	}
	return s.local()
}

// Record begins to take the steps of the plan with an id from NewID. The
// Recorder is to be put or discarded.
func (s *Store) Record(id string) *Recorder {
	return newRecorder(id, s.shelf.begin(id), s.shelf.limit())
}

// Put lets a plan wait, with the steps of a Recorder that had its id, and
// answers it with what Put sets. It waits for Lifetime, or where somebody has
// to approve it for Options.ApprovalTTL. A Redis that refuses writes does not
// prevent that: then the plan waits at this instance alone. After an error
// there is no plan and the steps are forgotten.
func (s *Store) Put(ctx context.Context, p Plan, r *Recorder) (Plan, error) {
	defer r.Discard()
	if p.ID != r.id || !validID(p.ID) {
		return Plan{}, fmt.Errorf("put plan %q: its steps were recorded for %q", p.ID, r.id)
	}
	if err := s.sweep(); err != nil {
		return Plan{}, err
	}
	p = s.stamped(ctx, p, r)
	sealed, err := s.sealer.seal(&p)
	if err != nil {
		return Plan{}, err
	}
	life := p.Until.Sub(p.Made)
	if err = r.seal(s.local().Add(life)); err == nil {
		err = s.publish(ctx, p, sealed, life)
	}
	if err != nil {
		return Plan{}, errors.Join(err, s.shelf.remove(p.ID))
	}
	return p, nil
}

// stamped fills in what Put sets.
func (s *Store) stamped(ctx context.Context, p Plan, r *Recorder) Plan {
	p.Made = s.now(ctx)
	p.Until, p.ApprovalUntil, p.Approvers = p.Made.Add(s.lifetime), time.Time{}, nil
	if p.Approval != "" {
		p.ApprovalUntil = p.Made.Add(max(s.approvalTTL, s.lifetime))
		p.Until = p.ApprovalUntil
	}
	p.Instance, p.Steps, p.Sum = s.instance, r.steps, r.hexSum()
	return p
}

// publish tells Redis of a plan, or where that refuses keeps it here.
func (s *Store) publish(ctx context.Context, p Plan, sealed string, life time.Duration) error {
	done, err := s.ledger.set(ctx, p, sealed, "", life)
	switch {
	case script.Refused(err):
		if keepErr := s.shelf.keep(p.ID, sealed, s.local().Add(life)); keepErr != nil {
			return fmt.Errorf("keep plan %s here, as Redis refuses it (%w): %w", p.ID, err, keepErr)
		}
		return nil
	case err == nil && !done:
		return fmt.Errorf("write plan %s: the id is in use", p.ID)
	}
	return err
}

// Get answers a plan that waits. One that only another instance can prove is
// answered as Redis has it.
func (s *Store) Get(ctx context.Context, id string) (Plan, bool, error) {
	f, ok, err := s.find(ctx, id, "")
	if err != nil || !ok {
		return Plan{}, false, err
	}
	v, err := s.view(id, f.sealed)
	if gone := (*Gone)(nil); errors.As(err, &gone) {
		return Plan{}, false, nil
	}
	if err != nil || !s.now(ctx).Before(v.plan.Until) {
		return Plan{}, false, err
	}
	return v.plan, true, nil
}

// Drop ends a plan that waits, and answers whether there was one to end.
func (s *Store) Drop(ctx context.Context, id string) (bool, error) {
	if _, ok, err := s.Get(ctx, id); err != nil || !ok {
		return false, err
	}
	answer, err := s.ledger.mark(ctx, id, tokenOf(""), "")
	refused := script.Refused(err)
	if err != nil && !refused || answer == claimOthers {
		return false, err
	}
	claimed, claimErr := s.shelf.claim(id)
	if claimed {
		claimErr = errors.Join(claimErr, s.shelf.remove(id))
	}
	if refused && !claimed {
		claimErr = errors.Join(err, claimErr)
	}
	return claimed || answer == claimOurs, claimErr
}

// Pending answers the plans that wait, at most some hundred, those made last
// first. Beside an error it answers those that the error does not concern.
func (s *Store) Pending(ctx context.Context) ([]Plan, error) {
	now := s.now(ctx)
	sealed, stale, err := s.ledger.waiting(ctx, now)
	errs := []error{err, s.ledger.prune(ctx, stale)}
	kept, err := s.allKept()
	errs = append(errs, err)
	for id, text := range sealed {
		kept[id] = text
	}
	var all []Plan
	for id, text := range kept {
		v, err := s.view(id, text)
		if gone := (*Gone)(nil); err != nil && !errors.As(err, &gone) {
			errs = append(errs, err)
		}
		if err == nil && now.Before(v.plan.Until) {
			all = append(all, v.plan)
		}
	}
	slices.SortFunc(all, func(a, b Plan) int { return b.Made.Compare(a.Made) })
	return all, errors.Join(errs...)
}

// allKept answers the sealed form of each plan that Redis would not take.
func (s *Store) allKept() (map[string]string, error) {
	all := make(map[string]string)
	ids, err := s.shelf.keptIDs()
	errs := []error{err}
	for _, id := range ids {
		sealed, ok, err := s.shelf.kept(id)
		if ok {
			all[id] = sealed
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return all, fmt.Errorf("list plans kept here: %w", err)
	}
	return all, nil
}

// found is a plan as it is kept.
type found struct {
	sealed  string
	inRedis bool
	claimed bool // by the token that looked for it
}

// find looks for a plan that waits, or that the token's holder claimed: in
// Redis, and then at this instance. A Redis that does not answer is an error
// only where the plan is not here.
func (s *Store) find(ctx context.Context, id, token string) (found, bool, error) {
	if !validID(id) {
		return found{}, false, nil
	}
	value, err := s.ledger.value(ctx, id)
	if value != "" {
		sealed, ok := unmarked(value, token)
		return found{sealed, true, sealed != value}, ok, nil
	}
	sealed, ok, keptErr := s.shelf.kept(id)
	if keptErr != nil {
		err = errors.Join(err, fmt.Errorf("read plan %s: %w", id, keptErr))
	}
	if ok {
		err = nil
	}
	return found{sealed: sealed}, ok, err
}

// view is what this instance can tell of a plan.
type view struct {
	plan   Plan
	proven bool // the digest holds
	here   bool // this instance has the steps
}

// view reads a sealed plan. It answers a *Gone for one of ours whose steps are
// gone, and a *TamperedError for one that should prove true here and does not.
func (s *Store) view(id, sealed string) (v view, err error) {
	if v.plan, v.proven, err = s.sealer.read(id, sealed); err != nil {
		return view{}, err
	}
	c, here, err := s.shelf.open(id)
	if here {
		err = errors.Join(err, c.Close())
	}
	switch {
	case err != nil:
		return view{}, fmt.Errorf("read plan %s: %w", id, err)
	case !here && v.plan.Instance == s.instance:
		return view{}, &Gone{id}
	case !v.proven && (here || v.plan.KeyID == s.sealer.id):
		return view{}, &TamperedError{id, "metadata"}
	}
	v.here = here
	return v, nil
}
