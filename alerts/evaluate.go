package alerts

import (
	"context"
	"maps"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

// evaluate measures, decides and saves, once. The error is that of a ctx that
// ended; a Redis that fails is logged, and what it does not hold is saved later.
func (e *Engine) evaluate(ctx context.Context) error {
	measured, err := e.options.Prober.Probe(ctx)
	if err != nil {
		return err
	}
	up := measured.Problem == "" && measured.Values[sample.Up] != 0
	if up { // else it would only keep us waiting
		if err := e.reload(ctx); err != nil {
			return err
		}
		if err := e.recall(ctx, measured); err != nil {
			return err
		}
	}
	// Before the first decision, so that what is shown goes on rather than
	// beginning again. If it fails now, it is done before the first delivery.
	e.know(ctx, firstLook)
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.giveTurn()
	e.take(measured, up)
	if up {
		_ = e.save(ctx) // failed keeps the error
	}
	e.stir()
	return ctx.Err()
}

// reload takes over what others have changed, if Redis answers again. The error
// is that of a ctx that ended.
func (e *Engine) reload(ctx context.Context) error {
	if err := e.takeTurn(ctx); err != nil {
		return err
	}
	defer e.giveTurn()
	_ = e.load(ctx) // failed keeps the error
	return ctx.Err()
}

// take adds a sample and decides.
func (e *Engine) take(measured sample.Sample, up bool) {
	s := e.options.Settings.Snapshot()
	now := e.options.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away = e.away || !up
	// By our clock: a Redis that is away has none, and two would not agree.
	measured.At = now
	e.window = e.window.add(measured, s.Duration(settings.AlertsGrowthWindow))
	step := min(max(0, now.Sub(e.last)), 2*s.Duration(settings.AlertsInterval))
	if e.last.IsZero() {
		step = 0
	}
	e.last = now
	e.decideAll(s, now, step)
}

// decideAll brings every incident up to the newest measurement. The caller holds
// mu.
func (e *Engine) decideAll(s *settings.Snapshot, now time.Time, step time.Duration) {
	if len(e.window) == 0 {
		return
	}
	rules := e.rulesFor(s)
	e.verdicts = make(map[string]Verdict)
	for _, r := range rules {
		e.verdicts[r.Name] = r.Evaluate(s, e.window)
	}
	e.book.passSilences(now)
	for _, r := range rules {
		e.decideRule(s, rules, r, now, step)
	}
	e.decideRest(rules, now, step)
	e.book.passSilences(now)
	if untold := e.book.trim(); untold > 0 {
		e.options.Log.Error("incidents were forgotten that could not be delivered", zap.Int("number", untold))
	}
	maps.DeleteFunc(e.retries, func(id string, _ retry) bool { return id != askedShown && !e.book.knows(id) })
}

// rulesFor answers the rules under the values in force, made anew only when those
// are others. The caller holds mu.
func (e *Engine) rulesFor(s *settings.Snapshot) []Rule {
	if e.rulesOf == s {
		return e.rules
	}
	rules, err := rulesOf(s)
	if err != nil {
		e.options.Log.Error("rules of the configuration are left out", zap.Error(err))
	}
	e.rules, e.rulesOf = rules, s
	return rules
}

func (e *Engine) decideRule(s *settings.Snapshot, rules []Rule, r Rule, now time.Time, step time.Duration) {
	before := e.book.of(r.Name)
	as := before
	if !before.Open() {
		as = Incident{ID: before.ID, Rule: r.Name, Cause: r.Cause, Severity: r.Severity}
	}
	in := circumstances{
		now: now, step: step, rule: r, verdict: e.verdicts[r.Name],
		hold: r.hold(s), repeat: s.Duration(settings.AlertsRepeat),
		silence: e.book.silence(as), leader: e.book.leader(as), inhibitor: e.inhibitor(rules, r),
	}
	if in.firing() && !before.Open() {
		in.id = e.newID(r.Name)
	}
	e.accept(before, decide(before, in))
}

// inhibitor answers a rule that keeps r quiet: one that inhibits it, and fires
// or has not ended.
func (e *Engine) inhibitor(rules []Rule, r Rule) string {
	for _, other := range rules {
		if !other.inhibits(r) {
			continue
		}
		if v := e.verdicts[other.Name].Status; v == Firing || v != OK && e.book.of(other.Name).Open() {
			return other.Name
		}
	}
	return ""
}

// decideRest ends the incidents of rules that are gone, and drills.
func (e *Engine) decideRest(rules []Rule, now time.Time, step time.Duration) {
	for _, before := range e.book.list() {
		in := circumstances{now: now, step: step, silence: e.book.silence(before), repeat: maxQuiet}
		_, there := ruleNamed(rules, before.Rule)
		switch {
		case !before.Open():
			continue
		case !before.Drill.IsZero():
			in.verdict = drillVerdict(before, now)
		case !there:
			in.gone = true
		default:
			continue
		}
		e.accept(before, decide(before, in))
	}
	for name := range e.book.waiting {
		if _, there := ruleNamed(rules, name); !there {
			delete(e.book.waiting, name)
		}
	}
}

// accept keeps what has become of an incident.
func (e *Engine) accept(before, after Incident) {
	if after.ID == "" {
		delete(e.book.waiting, before.Rule)
		if after.State == Pending {
			e.book.waiting[after.Rule] = after
		}
		return
	}
	delete(e.book.waiting, after.Rule)
	if before.Open() && !after.Open() && after.Withheld {
		if s, ok := e.book.silences[before.Silence]; ok {
			s.Withheld++
			e.book.putSilence(s)
		}
	}
	if before.ID != after.ID || before.Revision != after.Revision || before.Ring != after.Ring || before.Owed != after.Owed || before.Withheld != after.Withheld {
		e.book.put(after)
		return
	}
	e.book.incidents[after.ID] = after
}
