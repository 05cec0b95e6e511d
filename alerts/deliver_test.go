package alerts

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
)

// A message whose making was not heard of is found again: by a retry, by a new
// process, and after Discord has forgotten the nonce.
func TestALostAnswerMakesNoSecondMessage(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		for name, after := range map[string]func(*rig){
			"a retry":                   func(r *rig) {},
			"a new process":             func(r *rig) { r.restart() },
			"a new process, much later": func(r *rig) { r.restart(); r.clock.now = r.clock.now.Add(time.Hour) },
		} {
			if err := redistest.Flush(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			r := newRig(t, client, "alerts.hold=0")
			r.channel.next = func(op string) fate {
				if op == "show" {
					return lost
				}
				return works
			}
			r.set(full())
			r.look()
			r.channel.next = func(string) fate { return works }
			after(r)
			r.set(nil)
			r.pass(2 * time.Minute)
			if len(r.channel.messages) != 1 || r.channel.messages[0].shows.State != Resolved || r.channel.calls() != 1 {
				t.Errorf("%s: %v, %d calls", name, r.channel.texts(), r.channel.calls())
			}
		}
	})
}

// A message that Discord did not make twice may be an earlier one; it is brought
// up to date.
func TestAMessageFoundByItsNonceIsBroughtUpToDate(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	hidden := true
	r.channel.next = func(op string) fate {
		if op == "show" && hidden {
			return lost
		}
		return works
	}
	r.options.Notifier = blind{r.channel}
	r.set(map[sample.Name]float64{sample.Sessions: 20_000})
	r.look()
	if _, err := r.Acknowledge(t.Context(), "session_count", ann); err != nil {
		t.Fatal(err)
	}
	hidden = false
	r.pass(time.Minute)
	if m := r.only(); m.shows.State != Acknowledged {
		t.Errorf("%v", r.channel.texts())
	}
}

func TestCriticalIncidentsGoFirstAndOneThatFailsHoldsNoneUp(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	calls := 0
	r.channel.next = func(op string) fate {
		if op == "show" {
			if calls++; calls == 1 {
				return refused
			}
		}
		return works
	}
	r.set(map[sample.Name]float64{sample.Sessions: 20_000, sample.MaxMemory: 0, sample.AppendFailed: 1, sample.SystemPercent: 99})
	r.look()
	var rules []string
	for _, m := range r.channel.messages {
		rules = append(rules, m.shows.Rule)
	}
	if len(rules) != 3 || !slices.Contains([]string{"persistence", "system_memory"}, rules[0]) {
		t.Errorf("told in the order %v", rules)
	}
	r.pass(15 * time.Second)
	if len(r.channel.messages) != 4 {
		t.Errorf("%v", r.channel.texts())
	}
}

// A try that fails is followed by others, ever further apart, also where the
// clock is put back.
func TestRetriesSpreadOut(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0", "alerts.interval=1")
	shows := 0
	r.channel.next = func(op string) fate {
		if op == "show" {
			shows++
			return refused
		}
		return works
	}
	r.set(full())
	r.pass(5 * time.Minute)
	if shows < 8 || shows > 12 {
		t.Errorf("%d tries in five minutes", shows)
	}
	r.channel.next = func(string) fate { return works }
	r.clock.now = r.clock.now.Add(-5 * time.Hour)
	r.look()
	r.only()
}

// blind is a channel in which no message can be found.
type blind struct{ *channel }

func (blind) Shown(context.Context) ([]Shown, error) { return nil, nil }
