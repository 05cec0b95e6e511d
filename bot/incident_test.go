package bot_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

// memory is an incident as the engine hands it out first.
func memory(revision int) alerts.Incident {
	at := time.Date(2026, 11, 27, 14, 2, 0, 0, time.UTC)
	return alerts.Incident{
		ID: "memory-k7f3", Rule: "memory", Summary: "Memory is almost full", Severity: alerts.Critical, State: alerts.Active,
		Since: at, Fired: at.Add(30 * time.Second), Words: "Memory use is at 93.0% of maxmemory; the threshold is 90%.",
		Ring:     alerts.Ring{Number: 1, At: at, Occasion: alerts.Began},
		Timeline: []alerts.Event{{At: at, Text: "It fired."}}, Revision: revision,
	}
}

// watching starts a bot that shows incidents in #ops, and rings the role oncall.
func watching(t *testing.T, h handler) (*bot.Notifier, *discordtest.Guild, *running, *int) {
	t.Helper()
	_, acme, r := world(t, nil, func(o *bot.Options) { o.Handler = h })
	acme.Grant("helix", discordtest.MentionEveryone) // or the role could be pinged by anybody
	role := acme.RoleID("oncall")
	diagnoses := 0
	return r.Notifier(bot.Incidents{
		Channel: func() string { return acme.ChannelID("#ops") }, Role: func() string { return role }, Prefix: func() string { return "!" },
		Diagnose: func(context.Context, alerts.Incident) []string {
			diagnoses++
			return []string{"redis-cli CONFIG GET maxmemory → maxmemory, 104857600", "@everyone ``` look"}
		},
		Steps: func(alerts.Incident) []commands.Offer {
			return []commands.Offer{{Label: "Clean up now", Line: "!sessions cleanup"}}
		},
		Chart: func(context.Context, alerts.Incident) ([]byte, error) { return []byte("\x89PNG chart"), nil },
	}), acme, r, &diagnoses
}

func TestAnIncidentIsOneMessage(t *testing.T) {
	n, acme, r, diagnoses := watching(t, echo)
	in := memory(1)
	place, err := n.Show(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	shown := acme.In("#ops").Sees("Memory is almost full", "93.0% of maxmemory", "CONFIG GET maxmemory → maxmemory, 104857600", "memory-k7f3")
	if shown.ID != place.Message || place.Thread != place.Message {
		t.Errorf("it is at %+v, not at %s", place, shown.ID)
	}
	if got := labels(shown); got != "Acknowledge Silence 15 min 1 h Until resolved Details Clean up now" {
		t.Errorf("its buttons are %s", got)
	}
	if f, ok := shown.File("last-hour.png"); !ok || !bytes.HasPrefix(f.Data, []byte("\x89PNG")) {
		t.Error("it has no chart")
	}
	if !slices.Equal(shown.Pings, []string{"@oncall"}) {
		t.Errorf("it rings %q", shown.Pings)
	}
	in.Delivery = alerts.Delivery{Message: place.Message, Thread: place.Thread, Revision: 1, Ring: 1}
	in.State, in.Owner, in.Revision = alerts.Acknowledged, &alerts.Owner{Person: alerts.Person{ID: acme.UserID("ann"), Name: "ann"}, At: in.Since}, 2
	in.Timeline = append(in.Timeline, alerts.Event{At: in.Since.Add(time.Minute), Text: "Acknowledged by ann."})
	if again, err := n.Show(t.Context(), in); err != nil || again != place {
		t.Errorf("then it is at %+v, %v", again, err)
	}
	if got := labels(shown.Becomes("ann sees to it")); !strings.HasPrefix(got, "Give back ") {
		t.Errorf("its buttons became %s", got)
	}
	in.State, in.Resolved, in.Revision = alerts.Resolved, in.Since.Add(12*time.Minute), 3
	if _, err := n.Show(t.Context(), in); err != nil {
		t.Error(err)
	}
	if got := labels(shown.Becomes("resolved after 12 min")); got != "Details" {
		t.Errorf("its buttons became %s", got)
	}
	if *diagnoses != 1 {
		t.Errorf("it was diagnosed %d times", *diagnoses)
	}
	if all := acme.In("#ops").Messages(); len(all) != 1 {
		t.Errorf("there are %d messages", len(all))
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

func TestAnIncidentsButtonsSayLines(t *testing.T) {
	n, acme, _, _ := watching(t, proposes())
	if _, err := n.Show(t.Context(), memory(1)); err != nil {
		t.Fatal(err)
	}
	shown := acme.In("#ops").Sees("Memory is almost full")
	for label, line := range map[string]string{
		"Acknowledge": "!alerts ack memory-k7f3", "1 h": "!silence memory-k7f3 1h", "Silence 15 min": "!silence memory-k7f3 15m",
		"Until resolved": "!silence memory-k7f3 until-resolved", "Details": "!alerts show memory-k7f3", "Clean up now": "!sessions cleanup",
	} {
		acme.As("ann").Clicks(shown, label)
		acme.In("#ops").Sees("ann said " + line)
	}
}

func TestACallIsAMessageThatRings(t *testing.T) {
	n, acme, _, _ := watching(t, echo)
	in := memory(1)
	place, err := n.Show(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	acme.In("#ops").Sees("Memory is almost full")
	in.Delivery = alerts.Delivery{Message: place.Message, Ring: 1, Revision: 1}
	in.Ring.Number, in.Ring.Occasion = 2, alerts.Repeated
	for range 2 { // the first response may have been lost
		if err := n.Ring(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	called := acme.In("#ops").Sees("Nobody has acknowledged this yet.")
	if !strings.HasPrefix(called.Content, "<@&"+acme.RoleID("oncall")+">") {
		t.Errorf("it says %q", called.Content)
	}
	in.Ring.Number, in.Ring.Occasion, in.State = 3, alerts.Reminded, alerts.Acknowledged
	in.Owner = &alerts.Owner{Person: alerts.Person{ID: acme.UserID("ann"), Name: "ann"}}
	if err := n.Ring(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if reminded := acme.In("#ops").Sees("You acknowledged this"); !strings.HasPrefix(reminded.Content, "<@"+acme.UserID("ann")+">") {
		t.Errorf("it says %q", reminded.Content)
	}
	if all := acme.In("#ops").Messages(); len(all) != 3 {
		t.Errorf("there are %d messages", len(all))
	}
}

// A bot that knows nothing any more finds what it showed.
func TestShownIncidentsAreFound(t *testing.T) {
	n, acme, _, _ := watching(t, echo)
	open, over := memory(1), memory(1)
	over.ID, over.State, over.Resolved = "no_ttl-22ab", alerts.Resolved, over.Since.Add(time.Hour)
	for _, in := range []alerts.Incident{open, over} {
		if _, err := n.Show(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	acme.As("ann").Says("#ops", "memory-k7f3 is what I look at")
	found, err := n.Shown(t.Context())
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, s := range found {
		want := map[string]string{"memory-k7f3": "memory true", "no_ttl-22ab": "no_ttl false"}[s.ID]
		if got := fmt.Sprint(s.Rule, " ", s.Open); got != want || s.Message == "" {
			t.Errorf("%+v", s)
		}
	}
}

func TestADeletedIncidentIsSaidToBeGone(t *testing.T) {
	n, acme, _, _ := watching(t, echo)
	in := memory(1)
	place, err := n.Show(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	acme.In("#ops").Sees("Memory is almost full")
	in.Delivery = alerts.Delivery{Message: "1" + place.Message[1:len(place.Message)-1] + "0", Revision: 1, Ring: 1}
	if _, err := n.Show(t.Context(), in); err != alerts.ErrGone {
		t.Errorf("%v", err)
	}
}

func TestSilencesAreAnnounced(t *testing.T) {
	n, acme, _, _ := watching(t, echo)
	now := time.Now()
	s := alerts.Silence{ID: "silence-1", Target: "memory", Reason: "resize @everyone", By: alerts.Person{Name: "ann"}, From: now, Until: now.Add(time.Hour)}
	for range 2 {
		if err := n.Announce(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	acme.In("#ops").Sees("ann silenced **memory** until", "resize")
	s.Ended, s.Withheld = now.Add(time.Hour), 2
	if err := n.Announce(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	acme.In("#ops").Sees("**memory** is heard again.", "2 incidents came and went")
	if all := acme.In("#ops").Messages(); len(all) != 2 {
		t.Errorf("there are %d messages", len(all))
	}
}
