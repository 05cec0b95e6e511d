package alerts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
)

// ANCHORS 1: an alert that fires and resolves inside a 429 burst is not lost.
func TestAFireAndResolveInsideABurstOf429IsDelivered(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRig(t, client)
		r.channel.next = func(string) fate { return refused }
		r.set(full())
		r.pass(time.Minute)
		r.set(nil)
		r.pass(2 * time.Minute)
		if len(r.channel.messages) != 0 || len(r.open()) != 0 {
			t.Fatalf("the burst let something through, or it is not resolved: %v", r.channel.texts())
		}
		r.restart() // what was decided outlives the process
		r.channel.next = func(string) fate { return works }
		r.pass(2 * time.Minute)
		if m := r.only(); m.shows.State != Resolved || m.shows.Rule != "memory" || m.shows.Fired.IsZero() || m.rang {
			t.Errorf("the channel shows %+v", m.shows)
		}
	})
}

// ANCHORS 3: one message per incident, edited as it changes.
func TestOneMessagePerIncidentIsEditedAsItChanges(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRig(t, client)
		r.set(crowded())
		r.pass(15 * time.Second)
		if len(r.channel.messages) != 0 {
			t.Error("it is told before the hold time is over")
		}
		r.pass(30 * time.Second)
		m := r.only()
		if m.shows.State != Active || m.shows.Words != "20,000 sessions now; the threshold is 10,000." || !m.shows.Since.Equal(noon.Add(15*time.Second)) {
			t.Errorf("it begins as %+v", m.shows)
		}
		r.set(map[sample.Name]float64{sample.Sessions: 30_000})
		r.pass(2 * time.Minute)
		if m.edits != 1 || m.shows.Peak != 30_000 || !strings.HasPrefix(m.shows.Words, "30,000") {
			t.Errorf("after %d edits it is %+v", m.edits, m.shows)
		}
		r.set(map[sample.Name]float64{sample.Sessions: 9_800}) // below the threshold, but not by the margin
		r.pass(30 * time.Second)
		r.set(nil)
		r.pass(time.Minute)
		last := r.only().shows
		if last.State != Resolved || last.Took(r.clock.now) < 3*time.Minute || len(last.Timeline) != 2 {
			t.Errorf("it ends as %+v", last)
		}
		id := last.ID
		r.set(crowded())
		r.pass(10 * time.Minute)
		r.set(nil)
		r.pass(10 * time.Minute)
		r.set(crowded())
		r.pass(time.Minute)
		if len(r.channel.messages) != 2 || r.channel.messages[1].shows.ID == id {
			t.Errorf("coming back late is not another incident: %v", r.channel.texts())
		}
	})
}

// ANCHORS 4: silenced from chat, told when it begins and ends.
func TestASilenceIsAnnouncedAtItsStartAndEnd(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRig(t, client)
		r.look()
		s, err := r.Silence(t.Context(), Wish{Target: "memory", For: time.Hour, Reason: "resize\nnow", By: ann})
		if err != nil || s.Reason != "resize now" {
			t.Fatalf("%+v, %v", s, err)
		}
		r.set(full())
		r.pass(10 * time.Minute)
		if got := r.open(); len(r.channel.messages) != 0 || len(got) != 1 || got[0].State != Silenced || !slices.Equal(r.channel.told, []string{"memory begins"}) {
			t.Fatalf("under the silence: %v, %v, %v", r.channel.texts(), r.channel.told, got)
		}
		r.restart()
		r.pass(51 * time.Minute)
		m := r.only()
		if !slices.Equal(r.channel.told, []string{"memory begins", "memory ends"}) || m.shows.State != Active || !m.rang {
			t.Errorf("after it: %v, %v", r.channel.texts(), r.channel.told)
		}
		if list, err := r.Silences(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("silences left: %v, %v", list, err)
		}
	})
}

// ANCHORS 4 (alertmanager#226, grafana#80996): resolved and firing again across a
// silence.
func TestFiringAgainAcrossASilenceIsRight(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client())
	r.set(full())
	r.pass(time.Minute)
	if _, err := r.Silence(t.Context(), Wish{Target: "memory", For: 10 * time.Minute, By: ann}); err != nil {
		t.Fatal(err)
	}
	r.look()
	if m := r.only(); m.shows.State != Silenced || m.shows.SilencedUntil.IsZero() {
		t.Errorf("silenced, it shows %+v", m.shows)
	}
	r.set(nil)
	r.pass(2 * time.Minute)
	if m := r.only(); m.shows.State != Resolved {
		t.Errorf("resolved under the silence, it shows %s", m.shows.State)
	}
	r.set(full())
	r.pass(2 * time.Minute)
	if calls := r.channel.calls(); r.open()[0].State != Silenced || calls != 1 {
		t.Errorf("firing again under the silence: %v, %d calls", r.channel.texts(), calls)
	}
	r.pass(7 * time.Minute)
	if calls := r.channel.calls(); r.only().shows.State != Active || calls != 2 {
		t.Errorf("after the silence: %v, %d calls", r.channel.texts(), calls)
	}
}

// What comes and goes under a silence is not shown, but counted.
func TestWhatCameAndWentUnderASilenceIsCounted(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.look()
	s, err := r.Silence(t.Context(), Wish{Target: "all", For: time.Hour, By: ann})
	if err != nil {
		t.Fatal(err)
	}
	r.set(full())
	r.pass(time.Minute)
	r.set(nil)
	r.pass(time.Minute)
	ended, err := r.Unsilence(t.Context(), s.ID, bob)
	if err != nil || len(ended) != 1 || ended[0].Withheld != 1 || ended[0].EndedBy.Name != "bob" {
		t.Errorf("%+v, %v", ended, err)
	}
	r.pass(time.Minute)
	if len(r.channel.messages) != 0 || !slices.Equal(r.channel.told, []string{"all begins", "all ends"}) {
		t.Errorf("%v, %v", r.channel.texts(), r.channel.told)
	}
}

func TestASilenceUntilResolvedEndsWithTheIncident(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.set(full())
	r.look()
	s, err := r.Silence(t.Context(), Wish{Target: "memory", By: ann})
	if err != nil || !s.Until.IsZero() || s.Target != r.open()[0].ID {
		t.Fatalf("%+v, %v", s, err)
	}
	r.pass(time.Hour)
	if got := r.only().shows; got.State != Silenced {
		t.Errorf("after an hour it is %s", got.State)
	}
	r.set(nil)
	r.pass(30 * time.Second) // below it, and for the hold time
	if list, _ := r.Silences(t.Context()); len(list) != 0 || r.only().shows.State != Resolved {
		t.Errorf("%v, %v", list, r.channel.texts())
	}
}

// ANCHORS 5: acknowledged with an owner, who is reminded.
func TestAcknowledgingHasAnOwner(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		r := newRig(t, client, "alerts.repeat=1h")
		r.set(full())
		r.pass(time.Minute)
		in, err := r.Acknowledge(t.Context(), "memory", ann)
		if err != nil || in.State != Acknowledged || in.Owner.Name != "ann" {
			t.Fatalf("%+v, %v", in, err)
		}
		r.restart()
		r.pass(61 * time.Minute)
		m := r.only()
		if m.shows.State != Acknowledged || m.shows.Owner.Person != ann || !slices.Equal(r.channel.rings, []string{in.ID + " reminded"}) {
			t.Errorf("%v, calls %v", r.channel.texts(), r.channel.rings)
		}
		if in, err = r.Unacknowledge(t.Context(), in.ID, bob); err != nil || in.Owner != nil {
			t.Fatal(err)
		}
		r.pass(61 * time.Minute)
		if want := []string{in.ID + " reminded", in.ID + " repeated"}; !slices.Equal(r.channel.rings, want) || r.only().shows.State != Active {
			t.Errorf("calls %v, want %v", r.channel.rings, want)
		}
		r.set(nil)
		r.pass(2 * time.Minute)
		if _, err := r.Acknowledge(t.Context(), in.ID, ann); err == nil || err.Error() != in.ID+" is resolved already" {
			t.Errorf("acknowledging what is over: %v", err)
		}
		if _, err := r.Acknowledge(t.Context(), "memroy", ann); err == nil {
			t.Error("acknowledging nothing is no error")
		}
	})
}

// ANCHORS 6: no flapping; a thousand crossings are a handful of edits and one
// call, however fast they come.
func TestAThousandCrossingsAreAHandfulOfEditsAndOneCall(t *testing.T) {
	for name, period := range map[string]time.Duration{
		"each measurement": 15 * time.Second, "within the hold time": 30 * time.Second,
		"above the hold time": time.Minute, "above twice the hold time": 90 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil, "alerts.growth.enabled=false")
			r.away = true // nothing is saved, which is not what is looked at here
			for i := range 1000 {
				r.set(map[sample.Name]float64{sample.MemoryPercent: []float64{95, 40}[i%2]})
				r.passAway(period)
			}
			edits, calls, messages := r.channel.edits(), r.channel.calls(), len(r.channel.messages)
			if messages > 1 || edits > 8 || calls != messages {
				t.Errorf("%d messages, %d edits, %d calls", messages, edits, calls)
			}
			r.set(nil)
			r.passAway(2 * time.Hour)
			if got := len(r.open()); got != 0 {
				t.Errorf("%d incidents stay open", got)
			}
		})
	}
}

// passAway is pass without Redis.
func (r *rig) passAway(d time.Duration) {
	for end := r.clock.now.Add(d); r.clock.now.Before(end); {
		r.clock.now = r.clock.now.Add(15 * time.Second)
		measured, _ := r.probe.Probe(r.t.Context())
		r.take(measured, false)
		r.deliver(r.t.Context())
	}
}

// Redis being down is told although nothing can be saved, and silences the rest.
func TestAServerThatIsDownIsAnnouncedAndSavedLater(t *testing.T) {
	server := redistest.Standalone(t)
	r := newRig(t, server.Client())
	r.set(full())
	r.pass(time.Minute)
	server.Kill()
	r.set(map[sample.Name]float64{sample.Up: 0})
	r.pass(time.Minute)
	if len(r.channel.messages) != 2 || r.channel.messages[1].shows.Rule != "server_down" || !r.channel.messages[1].rang {
		t.Fatalf("the channel shows %v", r.channel.texts())
	}
	if memory := r.channel.messages[0].shows; memory.Inhibitor != "server_down" || memory.State != Active {
		t.Errorf("beside it, memory is %+v", memory)
	}
	server.Restart()
	r.set(nil)
	r.pass(2 * time.Minute)
	for _, m := range r.channel.messages {
		if m.shows.State != Resolved {
			t.Errorf("after it, %s is %s", m.shows.ID, m.shows.State)
		}
	}
	r.restart()
	r.pass(time.Minute)
	if list, err := r.List(t.Context()); err != nil || len(list) != 2 || len(r.channel.messages) != 2 {
		t.Errorf("Redis holds %d incidents, the channel %d, %v", len(list), len(r.channel.messages), err)
	}
}

func TestADrillGoesTheWholeWayAndEndsOfItself(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client())
	r.look()
	drill, err := r.Test(t.Context(), "oom_errors", ann)
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(t.Context())
	if m := r.only(); m.shows.Drill.IsZero() || !m.rang || m.shows.ID != drill.ID || m.shows.Words != "This is a drill: nothing is wrong." {
		t.Errorf("the drill shows as %+v", m.shows)
	}
	r.pass(90 * time.Second)
	if m := r.only(); m.shows.State != Resolved {
		t.Errorf("the drill is %s", m.shows.State)
	}
	if _, err := r.Test(t.Context(), "oom_error", ann); err == nil || err.Error() != "there is no rule `oom_error`. Did you mean `oom_errors`?" {
		t.Errorf("an unknown rule: %v", err)
	}
}

func TestASettingActsAtTheNextEvaluation(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.set(crowded())
	r.look()
	r.knobs.snapshot = values(t, "alerts.hold=0", "alerts.session_count.enabled=false", "alerts.rules=flood: sessions > 5000 && created_per_min > 5")
	r.pass(15 * time.Second)
	if len(r.channel.messages) != 2 || r.channel.messages[0].shows.State != Resolved || r.channel.messages[1].shows.Rule != "flood" {
		t.Fatalf("%v", r.channel.texts())
	}
	r.knobs.snapshot = values(t, "alerts.session_count=50000")
	r.pass(15 * time.Second)
	if len(r.open()) != 0 {
		t.Errorf("a rule that was taken out stays open: %v", r.open())
	}
}

// A group calls once; a graver one calls all the same.
func TestIncidentsOfOneCauseCallOnce(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.set(map[sample.Name]float64{sample.MemoryPercent: 85, sample.MemoryUsed: 1 << 30, sample.Fragmentation: 2})
	r.look()
	if n := r.channel.calls(); len(r.channel.messages) != 2 || n != 1 || r.channel.messages[0].shows.Group != r.channel.messages[1].shows.ID {
		t.Errorf("%d calls for two warnings of one cause: %v", n, r.channel.texts())
	}
	r.set(map[sample.Name]float64{sample.MemoryPercent: 97, sample.MemoryUsed: 1 << 30, sample.Fragmentation: 2})
	r.pass(time.Minute)
	if n := r.channel.calls(); len(r.channel.messages) != 3 || n != 2 {
		t.Errorf("%d calls with a critical one: %v", n, r.channel.texts())
	}
}

func TestAMessageThatWasDeletedIsMadeAgain(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.set(full())
	r.look()
	r.only().deleted = true
	r.set(nil)
	r.pass(time.Minute)
	if len(r.channel.messages) != 2 || r.channel.messages[1].shows.State != Resolved || r.channel.calls() != 1 {
		t.Errorf("%v, %d calls", r.channel.texts(), r.channel.calls())
	}
}

// Of an incident whose record and whose process are both lost only the message
// is left. It goes on there.
func TestAMessageIsTakenOverWhenAllElseIsLost(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.set(full())
	r.look()
	id := r.only().shows.ID
	if err := r.client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	r.restart()
	r.pass(time.Minute)
	if open := r.open(); len(open) != 1 || r.only().shows.ID != open[0].ID {
		t.Errorf("%v beside %v", open, r.channel.texts())
	}
	r.set(nil)
	r.pass(10 * time.Minute)
	if r.only().shows.State != Resolved {
		t.Errorf("%s stays %s", id, r.only().shows.State)
	}
}

// A clock that jumps, as after a machine slept, counts as one evaluation.
func TestAJumpOfTheClockIsNoHoldTime(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=5m")
	r.set(full())
	r.look()
	r.clock.now = r.clock.now.Add(10 * time.Hour)
	r.look()
	r.clock.now = r.clock.now.Add(-15 * time.Hour)
	r.pass(4 * time.Minute)
	if len(r.channel.messages) != 0 {
		t.Errorf("it fires by the jump: %v", r.channel.texts())
	}
	r.pass(time.Minute)
	r.only()
}
