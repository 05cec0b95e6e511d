package discordtest_test

import (
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestForgettingWhatWasSaidBefore(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	d := discordtest.New(t, discordtest.WithClock(func() time.Time { return now }))
	acme := d.Guild("Acme").Text("#ops").Text("#talk").Join("ann")
	ann := acme.As("ann")
	kept, old := ann.Says("#ops", "one"), ann.Says("#talk", "one")
	now = now.Add(time.Minute)
	fresh := ann.Says("#talk", "two")
	acme.ForgetBefore(now, "#ops")
	if !old.Now().Deleted || kept.Now().Deleted || fresh.Now().Deleted {
		t.Errorf("in #ops is\n%s\nin #talk is\n%s", acme.In("#ops").Transcript(), acme.In("#talk").Transcript())
	}
	if got := len(acme.In("#talk").Messages()); got != 1 {
		t.Errorf("%d messages are left", got)
	}
}
