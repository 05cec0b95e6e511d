package settings

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
)

// edit is a wish that can be applied to whatever live values there are.
type edit struct {
	note  string
	asked []string // keys

	// apply answers the live values to have; it may change and keep its
	// argument.
	apply func(overrides map[string]string) map[string]string

	// lenient lets values pass that today's table refuses: they stay unused.
	lenient bool
}

// change carries out an edit: at once if nobody else changes anything, again
// on top of changes to other settings, and not at all if somebody changed the
// same ones since this process last looked.
func (l *Live) change(ctx context.Context, who Who, e edit) (Result, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return Result{}, err
	}
	defer leave()
	seen, id := l.current.Load(), rand.Text()
	for {
		held := l.current.Load()
		c, err := l.prepare(ctx, who, e, held, id)
		if err != nil || len(c.changed) == 0 || who.Only {
			return c.result(held), err
		}
		if err := l.conflict(ctx, seen, held, c.changed); err != nil {
			return Result{}, err
		}
		done, err := l.attempt(ctx, held, c)
		if err != nil || done {
			result := c.result(c.next)
			result.Unreplicated = err == nil && !l.replicated(ctx)
			return result, err
		}
	}
}

// enter waits for this process's turn to change something.
func (l *Live) enter(ctx context.Context) (leave func(), err error) {
	if l.client == nil {
		return nil, &Unavailable{}
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	leave = func() { <-l.turn }
	if err := l.ready(ctx); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// ready makes sure that a record has been read and that it is ours to change.
func (l *Live) ready(ctx context.Context) error {
	l.applying.Lock()
	loaded := l.loaded
	l.applying.Unlock()
	if !loaded {
		if err := l.synchronize(ctx); err != nil {
			return err
		}
	}
	return l.current.Load().writable()
}

// candidate is a change that has passed every check but the store's.
type candidate struct {
	next    *state
	changed []string // keys whose live value changes
	changes []Change // those and the others that were asked for
	entry   Entry
}

func (c candidate) result(s *state) Result {
	return Result{Revision: s.record.revision, Changes: c.changes}
}

func (l *Live) prepare(ctx context.Context, who Who, e edit, held *state, id string) (candidate, error) {
	if err := held.writable(); err != nil {
		return candidate{}, err
	}
	overrides := e.apply(maps.Clone(held.record.overrides))
	c := candidate{
		next:    newState(l.base.snapshot, held.record.next(overrides, id)),
		changed: changedKeys(held.record.overrides, overrides),
	}
	touched := union(e.asked, c.changed)
	if err := who.allows(touched); err != nil {
		return candidate{}, err
	}
	if err := c.next.accepts(c.changed, e.lenient); err != nil {
		return candidate{}, err
	}
	if len(c.changed) > 0 {
		if err := l.ask(ctx, held.snapshot, c.next.snapshot); err != nil {
			return candidate{}, err
		}
	}
	c.changes = changesBetween(held, c.next, touched)
	c.entry = Entry{
		Revision: c.next.record.revision, ID: id, Who: Author{who.ID, who.Name}, Note: e.note,
		Overrides: overrides, Changes: changesBetween(held, c.next, c.changed),
	}
	return c, nil
}

func (w Who) allows(keys []string) error {
	if w.May == nil {
		return nil
	}
	var errs []error
	for _, key := range keys {
		errs = append(errs, w.May(key))
	}
	return errors.Join(errs...)
}

// accepts refuses a state in which one of the changed values would not be used.
func (s *state) accepts(changed []string, lenient bool) error {
	var errs []error
	for _, u := range s.unused {
		var combination *CombinationError
		switch {
		case errors.As(u.err, &combination):
			if slices.ContainsFunc(combination.Keys, func(k string) bool { return slices.Contains(changed, k) }) {
				return combination
			}
		case !lenient && slices.Contains(changed, u.key):
			errs = append(errs, u.err)
		}
	}
	return errors.Join(errs...)
}

func (l *Live) ask(ctx context.Context, old, new *Snapshot) error {
	for _, s := range l.everySubscriber() {
		if s.Check == nil {
			continue
		}
		if err := s.Check(ctx, old, new); err != nil {
			return err
		}
	}
	return nil
}

// attempt stores a candidate. done is false if somebody else was faster; what
// they did is in force then.
func (l *Live) attempt(ctx context.Context, held *state, c candidate) (done bool, err error) {
	ok, err := l.commit(ctx, held.record.stamp, c.next, c.entry)
	if err != nil {
		return false, notStored(err)
	}
	if ok {
		l.putInForce(c.next)
		return true, nil
	}
	if err := l.synchronize(ctx); err != nil {
		return false, err
	}
	// A lost reply makes the client send the script again, and the second one
	// finds the first one's change.
	return l.storedBefore(ctx, c.entry, held.record.revision)
}

// putInForce installs a stored state unless a poll has done so already, or has
// seen a later one.
func (l *Live) putInForce(next *state) {
	l.applying.Lock()
	defer l.applying.Unlock()
	if l.current.Load().record.revision < next.record.revision {
		l.install(next)
	}
}
