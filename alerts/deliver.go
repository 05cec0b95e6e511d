package alerts

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// oneCall bounds what is done for one incident at a time.
const oneCall = 2 * time.Minute

// send delivers what is due until ctx ends.
func (e *Engine) send(ctx context.Context) error {
	for {
		busy := e.deliver(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var again <-chan time.Time
		if busy {
			again = time.After(firstRetry)
		}
		select {
		case <-ctx.Done():
		case <-e.wake:
		case <-again:
		}
	}
}

// deliver sends all that is due and may be tried now. It answers whether
// something is left.
func (e *Engine) deliver(ctx context.Context) (busy bool) {
	e.mu.Lock()
	begun := !e.last.IsZero()
	e.mu.Unlock()
	if !begun {
		return false
	}
	if !e.know(ctx, oneCall) {
		return true
	}
	for ctx.Err() == nil {
		incident, silence := e.next()
		switch {
		case silence != nil:
			e.outcome(silence.ID, e.announce(ctx, *silence))
		case incident != nil:
			e.outcome(incident.ID, e.show(ctx, *incident))
		default:
			return e.owes()
		}
	}
	return true
}

// next answers what to deliver first: critical incidents, then what silences
// are to be told of, then other incidents; the oldest first.
func (e *Engine) next() (*Incident, *Silence) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.barred {
		return nil, nil
	}
	var due []Incident
	for _, in := range e.book.incidents {
		if in.due() && e.ready(in.ID) {
			due = append(due, in)
		}
	}
	slices.SortFunc(due, func(a, b Incident) int {
		return cmp.Or(one(b.Severity == Critical)-one(a.Severity == Critical), a.Fired.Compare(b.Fired), cmp.Compare(a.ID, b.ID))
	})
	if len(due) > 0 && due[0].Severity == Critical {
		return &due[0], nil
	}
	for _, id := range slices.Sorted(maps.Keys(e.book.silences)) {
		if s := e.book.silences[id]; s.due() && e.ready(id) {
			return nil, &s
		}
	}
	if len(due) > 0 {
		return &due[0], nil
	}
	return nil, nil
}

func (e *Engine) owes() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, in := range e.book.incidents {
		if in.due() {
			return true
		}
	}
	for _, s := range e.book.silences {
		if s.due() {
			return true
		}
	}
	return false
}

// show brings the message of an incident up to date, and calls if it rings.
// Before that it is saved that a message may be made, which also proves that
// this instance may still speak.
func (e *Engine) show(ctx context.Context, in Incident) error {
	ctx, cancel := context.WithTimeout(ctx, oneCall)
	defer cancel()
	if in.Delivery.Message == "" && in.Delivery.Tried > 0 && !in.Delivery.Looked {
		if err := e.look(ctx); err != nil {
			return err
		}
	}
	if err := e.showMessage(ctx, in.ID); err != nil {
		return err
	}
	return e.ring(ctx, in.ID)
}

// showMessage makes the message of an incident or edits it, if there is anything
// new to see.
func (e *Engine) showMessage(ctx context.Context, id string) error {
	e.mu.Lock()
	in, ok := e.book.incidents[id]
	e.mu.Unlock()
	if !ok || in.Delivery.Revision >= in.Revision {
		return nil
	}
	in, err := e.update(ctx, id, func(d *Delivery, in Incident) {
		if d.Message == "" {
			d.Tried, d.TriedRing, d.Looked = d.Tried+1, in.Ring.Number, false
		}
	})
	if err != nil {
		return err
	}
	place, err := e.options.Notifier.Show(ctx, in)
	if errors.Is(err, ErrGone) {
		_, err = e.update(ctx, in.ID, func(d *Delivery, _ Incident) {
			*d = Delivery{Ring: d.Ring, Made: d.Made + 1}
		})
		return err
	}
	if err != nil {
		return err
	}
	_, err = e.update(ctx, in.ID, func(d *Delivery, _ Incident) { d.take(in, place) })
	return err
}

// take notes where an incident is shown, as it was then.
func (d *Delivery) take(shown Incident, at Place) {
	if shown.Delivery.Message == "" {
		d.Ring = max(d.Ring, shown.Ring.Number)
	}
	d.Message, d.Thread, d.Revision = at.Message, cmp.Or(at.Thread, d.Thread), shown.Revision
	if d.Tried > 1 { // by the nonce it may be the message of an earlier try, as it was then
		d.Revision--
	}
	d.Tried = 0
}

// ring calls where the message that made it known did not.
func (e *Engine) ring(ctx context.Context, id string) error {
	e.mu.Lock()
	in, ok := e.book.incidents[id]
	e.mu.Unlock()
	if !ok || in.Delivery.Message == "" || !in.Rings() {
		return nil
	}
	if err := e.options.Notifier.Ring(ctx, in); err != nil {
		return err
	}
	_, err := e.update(ctx, id, func(d *Delivery, _ Incident) { d.Ring = max(d.Ring, in.Ring.Number) })
	return err
}

func (e *Engine) announce(ctx context.Context, s Silence) error {
	ctx, cancel := context.WithTimeout(ctx, oneCall)
	defer cancel()
	if err := e.options.Notifier.Announce(ctx, s); err != nil {
		return err
	}
	e.mu.Lock()
	if now, ok := e.book.silences[s.ID]; ok {
		if now.Told = ToldStart; s.Over() {
			now.Told = ToldEnd
		}
		e.book.putSilence(now)
	}
	e.mu.Unlock()
	return e.keep(ctx)
}

// update changes what is known of an incident's message, saves it, and answers
// the incident as it is now.
func (e *Engine) update(ctx context.Context, id string, change func(d *Delivery, in Incident)) (Incident, error) {
	e.mu.Lock()
	in, ok := e.book.incidents[id]
	if !ok {
		e.mu.Unlock()
		return Incident{}, &UnknownError{What: "incident", Name: id}
	}
	change(&in.Delivery, in)
	in = e.book.put(in)
	e.mu.Unlock()
	return in, e.keep(ctx)
}

// keep saves, unless Redis is away: incidents are told of all the same then,
// for somebody has to say that it is down.
func (e *Engine) keep(ctx context.Context) error {
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.giveTurn()
	e.mu.Lock()
	away := e.away
	e.mu.Unlock()
	if away {
		return nil
	}
	err := e.save(ctx)
	if errors.Is(err, errFenced) || errors.Is(err, errNewer) || errors.Is(err, errChanged) || ctx.Err() != nil {
		return err
	}
	return nil // what Redis does not hold is saved when it is back
}
