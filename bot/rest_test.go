package bot_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
)

func TestAnAnswerArrivesOnceWhateverDiscordDoes(t *testing.T) {
	for name, faults := range map[string][]discordtest.Fault{
		"500":                  {discordtest.Status(500)},
		"502 and 503":          {discordtest.Status(502), discordtest.Status(503)},
		"a lost request":       {discordtest.Drop()},
		"a lost response":      {discordtest.Applied(discordtest.Drop())},
		"502 after it is done": {discordtest.Applied(discordtest.Status(502))},
		"429":                  {discordtest.TooMany(50 * time.Millisecond)},
		"429 for everything":   {discordtest.TooManyGlobally(50 * time.Millisecond)},
		"429 from the proxy":   {discordtest.TooManyHTML(50 * time.Millisecond)},
		"a slow answer":        {discordtest.Delay(100 * time.Millisecond)},
	} {
		t.Run(name, func(t *testing.T) {
			d, acme, _ := world(t, echo)
			d.FailNext("create_message", faults...)
			acme.As("ann").Says("#ops", "!one").Sees("!one")
			acme.As("ann").Says("#ops", "!two").Sees("!two")
			acme.In("#ops").SeesNothing(30 * time.Millisecond)
		})
	}
}

func TestARateLimitIsKept(t *testing.T) {
	d, acme, _ := world(t, echo)
	d.Limit("create_message", 2, 150*time.Millisecond)
	for range 6 {
		acme.As("ann").Says("#ops", "!again")
	}
	for range 6 {
		acme.In("#ops").Sees("!again")
	}
	refused := 0
	for _, r := range d.RequestsTo("create_message") {
		if r.Status == 429 {
			refused++
		}
	}
	if refused > 0 {
		t.Errorf("%d requests were refused although the headers announce the limit", refused)
	}
}

// An event may come without the author's roles, and Discord may not answer
// who that is: then nobody knows what they may.
func TestWhoAsksMustBeKnown(t *testing.T) {
	d, acme, _ := world(t, echo)
	said := acme.As("ann").Says("#ops", "hello")
	d.FailNext("get_guild_member", discordtest.Status(403))
	d.Gateway().Inject("MESSAGE_CREATE", fmt.Sprintf(
		`{"id":%q,"channel_id":%q,"guild_id":%q,"content":"!who","author":{"id":%q,"username":"ann"}}`,
		said.ID, acme.ChannelID("#ops"), acme.ID, acme.UserID("ann")))
	said.Sees("Your roles could not be read from Discord, so nothing was run")
}

// Whoever of several instances says it, and however often.
func TestWhatIsAnnouncedIsSaidOnceAndAsWords(t *testing.T) {
	d, acme, r := world(t, echo, func(o *bot.Options) { o.OpsChannel = "" })
	if err := r.Announce(t.Context(), "x", "y"); !errors.Is(err, bot.ErrNoOpsChannel) {
		t.Errorf("without a channel it answers %v", err)
	}
	ops := func(o *bot.Options) { o.OpsChannel = acme.ChannelID("#ops") }
	for range 2 {
		other := start(t, d, echo, ops)
		d.FailNext("create_message", discordtest.Applied(discordtest.Drop()))
		for range 2 {
			if err := other.Announce(t.Context(), "audit head of 2026-01-31", "Audit head: @everyone "+acme.Mention("ann")+" https://example.org"); err != nil {
				t.Fatal(err)
			}
		}
	}
	said := acme.In("#ops").Sees("Audit head")
	if len(said.Pings) > 0 || strings.Contains(said.Content, acme.Mention("ann")) || strings.Contains(said.Content, "https://") {
		t.Errorf("it is %q and rings %q", said.Content, said.Pings)
	}
	acme.In("#ops").SeesNothing(0)
	d.FailNext("create_message", discordtest.Status(403))
	if err := start(t, d, echo, ops).Announce(t.Context(), "another", "text"); err == nil {
		t.Error("what Discord refuses is taken for said")
	}
}

func TestAnAnnouncementIsNotDoubled(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t, discordtest.WithoutIntents(discordtest.IntentMessageContent))
	acme := d.Guild("Acme").Text("#ops")
	d.FailNext("create_message", discordtest.Applied(discordtest.Drop()))
	start(t, d, echo, func(o *bot.Options) { o.OpsChannel = acme.ChannelID("#ops") })
	d.Gateway().AwaitReady(1)
	acme.In("#ops").Sees("message-content intent")
	await(t, "the second attempt", func() bool { return len(d.RequestsTo("create_message")) == 2 })
	acme.In("#ops").SeesNothing(30 * time.Millisecond)
}
