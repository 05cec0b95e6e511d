package commands_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/sample"
)

// almostFull measures a server whose memory is almost full.
type almostFull struct{}

func (almostFull) Probe(ctx context.Context) (sample.Sample, error) {
	return sample.Sample{At: time.Now(), Values: map[sample.Name]float64{
		sample.Up: 1, sample.MemoryUsed: 95 << 20, sample.MaxMemory: 100 << 20, sample.MemoryPercent: 95, sample.MemorySystem: 1 << 30,
	}}, ctx.Err()
}

// unseen shows incidents to nobody.
type unseen struct{}

func (unseen) Show(_ context.Context, in alerts.Incident) (alerts.Place, error) {
	return alerts.Place{Message: in.ID}, nil
}
func (unseen) Ring(context.Context, alerts.Incident) error    { return nil }
func (unseen) Announce(context.Context, alerts.Silence) error { return nil }
func (unseen) Shown(context.Context) ([]alerts.Shown, error)  { return nil, nil }

func TestAnIncidentCarriesItsCure(t *testing.T) {
	server := redistest.Any(t)
	s := newStage(t, server.URL(), map[string]string{"people": "local: local", "settings": "alerts.hold: 0\nalerts.interval: 1"})
	options := s.dispatcher.Options
	engine, err := alerts.New(alerts.Options{Client: s.client, Settings: options.Settings, Prober: almostFull{}, Notifier: unseen{}})
	if err != nil {
		t.Fatal(err)
	}
	options.Alerts = engine
	d := commands.New(options)
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { _ = engine.Run(ctx) })
	defer watching.Wait()
	defer cancel()
	redistest.Eventually(t, "an incident", func(ctx context.Context) bool {
		in, err := engine.Find(ctx, "memory")
		return err == nil && in.Open()
	})
	ask := func(text string) commands.Reply {
		return d.Handle(ctx, commands.Request{Text: text, Caller: permissions.Member{Local: true, Name: "local"}})
	}
	shown := ask("!alerts show memory")
	for _, part := range []string{"Memory is almost full (critical, firing)", "95.0% of maxmemory", "redis-cli CONFIG GET maxmemory → maxmemory, ", "redis-cli INFO memory | grep used_memory_human → used_memory_human:"} {
		if !strings.Contains(string(shown.Output), part) {
			t.Errorf("what is shown lacks %q:\n%s", part, shown.Output)
		}
	}
	if len(shown.Offers) < 3 || shown.Offers[0].Label != "Acknowledge" {
		t.Errorf("it offers %+v", shown.Offers)
	}
	fixes := ask("!alerts fix memory")
	if !strings.Contains(string(fixes.Output), "Raise maxmemory: !redis-cli CONFIG SET maxmemory 125mb\n") {
		t.Errorf("the fixes are\n%s", fixes.Output)
	}
	for _, o := range fixes.Offers {
		reply := d.Handle(ctx, commands.Request{Text: o.Line, Caller: permissions.Member{Local: true, Name: "local"}, AlwaysPlan: o.Plans})
		if reply.Outcome != commands.OK && reply.Outcome != commands.Unconfirmed {
			t.Errorf("%s: %s %s", o.Line, reply.Outcome, reply.Problem)
		}
		if strings.Contains(o.Line, "CONFIG SET") && reply.Plan == nil {
			t.Errorf("%s has no plan", o.Line)
		}
	}
	if got := server.Client().ConfigGet(ctx, "maxmemory").Val()["maxmemory"]; got != "0" {
		t.Errorf("a fix set maxmemory to %s without being confirmed", got)
	}
	if reply := ask("!alerts ack memory"); !strings.Contains(string(reply.Output), "local sees to memory-") {
		t.Errorf("%q %s", reply.Output, reply.Problem)
	}
	if in, err := engine.Find(ctx, "memory"); err != nil || in.State != alerts.Acknowledged {
		t.Errorf("%+v, %v", in, err)
	}
}

// Each of Helix's own rules has what the guide says about it: lines that only
// read, and fixes that are commands of Helix.
func TestEveryRuleHasItsCure(t *testing.T) {
	server := redistest.Any(t)
	s := newStage(t, server.URL(), map[string]string{"people": "local: local"})
	for _, r := range alerts.Rules() {
		in := alerts.Incident{ID: r.Name + "-1", Rule: r.Name, State: alerts.Active}
		lines := s.dispatcher.Diagnose(t.Context(), in)
		if r.Name != "server_down" && r.Name != "cluster_state" && len(lines) == 0 {
			t.Errorf("%s: there is no diagnosis", r.Name)
		}
		for _, l := range lines {
			if !strings.Contains(l, " → ") || strings.Contains(l, "\n") {
				t.Errorf("%s: %q", r.Name, l)
			}
		}
	}
}
