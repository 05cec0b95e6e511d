package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
)

// sieve answers everything alike, and filters by dropping lines.
type sieve struct {
	handler
	reply commands.Reply
}

func (s sieve) Handle(context.Context, commands.Request) commands.Reply { return s.reply }

func (s sieve) Filter(_ context.Context, req commands.Request, earlier []byte) commands.Reply {
	if req.Text == "bad" {
		return commands.Reply{Outcome: commands.Syntax, Problem: "That is no filter."}
	}
	var out []byte
	for line := range strings.Lines(string(earlier)) {
		if strings.Contains(line, req.Text) {
			out = append(out, line...)
		}
	}
	return commands.Reply{Outcome: commands.OK, Output: out, Hints: []string{"Filtered for " + req.Caller.Name + "."}}
}

func TestALongAnswerIsFilteredWithoutRunningAgain(t *testing.T) {
	long := lines(5000)
	for _, c := range []struct {
		name    string
		reply   commands.Reply
		buttons string
		hint    string
	}{
		{"pages", commands.Reply{Outcome: commands.OK, Output: long[:6000]}, "Next Last As file Filter…", "Filtered for ann."},
		{"a file", commands.Reply{Outcome: commands.OK, Output: long}, "Filter…", "Filtered for ann."},
		{"a file that was cut", commands.Reply{Outcome: commands.OK, Output: long, Truncated: 42 << 20}, "Filter…", "its last 42.0 MiB were not filtered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, acme, _ := world(t, nil, func(o *bot.Options) { o.Handler = sieve{reply: c.reply} })
			shown := acme.As("ann").Says("#ops", "!list").Sees("session:user:000000")
			if labels(shown) != c.buttons {
				t.Errorf("its buttons are %s", labels(shown))
			}
			ann := acme.As("ann")
			ann.Submits(ann.Clicks(shown, "Filter…"), map[string]string{"word": "00017"})
			filtered := shown.Sees("```\nsession:user:000017\nsession:user:000170\n", c.hint)
			if filtered.Ephemeral || labels(filtered) != "" {
				t.Errorf("what comes of it is %s with %s", filtered, labels(filtered))
			}
			ann.Submits(ann.Clicks(shown, "Filter…"), map[string]string{"word": "bad"}).Sees("That is no filter.")
			if now := shown.Now(); now.Text() != shown.Text() || labels(now) != c.buttons {
				t.Errorf("the answer became %s", now)
			}
		})
	}
}

func TestAnAnswerIsGivenAsAFile(t *testing.T) {
	whole := lines(200)
	_, acme, _ := world(t, nil, func(o *bot.Options) { o.Handler = sieve{reply: commands.Reply{Outcome: commands.OK, Output: whole}} })
	acme.Join("guest")
	shown := acme.As("ann").Says("#ops", "!list").Sees("page 1 of")
	seen := acme.As("guest").Clicks(shown, "As file").Sees("The whole answer, 3.9 KiB.")
	if f, ok := seen.File("output.txt"); !ok || string(f.Data) != string(whole) || !seen.Ephemeral {
		t.Errorf("the file is %s", seen)
	}
}

func TestAnAnswerThatIsNotKeptSaysSo(t *testing.T) {
	_, acme, _ := world(t, nil, func(o *bot.Options) {
		o.Handler, o.Timing.PageTTL = sieve{reply: commands.Reply{Outcome: commands.OK, Output: lines(200)}}, time.Nanosecond
	})
	shown := acme.As("ann").Says("#ops", "!list").Sees("page 1 of")
	for _, button := range []string{"Next", "As file", "Filter…"} {
		if seen := acme.As("ann").Clicks(shown, button).Sees("no longer kept"); !seen.Ephemeral {
			t.Errorf("%s: everybody sees %s", button, seen)
		}
	}
}

func TestShortAnswersHaveNoButtons(t *testing.T) {
	_, acme, _ := world(t, nil, func(o *bot.Options) { o.Handler = sieve{reply: commands.Reply{Outcome: commands.OK, Output: lines(3)}} })
	if shown := acme.As("ann").Says("#ops", "!list").Sees("000002"); labels(shown) != "" {
		t.Errorf("its buttons are %s", labels(shown))
	}
}
