package bot_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
)

// greeted remembers in memory which servers were greeted, or fails.
type greeted struct {
	mu    sync.Mutex
	known map[string]bool
	fault error
}

func (g *greeted) Greet(_ context.Context, guild string) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := !g.known[guild]
	if g.known == nil {
		g.known = make(map[string]bool)
	}
	g.known[guild] = true
	return first, g.fault
}

const introduction = "Ops channel  none\nNext         the server's owner says !setup ops channel:ID\n"

// uninvited is a server that the bot, which is running, is not in yet.
func uninvited(t *testing.T, change ...func(*bot.Options)) (*discordtest.Discord, *discordtest.Guild, *running) {
	t.Helper()
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme **bold**").Text("#general").System("#general").Join("ann").Owner("olga")
	acme.Expel()
	greets := func(o *bot.Options) {
		o.Greeted, o.Introduce = &greeted{}, func() string { return introduction }
	}
	r := start(t, d, echo, append([]func(*bot.Options){greets}, change...)...)
	d.Gateway().AwaitReady(1)
	r.awaitLog(t, "connected to Discord")
	return d, acme, r
}

// canReadTheLog lets the bot read who invited it.
const canReadTheLog = discordtest.ViewAuditLog | discordtest.ViewChannel | discordtest.SendMessages

func TestWhoeverInvitesHelixIsTold(t *testing.T) {
	_, acme, _ := uninvited(t)
	acme.Grant("helix", canReadTheLog)
	acme.Invite("ann")
	said := acme.As("ann").Direct().Sees("Helix is in", "Acme", "Ops channel", "!setup ops channel:ID")
	if len(said.Pings) > 0 {
		t.Errorf("it rings %v", said.Pings)
	}
	acme.As("ann").Says("#general", "!hello").Sees("!hello")
	if n := len(acme.As("olga").Direct().Messages()) + len(acme.As("ann").Direct().Messages()); n != 1 {
		t.Errorf("%d messages were sent", n)
	}
}

func TestTheOwnerIsToldWhereTheLogIsClosed(t *testing.T) {
	d, acme, _ := uninvited(t)
	acme.Invite("ann")
	acme.As("olga").Direct().Sees("Helix is in")
	for _, r := range d.Requests() {
		if r.Operation == "list_guild_audit_log_entries" {
			t.Error("the audit log was asked without the right to it")
		}
	}
}

func TestTheSystemChannelIsToldWhereDirectMessagesAreClosed(t *testing.T) {
	_, acme, _ := uninvited(t)
	acme.As("olga").RefusesDirect()
	acme.Invite("ann")
	acme.In("#general").Sees("Helix is in", "Ops channel")
}

func TestNobodyIsGreetedTwice(t *testing.T) {
	d, acme, r := uninvited(t)
	acme.Invite("ann")
	acme.As("olga").Direct().Sees("Helix is in")
	acme.Outage()
	acme.Restore()
	d.Gateway().Drop()
	d.Gateway().AwaitReady(2)
	acme.Expel()
	acme.Invite("ann")
	r.awaitLog(t, "connected to Discord again")
	acme.As("ann").Says("#general", "!hello").Sees("!hello")
	acme.As("olga").Direct().SeesNothing(30 * time.Millisecond)
}

// A server that Helix was in at the start has been greeted, or needs no greeting.
func TestServersOfTheStartAreNotGreeted(t *testing.T) {
	_, acme, _ := world(t, echo, func(o *bot.Options) { o.Greeted = &greeted{} })
	acme.As("ann").Says("#ops", "!hello").Sees("!hello")
	acme.As("owner").Direct().SeesNothing(30 * time.Millisecond)
}

func TestAServerThatIsNotServedIsToldHowToBe(t *testing.T) {
	_, acme, _ := uninvited(t, func(o *bot.Options) { o.Guilds = []string{"1"} })
	acme.Invite("ann")
	said := acme.As("olga").Direct().Sees("discord.guilds", acme.ID)
	if strings.Contains(said.Content, "\n") || strings.Contains(said.Content, "Ops channel") {
		t.Errorf("it says more than one line: %q", said.Content)
	}
}

func TestNothingIsSaidWhereAnotherServerIsPinned(t *testing.T) {
	_, acme, r := uninvited(t, func(o *bot.Options) { o.Pin = &pin{guild: "1"} })
	acme.Invite("ann")
	r.awaitLog(t, "another one is pinned")
	acme.As("olga").Direct().SeesNothing(20 * time.Millisecond)
	acme.In("#general").SeesNothing(0)
}

func TestNobodyIsGreetedWhereThatCannotBeRemembered(t *testing.T) {
	_, acme, r := uninvited(t, func(o *bot.Options) { o.Greeted = &greeted{fault: errAway} })
	acme.Invite("ann")
	r.awaitLog(t, "so it is not")
	acme.As("olga").Direct().SeesNothing(20 * time.Millisecond)
}

// The greeting waits for the decision, which Redis has to make.
func TestTheGreetingComesOnceItIsDecidedWhoIsServed(t *testing.T) {
	p := &pin{fault: errAway}
	_, acme, r := uninvited(t, func(o *bot.Options) { o.Pin = p })
	acme.Invite("ann")
	r.awaitLog(t, "does not answer")
	acme.As("olga").Direct().SeesNothing(20 * time.Millisecond)
	p.mend()
	acme.As("olga").Direct().Sees("Helix is in", "Ops channel")
}

func TestTheOpsChannelChangesWhileTheBotRuns(t *testing.T) {
	_, acme, r := world(t, echo)
	r.SpeakIn(acme.ChannelID("#ops"))
	acme.In("#ops").Sees("speaks up in this channel")
	r.SpeakIn(acme.ChannelID("#ops"))
	if err := r.Announce(t.Context(), "x", "Memory is short."); err != nil {
		t.Error(err)
	}
	acme.In("#ops").Sees("Memory is short.")
	r.SpeakIn(acme.ChannelID("#talk"))
	acme.In("#talk").Sees("speaks up in this channel")
	acme.In("#ops").SeesNothing(0)
	r.SpeakIn("99999999999999999")
	r.awaitLog(t, "the ops channel cannot be written to")
}

func TestMentionsOfRolesAndChannelsAreWords(t *testing.T) {
	_, acme, _ := world(t, echo)
	ops, role := acme.ChannelID("#ops"), acme.RoleID("oncall")
	acme.As("ann").Says("#ops", "!setup <#"+ops+"> <@&"+role+"> '<#"+ops+">'").
		Sees("!setup channel:"+ops+" role:"+role, "'<#"+ops+">'")
}
