package alerts

import "time"

// circumstances are all that decide looks at besides the incident.
type circumstances struct {
	now  time.Time
	step time.Duration // since the evaluation before; bounded, whatever the clock does

	rule    Rule
	verdict Verdict
	gone    bool // the rule is switched off or taken out

	hold, repeat time.Duration

	silence   *Silence // that covers the incident now
	inhibitor string   // the rule that keeps this one quiet now
	leader    *Incident
	id        string // for an incident that begins
}

const (
	manyFlaps  = 3
	maxQuiet   = time.Hour
	leastQuiet = time.Minute     // of an incident that has come back
	calm       = time.Hour       // over the threshold without a break: flaps are forgotten
	reopening  = 5 * time.Minute // an incident that comes back so soon is the same one
	refreshing = time.Minute     // until numbers are first shown anew; then twice as long each time
	slowest    = time.Hour       // of that
	noticeable = 0.1             // change of a value, as a part of the threshold or of itself
)

// decide says what becomes of the incident of a rule. It reads only what it is
// given. The incident before is the zero Incident if there is none; so is the
// one after. One that comes after a Resolved one may be another, without an id
// or with in.id: the resolved one stays as it was then.
func decide(before Incident, in circumstances) Incident {
	after := before
	switch {
	case in.gone && before.Open():
		after.resolve(in, "the rule was switched off")
	case in.gone:
		return settled(before)
	case before.Open():
		after.carryOn(in)
	case before.State == Resolved:
		after = comeBack(before, in)
	default:
		after = begin(before, in)
	}
	if after.Open() {
		after.overlay(in)
		after.call(in)
	}
	after.revise(before, in)
	return after
}

// settled answers what is left of an incident that nothing happens to.
func settled(in Incident) Incident {
	if in.State == Pending {
		return Incident{}
	}
	return in
}

// firing says whether a rule that may speak finds its threshold crossed.
func (in circumstances) firing() bool { return in.verdict.Status == Firing && in.inhibitor == "" }

// begin waits for the hold time before an incident fires. What cannot be
// measured for a moment, or is kept quiet, does not count and does not end it.
func begin(before Incident, in circumstances) Incident {
	after := before
	switch {
	case in.firing() && before.State == "":
		after = Incident{Rule: in.rule.Name, Summary: in.rule.Summary, Severity: in.rule.Severity, Cause: in.rule.Cause, State: Pending, Since: in.now}
	case in.firing():
		after.Steady.Held += in.step
		after.Steady.Quiet = 0
	case in.verdict.Status == Unknown, in.inhibitor != "" && in.verdict.Status == Firing:
		after.Steady.Quiet += in.step
		if before.State == "" || after.Steady.Quiet > max(in.hold, leastQuiet) {
			return Incident{}
		}
		return after
	default:
		return Incident{}
	}
	after.observe(in.verdict)
	if in.rule.Instant || after.Steady.Held >= in.hold {
		after.fire(in)
	}
	return after
}

func (in *Incident) fire(c circumstances) {
	in.ID, in.State, in.Fired, in.Since = c.id, Active, c.now, notAfter(in.Since, c.now)
	in.Steady = steady{}
	in.Peak = c.verdict.Value
	in.Refresh = refresh{Value: c.verdict.Value}
	in.Withheld = c.silence != nil
	in.note(c.now, "Firing: %s", c.verdict.Words)
}

// carryOn brings an open incident up to what is measured now.
func (in *Incident) carryOn(c circumstances) {
	in.Refresh.Age += c.step
	switch c.verdict.Status {
	case Firing:
		in.crossed(c.step)
	case Between:
		in.Steady.Quiet += quieted(in.Steady.Quiet, c.step) / 4
	case OK:
		in.Steady.Quiet += quieted(in.Steady.Quiet, c.step)
		in.Steady.Below = true
	case Unknown:
		return
	}
	in.observe(c.verdict)
	if c.verdict.Status != Firing && in.Steady.Quiet >= quiet(c.hold, in.Flaps) {
		in.resolve(c, "")
	}
}

// crossed counts how long the threshold has been crossed, and how often it was
// crossed anew. A value that was only between does not count as new.
func (in *Incident) crossed(step time.Duration) {
	if in.Steady.Below {
		in.Flaps++
		in.Steady.Stable = 0
	} else {
		in.Steady.Stable += step
	}
	if in.Steady.Stable >= calm {
		in.Flaps = 0
	}
	in.Steady.Quiet, in.Steady.Below = 0, false
}

// quieted answers by how much a quiet time grows. It begins with the first
// measurement below the threshold, and the time before that does not count.
func quieted(so, step time.Duration) time.Duration {
	if so == 0 {
		return 4 // a moment, also where a quarter of it counts
	}
	return step
}

// quiet answers how long an incident has to be below its threshold until it is
// resolved: as long as it was to be above it, and twice as long each time that
// it came back.
func quiet(hold time.Duration, flaps int) time.Duration {
	if flaps == 0 {
		return hold
	}
	return max(hold, min(max(hold, leastQuiet)<<min(flaps, 10), maxQuiet))
}

func (in *Incident) resolve(c circumstances, why string) {
	in.State, in.Resolved = Resolved, notBefore(in.Fired, c.now)
	in.Silence, in.SilencedUntil, in.Inhibitor, in.Group = "", time.Time{}, "", ""
	in.Steady.Held = 0
	if why == "" {
		in.note(c.now, "Resolved after %s: %s", span(in.Took(c.now)), in.Words)
	} else {
		in.note(c.now, "Resolved after %s: %s.", span(in.Took(c.now)), why)
	}
}

// comeBack opens a resolved incident again if its threshold is crossed again
// soon; later it is a new one.
func comeBack(before Incident, in circumstances) Incident {
	after := before
	if in.verdict.Status == OK || in.verdict.Status == Between {
		after.Steady.Quiet += in.step
		after.Steady.Held = 0
		return after
	}
	if !in.firing() {
		return after
	}
	if after.Steady.Quiet > max(reopening, 4*quiet(in.hold, before.Flaps)) || in.now.Sub(before.Resolved) > maxQuiet*4 {
		return begin(Incident{}, in)
	}
	if before.Steady.Held == 0 {
		after.Steady.Held = 1 // a moment: it begins now
	} else {
		after.Steady.Held += in.step
	}
	if !in.rule.Instant && after.Steady.Held < in.hold {
		return after
	}
	after.State, after.Resolved = Active, time.Time{}
	after.Flaps++
	after.Steady = steady{}
	after.observe(in.verdict)
	after.note(in.now, "Firing again: %s", in.verdict.Words)
	return after
}

// observe takes over what the rule says.
func (in *Incident) observe(v Verdict) {
	in.Value, in.Threshold, in.Words = v.Value, v.Threshold, clip(v.Words, maxWords)
	if v.Status == Firing && worse(v, in.Peak) {
		in.Peak = v.Value
	}
}

// worse says whether a value is further beyond its threshold than the worst so
// far. A rule that fires below its threshold counts downwards.
func worse(v Verdict, peak float64) bool {
	if v.Value < v.Threshold {
		return v.Value < peak
	}
	return v.Value > peak
}

func notAfter(t, now time.Time) time.Time {
	if t.After(now) {
		return now
	}
	return t
}

func notBefore(t, now time.Time) time.Time {
	if now.Before(t) {
		return t
	}
	return now
}
