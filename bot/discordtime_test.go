package bot_test

import (
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
)

// offBy are clocks that are apart from the local one.
func offBy() map[string]time.Duration {
	return map[string]time.Duration{"ahead": 10 * time.Minute, "behind": -10 * time.Minute}
}

// TestAMessageIsAsOldAsDiscordSays has a local clock that is ten minutes off: what
// was just edited, or said in a gap, is acted on all the same.
func TestAMessageIsAsOldAsDiscordSays(t *testing.T) {
	for name, off := range offBy() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t, discordtest.WithClock(func() time.Time { return time.Now().Add(off) }))
			acme := d.Guild("Acme").Text("#ops").Join("ann")
			start(t, d, echo)
			d.Gateway().AwaitReady(1)
			said := acme.As("ann").Says("#ops", "hello")
			acme.As("ann").Edits(said, "!edited")
			acme.In("#ops").Sees("!edited")
			d.Gateway().Refuse()
			d.Gateway().Drop()
			d.Gateway().AwaitGone()
			acme.As("ann").Says("#ops", "!in the gap")
			d.Gateway().Accept()
			acme.In("#ops").Sees("!in the gap")
		})
	}
}

// TestAPlanLapsesByTheTimeOfItsStore has a store of plans, that is Redis, whose
// clock is ten minutes from the local one.
func TestAPlanLapsesByTheTimeOfItsStore(t *testing.T) {
	for name, off := range offBy() {
		now := func() time.Time { return time.Now().Add(off) }
		theirs := func(o *bot.Options) { o.Now = now }
		t.Run(name+", waiting", func(t *testing.T) {
			p := plans(func(p *planner) { p.plan.Until = now().Add(2 * time.Minute) })
			_, acme, _ := world(t, nil, p.serves, theirs)
			shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK of 3 keys")
			acme.In("#ops").SeesNothing(100 * time.Millisecond)
			acme.As("ann").Clicks(shown, "Confirm")
			shown.Becomes("3 of 3 keys unlinked")
		})
		t.Run(name+", lapsing", func(t *testing.T) {
			p := plans(func(p *planner) { p.plan.Until = now().Add(50 * time.Millisecond) })
			_, acme, _ := world(t, nil, p.serves, theirs)
			acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK").Becomes("has lapsed")
		})
	}
}
