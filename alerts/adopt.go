package alerts

import (
	"context"
	"time"
)

// firstLook bounds how long the first decision waits to know what is shown.
const firstLook = 10 * time.Second

// askedShown stands among the retries for the question what is shown.
const askedShown = "what is shown"

// know asks once, after the start, which incidents are shown already: Redis may
// have lost them together with the instance that showed them.
func (e *Engine) know(ctx context.Context, within time.Duration) bool {
	e.mu.Lock()
	known := e.adopted
	ready := e.ready(askedShown)
	e.mu.Unlock()
	if known || !ready {
		return known
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := e.look(ctx)
	e.outcome(askedShown, err)
	return err == nil
}

// look takes over what is shown: where the message of an incident is, and open
// incidents that nothing else is known of.
func (e *Engine) look(ctx context.Context) error {
	shown, err := e.options.Notifier.Shown(ctx)
	if err != nil {
		return err
	}
	e.mu.Lock()
	found := make(map[string]bool)
	for _, s := range shown {
		found[s.ID] = true
		e.adopt(s)
	}
	for id, in := range e.book.incidents {
		if in.Delivery.Message == "" && in.Delivery.Tried > 0 && !found[id] {
			in.Delivery.Looked = true
			e.book.put(in)
		}
	}
	e.adopted = true
	e.mu.Unlock()
	return e.keep(ctx)
}

// adopt takes over one message. What it says may be older than what is known
// here, or newer than what Redis kept, so it is edited again, unless the incident
// is over in both. The caller holds mu.
func (e *Engine) adopt(s Shown) {
	in, known := e.book.incidents[s.ID]
	switch {
	case known && in.Delivery.Message == s.Message && !in.Open() && !s.Open:
		return
	case known && in.Delivery.Message != "" && in.Delivery.Message != s.Message:
		return
	case !known && !s.Open:
		return
	case !known:
		in = e.orphan(s)
	}
	if in.Delivery.Message == "" {
		in.Delivery.Ring = max(in.Delivery.Ring, in.Delivery.TriedRing)
	}
	in.Delivery.Message, in.Delivery.Thread, in.Delivery.Tried = s.Message, s.Thread, 0
	in.Delivery.Revision, in.Withheld = 0, false
	e.book.put(in)
}

// orphan answers the incident of a message that nothing else is known of. If
// its rule has another open incident by now, it ends with a word about that.
func (e *Engine) orphan(s Shown) Incident {
	now := e.options.Now()
	rule, _ := ruleNamed(Rules(), s.Rule)
	in := Incident{
		ID: s.ID, Rule: s.Rule, Summary: rule.Summary, Severity: rule.Severity, Cause: rule.Cause,
		State: Active, Since: now, Fired: now, Revision: 1, Ring: Ring{Number: 1, At: now, Occasion: Began},
		Delivery: Delivery{Ring: 1},
	}
	in.note(now, "Found in the channel; what led to it is lost.")
	if open := e.book.of(s.Rule); open.Open() {
		in.State, in.Resolved = Resolved, now
		in.note(now, "It goes on as %s.", open.ID)
	}
	return in
}
