package alerts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/helix-collective/helix/suggest"
)

// List answers the incidents, open ones first, then the last resolved ones, the
// newest first. While Redis is away it is what this process knows.
func (e *Engine) List(ctx context.Context) ([]Incident, error) {
	err := e.refresh(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.book.list(), err
}

// Find answers an incident by its id, or the open one of a rule by the rule's
// name. The error is an *UnknownError.
func (e *Engine) Find(ctx context.Context, name string) (Incident, error) {
	if err := e.refresh(ctx); err != nil {
		return Incident{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.find(name)
}

func (e *Engine) find(name string) (Incident, error) {
	if in, ok := e.book.incidents[name]; ok {
		return in, nil
	}
	if in := e.book.of(name); in.Open() {
		return in, nil
	}
	near, _ := suggest.Nearest(name, slices.Sorted(maps.Keys(e.book.incidents)))
	return Incident{}, &UnknownError{What: "incident", Name: name, Suggestion: near}
}

// Acknowledge makes somebody the owner of an open incident, named by its id or
// its rule. Errors: *UnknownError, *ResolvedError.
func (e *Engine) Acknowledge(ctx context.Context, name string, by Person) (Incident, error) {
	by = by.tidy()
	return e.change(ctx, name, func(in *Incident, now time.Time) {
		if in.Owner != nil && in.Owner.Person == by {
			return
		}
		in.Owner = &Owner{by, now}
		in.note(now, "Acknowledged by %s.", by.Name)
		if in.Revision++; in.State == Active {
			in.State = Acknowledged
		}
	})
}

// Unacknowledge takes the owner away, so that the incident calls again. Errors
// are those of Acknowledge.
func (e *Engine) Unacknowledge(ctx context.Context, name string, by Person) (Incident, error) {
	by = by.tidy()
	return e.change(ctx, name, func(in *Incident, now time.Time) {
		if in.Owner == nil {
			return
		}
		in.Owner = nil
		in.note(now, "No longer acknowledged, by %s.", by.Name)
		if in.Revision++; in.State == Acknowledged {
			in.State = Active
		}
	})
}

// change does something to one open incident, and delivers it.
func (e *Engine) change(ctx context.Context, name string, do func(*Incident, time.Time)) (changed Incident, err error) {
	err = e.act(ctx, func(now time.Time) error {
		in, err := e.find(name)
		if err != nil {
			return err
		}
		if !in.Open() {
			return &ResolvedError{in.ID}
		}
		before := in.Revision
		do(&in, now)
		if in.Revision != before {
			in = e.book.put(in)
		}
		changed = in
		return nil
	})
	return changed, err
}

// refresh takes over what others have changed. A running Engine does without
// while Redis is away.
func (e *Engine) refresh(ctx context.Context) error {
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.giveTurn()
	return e.read(ctx)
}

func (e *Engine) read(ctx context.Context) error {
	e.mu.Lock()
	running, away := e.running, e.away
	e.mu.Unlock()
	if running && away {
		return nil
	}
	if err := e.load(ctx); err != nil && !running {
		return err
	}
	return nil
}

// tries is how often a change is made again when somebody else was faster.
const tries = 5

// act changes the book by what do does to it, saves it, and lets it be
// delivered. While Redis is away a running Engine keeps the change, and saves it
// later; else the error says that nothing was changed.
func (e *Engine) act(ctx context.Context, do func(now time.Time) error) (err error) {
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.giveTurn()
	for range tries {
		if err := e.read(ctx); err != nil {
			return err
		}
		if err := e.try(ctx, do); !errors.Is(err, errChanged) {
			return err
		}
	}
	return fmt.Errorf("keep incidents: %w", errChanged)
}

func (e *Engine) try(ctx context.Context, do func(now time.Time) error) error {
	e.mu.Lock()
	err := do(e.options.Now())
	running, away := e.running, e.away
	e.mu.Unlock()
	switch {
	case err != nil:
		return err
	case !running || !away:
		err = e.save(ctx)
	}
	e.stir()
	if running && !errors.Is(err, errChanged) && !errors.Is(err, errFenced) && !errors.Is(err, errNewer) {
		return nil // saved later, if it was not
	}
	if err != nil && !errors.Is(err, errChanged) {
		e.mu.Lock()
		e.book, e.marks = newBook(), [2]string{}
		e.mu.Unlock()
	}
	return err
}
