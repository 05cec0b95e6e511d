package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

func TestWhatWasLeftOutIsAskedForInALargeField(t *testing.T) {
	_, acme, _ := slashWorld(t, echo)
	used := acme.As("ann").Slash("#ops", "redis", nil)
	form := used.Form()
	if form.Title != "/redis" || len(form.Fields) != 1 || form.Fields[0].Label != "command" || form.Fields[0].MaxLength != 4000 {
		t.Errorf("the form is %+v", form)
	}
	submitted := acme.As("ann").Submits(used, map[string]string{form.Fields[0].CustomID: "keys *\ndbsize"})
	if shown := submitted.Sees("!redis command=keys *\ndbsize"); shown.Ephemeral || submitted.Acknowledged() != 4 {
		t.Errorf("the answer is %s", shown)
	}
}

func TestSuggestionsAreAskedForAsWhoTypes(t *testing.T) {
	f := sampleForms()
	_, acme, _ := slashWorld(t, echo, func(o *bot.Options) { o.Slash, o.Redact = f, true })
	got := acme.As("ann").Completes("#ops", "redis", "command", discordtest.Args{"command": "db"})
	if !slices.Equal(got, []string{"db!", "long"}) {
		t.Errorf("offered are %q", got)
	}
	typed := f.typing[0]
	if typed.Verb != "redis" || typed.Option != "command" || typed.Values["command"] != "db" || typed.Caller.ID != acme.UserID("ann") || !typed.Redact {
		t.Errorf("asked was %+v", typed)
	}
}

func TestAMessageIsRunFromItsMenu(t *testing.T) {
	asked := make(chan commands.Request, 1)
	_, acme, _ := slashWorld(t, func(ctx context.Context, req commands.Request) commands.Reply {
		asked <- req
		return echo(ctx, req)
	})
	acme.Join("bob")
	said := acme.As("bob").Says("#talk", "redis dbsize")
	shown := acme.As("ann").Chooses(said, "Run as Helix command").Sees("redis dbsize")
	if req := <-asked; req.Text != "redis dbsize" || !req.AlwaysPlan || !req.Mentioned || req.Caller.Name != "ann" || shown.Ephemeral {
		t.Errorf("asked was %+v", req)
	}
}

func TestALineIsExplainedFromTheMenu(t *testing.T) {
	_, acme, r := slashWorld(t, echo)
	acme.Join("bob")
	explained := func(m *discordtest.Message, line string) {
		t.Helper()
		if shown := acme.As("bob").Chooses(m, "Explain this result").Sees("!explain line=" + line); !shown.Ephemeral {
			t.Errorf("everybody sees what %s means", line)
		}
	}
	said := acme.As("ann").Says("#ops", "!redis dbsize")
	explained(said, "!redis dbsize")
	explained(said.Sees("!redis dbsize"), "!redis dbsize")
	explained(acme.As("ann").Slash("#ops", "config list", nil).Sees("!config list"), "!config list")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestAnAnswerWhoseLineIsForgottenIsNotExplained(t *testing.T) {
	d, acme, r := slashWorld(t, echo)
	shown := acme.As("ann").Slash("#ops", "config list", nil).Sees("!config list")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	start(t, d, echo, func(o *bot.Options) { o.Slash = sampleForms() })
	d.Gateway().AwaitReady(2)
	if told := acme.As("ann").Chooses(shown, "Explain this result").Sees("not known any more"); !told.Ephemeral {
		t.Error("everybody sees it")
	}
}

func TestAnAnswerToACommandIsRevealedByItsLine(t *testing.T) {
	c := &curtained{hidden: "3f2a9c01…\n", whole: "3f2a9c01-77aa\n"}
	_, acme, _ := slashWorld(t, nil, func(o *bot.Options) { o.Handler, o.Redact = c, true })
	shown := acme.As("ann").Slash("#ops", "config list", nil).Sees("3f2a9c01…")
	if seen := acme.As("ann").Clicks(shown, "Reveal").Sees("3f2a9c01-77aa"); !seen.Ephemeral {
		t.Error("everybody sees it")
	}
	used := acme.As("ann").Slash("#ops", "reveal", discordtest.Args{"command": "redis get x"})
	if seen := used.Sees("3f2a9c01-77aa"); !seen.Ephemeral || used.Acknowledged() != 4 {
		t.Errorf("revealed is %s", seen)
	}
	acme.As("ann").Slash("#ops", "reveal", nil).Sees("3f2a9c01…")
	if got := c.asked; len(got) != 2 || got[0].Text != "!config list" || got[1].Text != "!reveal command=redis get x" || got[1].Caller.Name != "ann" {
		t.Errorf("asked was %+v", got)
	}
}

func TestTooManyCommandsAtOnceAreRefused(t *testing.T) {
	release := make(chan struct{})
	_, acme, _ := slashWorld(t, untilStopped(release), atOnce)
	for range 64 {
		acme.As("ann").Slash("#ops", "config list", nil)
	}
	if told := acme.As("ann").Slash("#ops", "config list", nil).Sees("Too many commands"); !told.Ephemeral {
		t.Error("everybody sees it")
	}
	acme.As("ann").Slash("#ops", "redis", nil).Sees("Too many commands")
	close(release)
	for range 64 {
		acme.In("#ops").Sees("all of it")
	}
}

const (
	setGuild  = "bulk_set_guild_application_commands"
	setGlobal = "bulk_set_application_commands"
	readGuild = "list_guild_application_commands"
)

func TestCommandsAreRegisteredWhenTheyChange(t *testing.T) {
	d, _, r := slashWorld(t, echo)
	want := []string{"redis", "config", "why", "reveal", "explain", "Run as Helix command", "Explain this result"}
	if got := d.Commands(); !slices.Equal(got, want) {
		t.Errorf("registered are %q", got)
	}
	d.Gateway().Reconnect()
	r.awaitLog(t, "connected to Discord again")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	again := start(t, d, echo, func(o *bot.Options) { o.Slash = sampleForms() })
	d.AwaitRequests(readGuild, 2)
	d.Gateway().AwaitReady(3)
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}
	if n := len(d.RequestsTo(setGuild)); n != 1 || len(d.RequestsTo(readGuild)) != 2 {
		t.Errorf("set %d times, read %d times", n, len(d.RequestsTo(readGuild)))
	}
	changed := sampleForms()
	changed.verbs[0].Forms[0].Options[0].Required = true
	start(t, d, echo, func(o *bot.Options) { o.Slash = changed })
	d.AwaitRequests(setGuild, 2)
	if n := len(d.RequestsTo(setGlobal)); n != 0 {
		t.Errorf("set %d times for all servers", n)
	}
}

func TestWhereCommandsAreRegistered(t *testing.T) {
	d, acme, r := slashWorld(t, echo, func(o *bot.Options) { o.SlashScope = bot.ScopeGlobal })
	if body := string(d.RequestsTo(setGlobal)[0].Body); !strings.Contains(body, `"contexts":[0]`) || len(d.RequestsTo(setGuild)) > 0 {
		t.Errorf("set was %s", body)
	}
	acme.As("ann").Slash("#ops", "config list", nil).Sees("!config list")
	restart := func(scope bot.Scope) *running {
		t.Helper()
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		return start(t, d, echo, func(o *bot.Options) { o.Slash, o.SlashScope = sampleForms(), scope })
	}
	r = restart(bot.ScopeGuild)
	d.AwaitRequests(setGuild, 1)
	if got := len(d.Commands()); got != 7 {
		t.Errorf("%d commands are left", got)
	}
	r = restart(bot.ScopeOff)
	await(t, "the commands to go", func() bool { return len(d.Commands()) == 0 })
}

func TestCommandsThatCannotBeRegistered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults []discordtest.Fault
		says   string
	}{
		"for a while": {[]discordtest.Fault{discordtest.Status(500), lost(), discordtest.TooMany(5 * time.Millisecond)}, "slash commands have changed"},
		"no right":    {[]discordtest.Fault{discordtest.Status(403)}, "invite Helix once more"},
		"refused":     {[]discordtest.Fault{discordtest.Status(400)}, "typed commands work as ever"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t)
			acme := d.Guild("Acme").Text("#ops").Join("ann")
			d.FailNext(setGuild, c.faults...)
			r := start(t, d, echo, func(o *bot.Options) { o.Slash = sampleForms() })
			r.awaitLog(t, c.says)
			acme.As("ann").Says("#ops", "!typed").Sees("!typed")
			d.Gateway().Reconnect()
			await(t, "the commands", func() bool { return len(d.Commands()) == 7 })
		})
	}
}
