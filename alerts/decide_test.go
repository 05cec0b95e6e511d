package alerts

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const tick = 15 * time.Second

var ann, bob = Person{"1", "ann"}, Person{"2", "bob"}

// life is one rule's incidents over time, without anything around them.
type life struct {
	now   time.Time
	rule  Rule
	in    Incident
	ids   int
	with  circumstances // hold, repeat, silence, inhibitor, leader
	calls []Ring
}

func newLife() *life {
	return &life{now: noon, rule: Rule{Name: "memory", Severity: Critical, Cause: CauseMemory}, with: circumstances{hold: 30 * time.Second, repeat: time.Hour}}
}

// see decides on a measurement, a tick later.
func (l *life) see(s Status) Incident { return l.seeAt(l.now.Add(tick), tick, s) }

func (l *life) seeAt(now time.Time, step time.Duration, s Status) Incident {
	l.ids++
	c := l.with
	c.now, c.step, c.rule, c.id = now, step, l.rule, fmt.Sprint("memory-", l.ids)
	c.verdict = Verdict{Status: s, Value: map[Status]float64{Firing: 95, Between: 88, OK: 50}[s], Threshold: 90, Words: string(s)}
	before := l.in.Ring.Number
	l.now, l.in = now, decide(l.in, c)
	if l.in.ID != "" && l.in.Ring.Number > before {
		l.calls = append(l.calls, l.in.Ring)
	}
	return l.in
}

func (l *life) sees(n int, s Status) {
	for range n {
		l.see(s)
	}
}

func TestTheLifeOfAnIncident(t *testing.T) {
	l := newLife()
	for i, tt := range []struct {
		sees Status
		want State
	}{
		{OK, ""}, {Firing, Pending}, {OK, ""}, {Firing, Pending}, {Firing, Pending}, {Unknown, Pending}, {Firing, Active},
		{Unknown, Active}, {OK, Active}, {Firing, Active}, {Between, Active}, {OK, Active}, {OK, Active}, {OK, Active}, {OK, Active},
		{OK, Active}, {OK, Active}, {OK, Active}, {OK, Resolved}, {Firing, Resolved}, {Firing, Resolved}, {Firing, Active},
	} {
		if got := l.see(tt.sees).State; got != tt.want {
			t.Fatalf("step %d, %s: %q, want %q", i, tt.sees, got, tt.want)
		}
	}
	if l.in.Flaps != 2 || l.in.ID != "memory-7" || len(l.calls) != 1 {
		t.Errorf("it came back as %+v, with calls %v", l.in, l.calls)
	}
}

// A value that moves around its threshold by less than the margin does not flap.
func TestWhatStaysWithinTheMarginDoesNotFlap(t *testing.T) {
	l := newLife()
	l.sees(3, Firing)
	for range 100 {
		l.see(Between)
		l.see(Firing)
	}
	if l.in.Flapping() || l.in.State != Active || l.in.Revision != 1 {
		t.Errorf("%+v", l.in)
	}
	l.sees(12, Between)
	if l.in.State != Resolved {
		t.Errorf("staying between, it is %s", l.in.State)
	}
}

func TestAnUnacknowledgedIncidentCallsAgain(t *testing.T) {
	l := newLife()
	l.sees(4*60*3, Firing) // three hours
	if len(l.calls) != 3 || l.calls[0].Occasion != Began || l.calls[2].Occasion != Repeated {
		t.Errorf("calls %v", l.calls)
	}
}

// A clock that jumps neither makes an incident fire early nor keeps it quiet.
func TestAClockThatJumpsIsTolerated(t *testing.T) {
	l := newLife()
	l.see(Firing)
	if got := l.seeAt(l.now.Add(10*time.Hour), 2*tick-1, Firing).State; got != Pending {
		t.Errorf("a jump forward makes it %s", got)
	}
	l.see(Firing)
	l.seeAt(l.now.Add(-20*time.Hour), 0, Firing)
	l.sees(4*60+1, Firing)
	if l.in.State != Active || len(l.calls) != 2 || l.in.Took(l.now) < 0 {
		t.Errorf("after a jump back it is %+v, calls %v", l.in, l.calls)
	}
	l.sees(4, OK)
	if l.in.State != Resolved || l.in.Resolved.Before(l.in.Fired) {
		t.Errorf("it ends as %+v", l.in)
	}
}

func TestAnInhibitedRuleSaysNothingNew(t *testing.T) {
	l := newLife()
	l.with.inhibitor = "server_down"
	l.sees(10, Firing)
	if l.in.State != "" {
		t.Errorf("inhibited, it is %+v", l.in)
	}
	l.with.inhibitor = ""
	l.sees(4, Firing)
	l.with.inhibitor = "server_down"
	l.sees(4*60*2, Firing)
	if len(l.calls) != 1 || l.in.Inhibitor != "server_down" || !l.in.Open() {
		t.Errorf("inhibited after it fired: %+v, calls %v", l.in, l.calls)
	}
}

func TestNumbersAreShownAnewEverMoreSeldom(t *testing.T) {
	l := newLife()
	l.sees(3, Firing)
	shown := l.in.Revision
	for i := range 4 * 60 * 24 { // a day in which the value never rests
		c := l.with
		c.repeat = 100 * time.Hour
		c.now, c.step, c.rule = l.now.Add(tick), tick, l.rule
		c.verdict = Verdict{Status: Firing, Value: 95 + float64(i%2)*50, Threshold: 90}
		l.now, l.in = c.now, decide(l.in, c)
	}
	if n := l.in.Revision - shown; n < 20 || n > 32 {
		t.Errorf("%d edits in a day", n)
	}
}

func TestTheTimelineIsBounded(t *testing.T) {
	var in Incident
	for i := range 200 {
		in.note(noon, "event %d", i)
	}
	if len(in.Timeline) != maxEvents || in.Timeline[0].Text != "event 0" || in.Timeline[maxEvents-1].Text != "event 199" {
		t.Errorf("%d events from %v", len(in.Timeline), in.Timeline[0])
	}
}

// What holds for every series of measurements, silences, acknowledgements and
// jumps of the clock.
func TestDecideKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLife()
		l.with.hold = time.Duration(rapid.IntRange(0, 4).Draw(t, "hold")) * tick
		streak := time.Duration(-1) // how long the threshold has been crossed
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			l.disturb(t)
			before, text := l.in, jsonOf(t, l.in)
			sees := rapid.SampledFrom([]Status{OK, OK, Firing, Firing, Firing, Between, Unknown}).Draw(t, "sees")
			jump := rapid.SampledFrom([]time.Duration{tick, tick, tick, tick, 20 * time.Hour, -20 * time.Hour}).Draw(t, "jump")
			after := l.seeAt(l.now.Add(jump), min(max(0, jump), tick), sees)
			if jsonOf(t, before) != text {
				t.Fatal("the incident before was changed")
			}
			switch {
			case sees == Firing && l.with.inhibitor == "" && streak < 0:
				streak = 0
			case sees == Firing && l.with.inhibitor == "":
				streak += min(max(0, jump), tick)
			case sees != Unknown && l.with.inhibitor == "" || sees == OK || sees == Between:
				streak = -1
			}
			l.holds(t, before, after, sees, streak)
		}
	})
}

// disturb lets people and other rules do something.
func (l *life) disturb(t *rapid.T) {
	switch rapid.IntRange(0, 12).Draw(t, "disturbance") {
	case 0:
		l.with.silence = &Silence{ID: fmt.Sprint("s", l.ids), By: ann, Until: l.now.Add(time.Hour)}
	case 1:
		l.with.silence = nil
	case 2:
		l.with.inhibitor = rapid.SampledFrom([]string{"", "server_down"}).Draw(t, "inhibitor")
	case 3:
		if l.in.Open() {
			l.in.Owner = &Owner{ann, l.now}
		}
	case 4:
		l.in.Owner = nil
	}
}

func (l *life) holds(t *rapid.T, before, after Incident, sees Status, streak time.Duration) {
	switch {
	case after.Open() && !before.Open() && (sees != Firing || streak < l.with.hold || l.with.inhibitor != ""):
		t.Fatalf("it fires on %s after %v: %+v", sees, streak, after)
	case before.Open() && after.State != Resolved && after.ID != before.ID:
		t.Fatalf("%s became %s", before.ID, after.ID)
	case before.Open() && !after.Open() && (sees == Firing || sees == Unknown):
		t.Fatalf("it is resolved on %s", sees)
	case after.ID == before.ID && after.Revision < before.Revision:
		t.Fatal("its revision falls")
	case after.ID == before.ID && after.State != before.State && after.ID != "" && after.Revision == before.Revision:
		t.Fatalf("from %s to %s without a revision", before.State, after.State)
	case after.ID == before.ID && after.Ring.Number > before.Ring.Number+1:
		t.Fatal("it calls twice at once")
	case after.ID == before.ID && after.Ring.Number > before.Ring.Number && (l.with.silence != nil || l.with.inhibitor != ""):
		t.Fatalf("it calls under %v and %q", l.with.silence, l.with.inhibitor)
	case after.Open() && (after.State == Silenced) != (l.with.silence != nil):
		t.Fatalf("under %v it is %s", l.with.silence, after.State)
	case after.State == Acknowledged && after.Owner == nil, after.State == Active && after.Owner != nil:
		t.Fatalf("%s with owner %v", after.State, after.Owner)
	case after.Took(l.now) < 0 || !after.Resolved.IsZero() && after.Resolved.Before(after.Fired):
		t.Fatalf("it lasts %v", after.Took(l.now))
	case (after.State == Resolved) == after.Resolved.IsZero():
		t.Fatalf("%s at %v", after.State, after.Resolved)
	}
}

func jsonOf(t *rapid.T, in Incident) string {
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
