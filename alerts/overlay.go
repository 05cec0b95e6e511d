package alerts

import (
	"math"
	"time"
)

// overlay lays what people and other rules say over an open incident: a
// silence, an acknowledgement, a group, a rule that keeps it quiet.
func (in *Incident) overlay(c circumstances) {
	in.Inhibitor, in.Group = c.inhibitor, ""
	if c.leader != nil {
		in.Group = c.leader.ID
	}
	if c.silence != nil {
		in.hush(c)
		return
	}
	if in.Silence != "" {
		in.note(c.now, "The silence has ended.")
	}
	in.Silence, in.SilencedUntil, in.Withheld = "", time.Time{}, false
	in.State = Active
	if in.Owner != nil {
		in.State = Acknowledged
	}
}

func (in *Incident) hush(c circumstances) {
	if in.Silence != c.silence.ID {
		in.note(c.now, "Silenced %s.", c.silence.words())
	}
	in.State, in.Silence, in.SilencedUntil = Silenced, c.silence.ID, c.silence.Until
	in.Owed = true
}

// call decides whether somebody is to be called: when an incident begins, when
// it goes on after a silence, and then from time to time. Of a group only the
// first one calls, unless another is graver.
func (in *Incident) call(c circumstances) {
	in.Ring.At = notAfter(in.Ring.At, c.now) // the clock was put back
	last := in.Ring.At
	if in.Owner != nil && in.Owner.At.After(last) {
		last = notAfter(in.Owner.At, c.now)
	}
	overdue := c.now.Sub(last) >= c.repeat
	switch {
	case in.State == Silenced || in.Inhibitor != "":
	case in.State == Acknowledged:
		if in.Owed = false; overdue && !in.Flapping() {
			in.ring(c.now, Reminded)
		}
	case in.Ring.At.IsZero() || in.Owed:
		if led(*in, c.leader) {
			in.Ring.At, in.Owed = c.now, false
			return
		}
		in.ring(c.now, Began)
	case overdue && !in.Flapping() && !led(*in, c.leader):
		in.ring(c.now, Repeated)
	}
}

func (in *Incident) ring(now time.Time, why Occasion) {
	in.Ring = Ring{Number: in.Ring.Number + 1, At: now, Occasion: why}
	in.Owed = false
}

// led says whether the group's first has called already for something as grave.
func led(in Incident, leader *Incident) bool {
	return leader != nil && leader.Ring.Number > 0 && (leader.Severity == Critical || in.Severity == Warning)
}

// revise numbers what a reader sees: each change of state, and numbers that
// have moved noticeably, those ever more seldom.
func (in *Incident) revise(before Incident, c circumstances) {
	if in.ID == "" {
		return
	}
	if in.ID != before.ID || in.State != before.State || in.Group != before.Group || in.Silence != before.Silence ||
		in.Flapping() != before.Flapping() || in.Inhibitor != before.Inhibitor || !in.SilencedUntil.Equal(before.SilencedUntil) {
		in.Revision++
		in.Refresh = refresh{Value: in.Value, Count: in.Refresh.Count}
		return
	}
	if in.moved() && in.Refresh.Age >= min(refreshing<<min(in.Refresh.Count, 10), slowest) {
		in.Revision++
		in.Refresh = refresh{Value: in.Value, Count: in.Refresh.Count + 1}
	}
}

// moved says whether the value is noticeably another than the one shown.
func (in *Incident) moved() bool {
	if in.State != Active && in.State != Acknowledged || in.Flapping() {
		return false
	}
	return math.Abs(in.Value-in.Refresh.Value) >= noticeable*max(math.Abs(in.Threshold), math.Abs(in.Refresh.Value), 1)
}
