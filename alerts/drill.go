package alerts

import (
	"context"
	"time"

	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/suggest"
)

// drillLength is how long a drill fires.
const drillLength = time.Minute

// Test begins a drill: an incident of the rule that is marked as not real, goes
// the way of a real one, and is resolved of itself after a minute. The error is
// an *UnknownError.
func (e *Engine) Test(ctx context.Context, rule string, by Person) (drill Incident, err error) {
	own, _ := customRules(e.options.Settings.Snapshot().List(settings.AlertsRules))
	rules := append(Rules(), own...)
	r, ok := ruleNamed(rules, rule)
	if !ok {
		var names []string
		for _, known := range rules {
			names = append(names, known.Name)
		}
		near, _ := suggest.Nearest(rule, names)
		return Incident{}, &UnknownError{What: "rule", Name: rule, Suggestion: near}
	}
	err = e.act(ctx, func(now time.Time) error {
		drill = Incident{
			ID: e.newID("drill"), Rule: r.Name, Summary: r.Summary, Severity: r.Severity, Cause: r.Cause,
			State: Active, Since: now, Fired: now, Drill: now.Add(drillLength), Revision: 1,
			Ring: Ring{Number: 1, At: now, Occasion: Began},
		}
		drill.observe(drillVerdict(drill, now))
		drill.note(now, "A drill, begun by %s.", by.tidy().Name)
		drill.Withheld = e.book.silence(drill) != nil
		drill = e.book.put(drill)
		return nil
	})
	return drill, err
}

// drillVerdict fires until the drill's end. It also ends when the clock was put
// back to before its beginning.
func drillVerdict(in Incident, now time.Time) Verdict {
	v := Verdict{Status: Firing, Value: 1, Words: "This is a drill: nothing is wrong."}
	if !now.Before(in.Drill) || now.Before(in.Drill.Add(-drillLength)) {
		v.Status, v.Words = OK, "The drill is over."
	}
	return v
}
