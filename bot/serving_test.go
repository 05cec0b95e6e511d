package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
)

func TestTheOnlyGuildIsPinned(t *testing.T) {
	t.Parallel()
	p := &pin{}
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	start(t, d, echo, func(o *bot.Options) { o.Pin = p })
	d.Gateway().AwaitReady(1)
	acme.As("ann").Says("#ops", "!mine").Sees("!mine")
	if got, _ := p.Pinned(t.Context()); got != acme.ID {
		t.Errorf("%q is pinned, want %q", got, acme.ID)
	}
	other := d.Guild("Other").Text("#general").Join("eve")
	other.As("eve").Says("#general", "!theirs").SeesNothing(50 * time.Millisecond)
	acme.As("ann").Says("#ops", "!still").Sees("!still")
}

func TestOfSeveralGuildsNoneIsChosen(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	d.Guild("Other").Text("#general").Join("eve")
	r := start(t, d, echo)
	d.Gateway().AwaitReady(1)
	r.awaitLog(t, "serves none: set discord.guilds")
	acme.As("ann").Says("#ops", "!mine").SeesNothing(50 * time.Millisecond)
}

func TestConfiguredGuildsAreServed(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	other := d.Guild("Other").Text("#general").Join("eve")
	start(t, d, echo, func(o *bot.Options) {
		o.Guilds = []string{acme.ID}
		o.Pin = &pin{fault: errAway}
	})
	d.Gateway().AwaitReady(1)
	acme.As("ann").Says("#ops", "!ours").Sees("!ours")
	other.As("eve").Says("#general", "!theirs").SeesNothing(30 * time.Millisecond)
}

func TestAPinOutOfReachIsSaidAndWaitedFor(t *testing.T) {
	p := &pin{fault: errAway}
	_, acme, r := world(t, echo, func(o *bot.Options) {
		o.Pin = p
		o.Timing.Decision = 20 * time.Millisecond
	})
	acme.As("ann").Says("#ops", "!early").Sees("Nothing was run", "Redis, which does not answer")
	r.awaitLog(t, "connection refused")
	p.mend()
	await(t, "the pin", func() bool { got, _ := p.Pinned(t.Context()); return got == acme.ID })
	acme.As("ann").Says("#ops", "!now").Sees("!now")
}

func TestAWrongAddressIsFatal(t *testing.T) {
	t.Parallel()
	for _, c := range bot.Check(t.Context(), bot.Options{Token: "x", APIURL: "://", Log: nil}) {
		if c.Level != bot.Fatal || !strings.Contains(c.Detail, "discord.api_url") {
			t.Errorf("a wrong address answers %+v", c)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*discordtest.Discord, *discordtest.Guild, *bot.Options)
		options []discordtest.Option
		level   bot.Level
		finding string
		says    string
	}{
		{name: "all is well", level: bot.OK, finding: "Discord ops channel", says: "Helix has the rights"},
		{name: "token", level: bot.Fatal, finding: "Discord token", says: "refuses the token",
			prepare: func(_ *discordtest.Discord, _ *discordtest.Guild, o *bot.Options) { o.Token = "wrong" }},
		{name: "out of reach", level: bot.Fatal, finding: "Discord token", says: "out of reach",
			prepare: func(_ *discordtest.Discord, _ *discordtest.Guild, o *bot.Options) {
				o.APIURL = "http://127.0.0.1:1/api"
			}},
		{name: "intent", level: bot.Warning, finding: "Discord intents", says: "intent is off",
			options: []discordtest.Option{discordtest.WithoutIntents(discordtest.IntentMessageContent)}},
		{name: "starts", level: bot.Warning, finding: "Discord gateway", says: "3 more connections",
			prepare: func(d *discordtest.Discord, _ *discordtest.Guild, _ *bot.Options) {
				d.Gateway().LimitStarts(3, time.Hour)
			}},
		{name: "shards", level: bot.Warning, finding: "Discord gateway", says: "recommends 2 connections",
			prepare: func(d *discordtest.Discord, _ *discordtest.Guild, _ *bot.Options) { d.Gateway().RecommendShards(2) }},
		{name: "all its shards", level: bot.OK, finding: "Discord gateway", says: "are allowed today",
			prepare: func(d *discordtest.Discord, _ *discordtest.Guild, o *bot.Options) {
				d.Gateway().RecommendShards(2)
				o.Shards = bot.AutoShards
			}},
		{name: "invite", level: bot.OK, finding: "Discord invite", says: "scope=bot+applications.commands&permissions="},
		{name: "no server", level: bot.Warning, finding: "Discord servers", says: "not in 99999999",
			prepare: func(_ *discordtest.Discord, _ *discordtest.Guild, o *bot.Options) {
				o.Guilds = []string{"99999999999999999"}
			}},
		{name: "no ops channel", level: bot.Warning, finding: "Discord ops channel", says: "No ops channel",
			prepare: func(_ *discordtest.Discord, _ *discordtest.Guild, o *bot.Options) { o.OpsChannel = "" }},
		{name: "unknown ops channel", level: bot.Warning, finding: "Discord ops channel", says: "cannot be read",
			prepare: func(_ *discordtest.Discord, _ *discordtest.Guild, o *bot.Options) { o.OpsChannel = "99999999999999999" }},
		{name: "missing right", level: bot.Warning, finding: "Discord ops channel", says: "lacks Send Messages, Attach Files",
			prepare: func(_ *discordtest.Discord, g *discordtest.Guild, _ *bot.Options) {
				g.Deny("#ops", "helix", discordtest.SendMessages|discordtest.AttachFiles)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t, c.options...)
			acme := d.Guild("Acme").Text("#ops")
			o := bot.Options{Token: d.Token(), APIURL: d.URL(), OpsChannel: acme.ChannelID("#ops"), Pin: &pin{}}
			if c.prepare != nil {
				c.prepare(d, acme, &o)
			}
			for _, f := range bot.Check(t.Context(), o) {
				if strings.Contains(f.Detail+f.Mend, d.Token()) {
					t.Errorf("%s shows the token", f.Name)
				}
				if f.Name == c.finding {
					if f.Level != c.level || !strings.Contains(f.Detail, c.says) {
						t.Errorf("found %+v, want %q at level %d", f, c.says, c.level)
					}
					return
				}
			}
			t.Errorf("nothing was found of %s", c.finding)
		})
	}
}

// A server that is out for a while does not make another the only one.
func TestAnOutagePinsNobody(t *testing.T) {
	t.Parallel()
	p := &pin{}
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	other := d.Guild("Other").Text("#general").Join("eve")
	r := start(t, d, echo, func(o *bot.Options) { o.Pin = p })
	d.Gateway().AwaitReady(1)
	r.awaitLog(t, "serves none: set discord.guilds")
	acme.Outage()
	other.Outage()
	other.Restore()
	other.As("eve").Says("#general", "!theirs").SeesNothing(50 * time.Millisecond)
	if got, _ := p.Pinned(t.Context()); got != "" {
		t.Errorf("%q is pinned", got)
	}
	acme.Expel()
	await(t, "the other to be the only one", func() bool { return r.Status().Guilds == 1 })
}

func TestAnUnknownOpsChannelIsSaidAtTheStart(t *testing.T) {
	_, _, r := world(t, echo, func(o *bot.Options) { o.OpsChannel = "99999999999999999" })
	r.awaitLog(t, "Check discord.ops_channel")
}

func TestRightsInAThreadAreItsParents(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Thread("#ops", "alerts").Deny("#ops", "helix", discordtest.AttachFiles)
	o := bot.Options{Token: d.Token(), APIURL: d.URL(), OpsChannel: acme.ChannelID("alerts"), Pin: &pin{}}
	for _, f := range bot.Check(t.Context(), o) {
		if f.Name == "Discord ops channel" && !strings.Contains(f.Detail, "lacks Attach Files") {
			t.Errorf("found %+v", f)
		}
	}
}
