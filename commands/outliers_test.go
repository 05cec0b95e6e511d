package commands_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/sessions"
)

// outlying measures people and addresses with too much.
type outlying struct{ people, addresses []sample.Share }

func (o outlying) Probe(ctx context.Context) (sample.Sample, error) {
	return sample.Sample{At: time.Now(), People: o.people, Addresses: o.addresses, Values: map[sample.Name]float64{
		sample.Up: 1, sample.MaxMemory: 1 << 30, sample.PeopleOverLimit: float64(len(o.people)), sample.AddressesOverLimit: float64(len(o.addresses)),
	}}, ctx.Err()
}

// watchFor has incidents open at a desk for as long as its test runs.
func (d *desk) watchFor(measured outlying, rules ...string) *commands.Dispatcher {
	d.t.Helper()
	options := d.stage.dispatcher.Options
	engine, err := alerts.New(alerts.Options{Client: d.stage.client, Settings: options.Settings, Prober: measured, Notifier: unseen{}})
	if err != nil {
		d.t.Fatal(err)
	}
	options.Alerts = engine
	ctx, cancel := context.WithCancel(d.t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { _ = engine.Run(ctx) })
	d.t.Cleanup(func() { cancel(); watching.Wait() })
	for _, rule := range rules {
		redistest.Eventually(d.t, rule, func(ctx context.Context) bool {
			in, err := engine.Find(ctx, rule)
			return err == nil && in.Open()
		})
	}
	return commands.New(options)
}

func TestTheWorstPersonIsNamedAndTheirExtraSessionsEnd(t *testing.T) {
	d := newDeskWith(t, "alerts.hold: 0\nalerts.interval: 1\nredis.max_sessions_per_user: 5")
	var theirs []sessions.Token
	for range 8 {
		token, _ := d.create("o'brien $(x)")
		theirs = append(theirs, token)
	}
	another, _ := d.create("bob")
	used := theirs[0] // the first one, and the one used last
	if _, err := d.store.Validate(t.Context(), used, "203.0.113.7"); err != nil {
		t.Fatal(err)
	}
	dispatcher := d.watchFor(outlying{
		people:    []sample.Share{{Name: "o'brien $(x)", Count: 8}, {Name: "session:3f2a9c0112e4d8773f2a9c0112e4d877", Count: 7}},
		addresses: []sample.Share{{Name: "203.0.113.7", Count: 9}},
	}, "people_over_limit", "addresses_over_limit")
	diagnosis := func(rule string) string {
		return strings.Join(dispatcher.Diagnose(t.Context(), alerts.Incident{ID: rule + "-1", Rule: rule, State: alerts.Active}), "\n")
	}
	people := diagnosis("people_over_limit")
	for _, want := range []string{"most sessions → 8 o'brien $(x), 7 session:3f2a9c01…", "sessions count → ", "redis.max_sessions_per_user → 5"} {
		if !strings.Contains(people, want) {
			t.Errorf("the diagnosis lacks %q:\n%s", want, people)
		}
	}
	addresses := diagnosis("addresses_over_limit")
	for _, want := range []string{"most made within the hour → 9 203.0.113.7", "sessions who 203.0.113.7 → 8 o'brien $(x), used "} {
		if !strings.Contains(addresses, want) {
			t.Errorf("the diagnosis lacks %q:\n%s", want, addresses)
		}
	}
	if steps := dispatcher.NextSteps(alerts.Incident{ID: "addresses_over_limit-1", Rule: "addresses_over_limit", State: alerts.Active}); len(steps) != 1 || steps[0].Line != "!sessions who 203.0.113.7" {
		t.Errorf("the steps are %+v", steps)
	}
	steps := dispatcher.NextSteps(alerts.Incident{ID: "people_over_limit-1", Rule: "people_over_limit", State: alerts.Active})
	if len(steps) != 2 || steps[0].Label != "End the extra sessions of o'brien $(x)" {
		t.Fatalf("the steps are %+v", steps)
	}
	if got := d.ask(steps[0].Line); !strings.Contains(got, "Plan: end 3 sessions of 1 person.") {
		t.Fatalf("%s: %s", steps[0].Line, got)
	}
	if d.ended(theirs[1]) {
		t.Fatal("a session has ended without a confirmation")
	}
	if got := d.ask("[Confirm forever]"); !strings.Contains(got, "Ended 3 sessions.") {
		t.Fatalf("confirmed: %s", got)
	}
	for i, token := range theirs {
		if got, want := d.ended(token), 1 <= i && i <= 3; got != want {
			t.Errorf("session %d has ended: %t", i, got)
		}
	}
	if d.ended(another) {
		t.Error("somebody else's session has ended")
	}
	if got := d.ask(steps[0].Line); !strings.Contains(got, "o'brien $(x) has no more than the 5 sessions that one person may have.") {
		t.Errorf("again: %s", got)
	}
}

// Nobody is named on a button whose name would be masked in the channel, or is no
// text that can be typed.
func TestNobodyIsNamedWhoMayNotBe(t *testing.T) {
	for _, name := range []string{"session:3f2a9c0112e4d8773f2a9c0112e4d877", "two\nlines", "nul\x00", ""} {
		d := newDeskWith(t, "alerts.hold: 0\nalerts.interval: 1")
		dispatcher := d.watchFor(outlying{people: []sample.Share{{Name: name, Count: 8}}}, "people_over_limit")
		for _, o := range dispatcher.NextSteps(alerts.Incident{Rule: "people_over_limit", State: alerts.Active}) {
			if strings.Contains(o.Line, "--extra") {
				t.Errorf("%q: proposed is %q", name, o.Line)
			}
		}
	}
}

func TestExtraSessionsAreThoseOfOnePersonAlone(t *testing.T) {
	d := newDesk(t)
	for range 3 {
		d.create("ann")
	}
	for i := range 7 { // of other software, which names them in the key alone
		if err := d.stage.client.Set(t.Context(), fmt.Sprintf("session:user:carl:%d", i), `{"last_accessed":`+fmt.Sprint(100-i)+`}`, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for line, want := range map[string]string{
		"!sessions end --user ann --extra":            "ann has no more than the 5 sessions that one person may have.",
		"!sessions end --user nobody --extra":         "nobody has no more than the 5 sessions",
		"!sessions end --extra":                       "`--extra` ends the sessions of one `--user`",
		"!sessions end --user ann --extra --except 1": "and takes no `--except`",
		"!sessions end 1 --extra":                     "`--extra` ends the sessions of one `--user`",
		"!sessions end --user ann 1 --extra":          "`--user` names a person",
	} {
		if got := d.ask(line); !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := d.ask("!sessions end --user carl --extra"); !strings.Contains(got, "Plan: end 2 sessions of 1 person.") || !strings.Contains(got, "session:user:carl:5, session:user:carl:6") {
		t.Errorf("of carl: %s", got)
	}
	if got := d.ask("[Confirm forever]"); !strings.Contains(got, "Ended 2 sessions.") {
		t.Errorf("confirmed: %s", got)
	}
}
