package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

// failing has Discord fail to take messages.
func failing(operation string) discordtest.Fault {
	if operation == "create_message" {
		return discordtest.Status(503)
	}
	return discordtest.Fault{}
}

// What could not be delivered is said once in its channel as soon as Discord
// takes messages again.
func TestLostAnswersAreOwnedUpTo(t *testing.T) {
	d, acme, r := world(t, echo, func(o *bot.Options) {
		o.Timing.Repeat, o.Timing.Retell = time.Microsecond, time.Millisecond
	})
	d.FailWith(failing)
	for _, text := range []string{"!one", "!two", "!three"} {
		asked := acme.As("ann").Says("#ops", text)
		r.awaitLog(t, "message="+asked.ID)
	}
	d.FailWith(nil)
	told := 0
	for told < 3 {
		text := acme.In("#ops").Sees("could not be delivered here at <t:", "may have been carried out").Content
		told += strings.Index("_A2 3", text[:1])
	}
	acme.As("ann").Says("#ops", "!four").Sees("!four")
	acme.In("#ops").SeesNothing(30 * time.Millisecond)
	if told != 3 || r.Outbound().GivenUp < 3 {
		t.Errorf("%d are told of, of %+v", told, r.Outbound())
	}
}

// A channel that may not be written to is not told, but complained of.
func TestARefusedAnswerIsNoLostOne(t *testing.T) {
	d, acme, r := world(t, echo, func(o *bot.Options) { o.Timing.Retell = time.Millisecond })
	d.FailNext("create_message", discordtest.Status(403))
	acme.As("ann").Says("#ops", "!one")
	r.awaitLog(t, "an answer could not be sent")
	acme.As("ann").Says("#ops", "!two").Sees("!two")
	acme.In("#ops").SeesNothing(30 * time.Millisecond)
}

// More refusals than can be sent at a time are owned up to as well.
func TestACrowdOfRefusalsIsOwnedUpTo(t *testing.T) {
	release := make(chan struct{})
	d, acme, _ := world(t, func(ctx context.Context, req commands.Request) commands.Reply {
		<-release
		return echo(ctx, req)
	})
	d.FailWith(func(operation string) discordtest.Fault {
		if operation == "create_message" {
			return discordtest.Delay(50 * time.Millisecond)
		}
		return discordtest.Fault{}
	})
	for range 80 {
		acme.As("ann").Says("#ops", "!again")
	}
	acme.In("#ops").Sees("could not be delivered here")
	d.FailWith(nil)
	close(release)
	acme.In("#ops").Sees("!again")
}

// A press is not kept from stopping a program by an edit that waits for Discord.
func TestAStopDoesNotWaitForAnEdit(t *testing.T) {
	d, acme, _ := world(t, untilStopped(nil), soon)
	shown := acme.As("ann").Says("#ops", "!slow").Sees("Running")
	d.FailNext("update_message", discordtest.TooMany(2500*time.Millisecond))
	await(t, "an edit that waits", func() bool {
		all := d.RequestsTo("update_message")
		return len(all) > 0 && all[len(all)-1].Status == 429
	})
	if got := acme.As("ann").Clicks(shown, "Stop").Acknowledged(); got != 7 { // deferred, it would be 6
		t.Errorf("the press was answered by %d", got)
	}
	if answer := shown.Becomes("Stopped."); strings.Contains(answer.Content, "Running") {
		t.Errorf("it shows %s", answer)
	}
}
