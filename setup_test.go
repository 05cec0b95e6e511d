package main

import (
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
)

// What the owner sets up holds at once, for everybody, and after a restart.
func TestSetupOnDiscord(t *testing.T) {
	redis := "REDIS_URL=" + redistest.Any(t).URL()
	acme := newPlace(t)
	acme.Role("helpdesk").Join("sam", "helpdesk")
	one := acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(1)
	sam := acme.As("sam")
	sam.Says("#ops", "!redis dbsize").Sees("You need **read**")
	acme.As("ann").Says("#ops", "!setup role support "+acme.Mention("helpdesk")).Sees("Only the owner of the server")
	acme.As("olga").Says("#ops", "!setup role support "+acme.Mention("helpdesk")).
		Sees("discord.roles = support:" + acme.RoleID("helpdesk") + " (was -)")
	sam.Says("#ops", "!redis exists x").Sees("0")
	sam.Says("#ops", "!config set alerts.no_ttl=3").Sees("You need **configure**")
	shown := acme.As("olga").Says("#ops", "!setup").Sees("Ops channel", "support: "+acme.RoleID("helpdesk"))
	acme.As("olga").Picks(shown, "Ops channel: where Helix speaks up", acme.ChannelID("#talk"))
	acme.In("#ops").Sees(acme.ChannelID("#talk") + " (was " + acme.ChannelID("#ops") + ")")
	acme.In("#talk").Sees("speaks up in this channel")
	acme.As("olga").Says("#ops", "!setup prefix ?").Sees("discord.prefix = ? (was !)")
	acme.As("ann").Says("#ops", "?config history discord.prefix").Sees("olga", "setup", "discord.prefix = ? (was !)")
	one.stop(t)

	acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(2)
	sam.Says("#ops", "?redis exists x").Sees("0")
	sam.Says("#ops", "!redis exists x").SeesNothing(50 * time.Millisecond)
	acme.As("olga").Says("#ops", "?audit --verb setup").Sees("setup prefix")
}

// The first invitation is greeted once, whichever process was there.
func TestAnInvitationIsGreetedOnce(t *testing.T) {
	redis := "REDIS_URL=" + redistest.Any(t).URL()
	acme := newPlace(t)
	acme.Expel()
	one := acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(1)
	acme.Invite("ann")
	acme.As("olga").Direct().Sees("Helix is in", "Ops channel", acme.ChannelID("#ops"), "oncall: "+acme.RoleID("oncall"))
	one.stop(t)

	acme.Expel()
	acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(2)
	acme.Invite("ann")
	acme.As("ann").Says("#ops", "!redis dbsize").Sees("1 line")
	acme.As("olga").Direct().SeesNothing(50 * time.Millisecond)
}
