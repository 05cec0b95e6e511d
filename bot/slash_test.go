package bot_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

// forms are verbs that can be filled in: what was filled in becomes a line of all
// its values, in the order of their names.
type forms struct {
	verbs []commands.SlashVerb

	mu     sync.Mutex
	typing []commands.Typing
}

func (f *forms) SlashVerbs() []commands.SlashVerb { return f.verbs }

func (f *forms) SlashLine(u commands.SlashUse) (string, error) {
	line := "!" + strings.TrimSpace(u.Verb+" "+u.Form)
	for _, name := range slices.Sorted(maps.Keys(u.Values)) {
		if u.Values[name] == "wrong" {
			return "", errors.New("`" + name + "` is wrong.")
		}
		line += " " + name + "=" + u.Values[name]
	}
	return line, nil
}

func (f *forms) Suggest(_ context.Context, t commands.Typing) []commands.Suggestion {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.typing = append(f.typing, t)
	return []commands.Suggestion{{Label: "the\none", Value: t.Values[t.Option] + "!"}, {Label: strings.Repeat("l", 200), Value: "long"}}
}

// sampleForms has a verb of each sort.
func sampleForms() *forms {
	text := func(name string) commands.SlashOption {
		return commands.SlashOption{Name: name, Summary: "a text", Completes: true}
	}
	command := text("command")
	command.Long = true
	return &forms{verbs: []commands.SlashVerb{
		{Name: "redis", Summary: "run a command", Forms: []commands.SlashForm{{Options: []commands.SlashOption{command}}}},
		{Name: "config", Summary: "settings", Forms: []commands.SlashForm{
			{Name: "set", Summary: "change one", Options: []commands.SlashOption{
				{Name: "key", Summary: "which", Required: true},
				{Name: "n", Summary: "how many", Kind: commands.Number, Min: 1, Max: 1 << 40},
				{Name: "force", Summary: "all the same", Kind: commands.Switch},
				{Name: "who", Summary: "whose", Kind: commands.Person},
				{Name: "of", Summary: "one of", Choices: []string{"a", "b"}},
			}},
			{Name: "list", Summary: "show all"},
		}},
		{Name: "why", Summary: "who may", Private: true, Forms: []commands.SlashForm{{}}},
		{Name: "reveal", Summary: "in full", Private: true, Reveals: true, Forms: []commands.SlashForm{{Options: []commands.SlashOption{text("command")}}}},
		{Name: "explain", Summary: "what it does", Private: true, Forms: []commands.SlashForm{{Options: []commands.SlashOption{text("line")}}}},
	}}
}

// slashWorld is a world where the commands are registered.
func slashWorld(t *testing.T, h handler, change ...func(*bot.Options)) (*discordtest.Discord, *discordtest.Guild, *running) {
	t.Helper()
	fill := func(o *bot.Options) { o.Slash = sampleForms() }
	d, acme, r := world(t, h, append([]func(*bot.Options){fill}, change...)...)
	await(t, "the commands", func() bool { return len(d.Commands()) > 0 })
	return d, acme, r
}

// at once has a command's notice that an answer follows shown before anything else.
func atOnce(o *bot.Options) { o.Timing.Defer = 1 }

func TestASlashCommandIsALineOfItsUser(t *testing.T) {
	asked := make(chan commands.Request, 10)
	_, acme, r := slashWorld(t, func(ctx context.Context, req commands.Request) commands.Reply {
		asked <- req
		return echo(ctx, req)
	}, func(o *bot.Options) { o.Redact = true })
	acme.Join("bob").Thread("#ops", "incident")
	used := acme.As("ann").Slash("incident", "config set", discordtest.Args{"key": "a b", "n": 1 << 40, "force": true, "who": "bob", "of": "a"})
	line := "!config set force=true key=a b n=1099511627776 of=a who=" + acme.UserID("bob")
	shown := used.Sees(line)
	if shown.Ephemeral || used.Acknowledged() != 4 || len(shown.Pings) > 0 {
		t.Errorf("the answer is %s, by %d", shown, used.Acknowledged())
	}
	req := <-asked
	if req.Text != line || req.ID != used.ID() || !req.Mentioned || !req.Redact || req.AlwaysPlan || req.Progress == nil {
		t.Errorf("asked was %+v", req)
	}
	if c := req.Caller; c.ID != acme.UserID("ann") || c.Guild != acme.ID || c.Parent != acme.ChannelID("#ops") || !slices.Contains(c.Roles, acme.RoleID("oncall")) {
		t.Errorf("the caller is %+v", c)
	}
	acme.As("ann").Slash("#ops", "config list", nil).Sees("!config list")
	if wrong := acme.As("ann").Slash("#ops", "config set", discordtest.Args{"key": "wrong"}).Sees("`key` is wrong."); !wrong.Ephemeral {
		t.Error("everybody sees what was wrong")
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

func TestWhatTakesLongIsDeferred(t *testing.T) {
	release := make(chan struct{})
	_, acme, _ := slashWorld(t, untilStopped(release), atOnce, func(o *bot.Options) { o.Timing.TypingFrom = 1 })
	used := acme.As("ann").Slash("#ops", "config list", nil)
	if used.Acknowledged() != 5 {
		t.Errorf("it was answered by %d", used.Acknowledged())
	}
	acme.As("ann").Slash("#ops", "config list", nil) // nothing holds the others up
	close(release)
	used.Sees("all of it")
	if n := len(acme.In("#ops").Messages()); n > 2 {
		t.Errorf("%d messages for two commands", n)
	}
	if n := acme.In("#ops").Typings(); n > 0 {
		t.Errorf("it was typing, too: %d times", n)
	}
}

func TestACommandShowsHowFarItIsAndCanBeStopped(t *testing.T) {
	_, acme, _ := slashWorld(t, untilStopped(nil), soon)
	used := acme.As("ann").Slash("#ops", "config list", nil)
	running := used.Sees("Running")
	if used.Acknowledged() != 5 || labels(running) != "Stop" {
		t.Errorf("it was answered by %d, with %s", used.Acknowledged(), labels(running))
	}
	acme.As("ann").Clicks(running, "Stop")
	if stopped := running.Becomes("Stopped."); len(acme.In("#ops").Messages()) != 1 || labels(stopped) != "" {
		t.Errorf("it became %s", stopped)
	}
}

func TestSomeAnswersAreForTheUserAlone(t *testing.T) {
	t.Parallel()
	answer := func(o commands.Outcome) handler {
		return says(commands.Reply{Outcome: o, Problem: "You may not.", Quiet: true})
	}
	plain := says(commands.Reply{Outcome: commands.OK, Output: []byte("You may not.\n")})
	for name, c := range map[string]struct {
		handler handler
		command string
		private bool
	}{
		"denied":  {answer(commands.Denied), "config list", true},
		"syntax":  {answer(commands.Syntax), "config list", true},
		"unknown": {answer(commands.Unknown), "config list", true},
		"private": {plain, "why", true},
		"stopped": {answer(commands.Cancelled), "config list", false},
		"plain":   {plain, "config list", false},
	} {
		for how, change := range map[string]func(*bot.Options){"at once": func(*bot.Options) {}, "deferred": atOnce, "shown": soon} {
			t.Run(name+" "+how, func(t *testing.T) {
				gate := make(chan struct{})
				_, acme, _ := slashWorld(t, behind(gate, c.handler), change)
				used := acme.As("ann").Slash("#ops", c.command, nil)
				sees := used.Sees
				switch how {
				case "deferred":
					used.Acknowledged()
				case "shown":
					if running := used.Sees("Running"); running.Ephemeral == c.private {
						sees = running.Becomes
					}
				}
				close(gate)
				seenByAll := 1
				if c.private {
					seenByAll = 0
				}
				shown := sees("You may not.")
				if shown.Ephemeral != c.private {
					t.Errorf("the answer is %s", shown)
				}
				if all := acme.In("#ops").Messages(); len(all) != seenByAll {
					t.Errorf("everybody sees %v", all)
				}
			})
		}
	}
}

// behind has a handler answer once the gate is open.
func behind(gate chan struct{}, h handler) handler {
	return func(ctx context.Context, req commands.Request) commands.Reply {
		either(ctx, gate)
		return h(ctx, req)
	}
}
