package bot_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
)

// curtained hides what it answers, and reveals it.
type curtained struct {
	handler
	mu     sync.Mutex
	asked  []commands.Request
	hidden string
	whole  string
}

func (c *curtained) Handle(context.Context, commands.Request) commands.Reply {
	return commands.Reply{Outcome: commands.OK, Output: []byte(c.hidden), Hidden: true}
}

func (c *curtained) Reveal(_ context.Context, req commands.Request) commands.Reply {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, req)
	if req.Caller.Name != "ann" {
		return commands.Reply{Outcome: commands.Denied, Problem: "You need reveal.", Quiet: true}
	}
	return commands.Reply{Outcome: commands.OK, Output: []byte(c.whole)}
}

func TestRevealAnswersThePresserAlone(t *testing.T) {
	c := &curtained{hidden: "3f2a9c01…\n", whole: "3f2a9c01-77aa\n"}
	_, acme, _ := world(t, nil, func(o *bot.Options) { o.Handler, o.Redact = c, true })
	acme.Join("guest")
	asked := acme.As("ann").Says("#ops", acme.Mention("helix")+" redis keys "+acme.Mention("ann"))
	shown := asked.Sees("3f2a9c01…")
	if seen := acme.As("ann").Clicks(shown, "Reveal").Sees("3f2a9c01-77aa"); !seen.Ephemeral || len(seen.Buttons()) > 0 {
		t.Errorf("revealed is %s", seen)
	}
	if seen := acme.As("guest").Clicks(shown, "Reveal").Sees("You need reveal"); !seen.Ephemeral {
		t.Error("everybody sees a refusal")
	}
	if now := shown.Now(); now.Content != shown.Content || labels(now) != "Reveal" {
		t.Errorf("the answer became %s", now)
	}
	for i, who := range []string{"ann", "guest"} {
		got := c.asked[i]
		if got.Text != "redis keys user:"+acme.UserID("ann") || !got.Mentioned || got.Caller.ID != acme.UserID(who) || got.Caller.Channel != acme.ChannelID("#ops") || got.ID == asked.ID {
			t.Errorf("asked was %+v", got)
		}
	}
}

func TestWhatIsLongIsRevealedInAFile(t *testing.T) {
	c := &curtained{hidden: strings.Repeat("3f2a9c01… is a line\n", 200), whole: strings.Repeat("3f2a9c01-77aa is a line\n", 200)}
	_, acme, _ := world(t, nil, func(o *bot.Options) { o.Handler = c })
	shown := acme.As("ann").Says("#ops", "!redis keys session:*").Sees("page 1 of")
	if labels(shown) != "Next Last Reveal As file Filter…" {
		t.Fatalf("its buttons are %s", labels(shown))
	}
	acme.As("ann").Clicks(shown, "Next")
	shown = shown.Becomes("page 2 of")
	seen := acme.As("ann").Clicks(shown, "Reveal").Sees("in the file")
	if f, ok := seen.File("output.txt"); !ok || string(f.Data) != c.whole || !seen.Ephemeral {
		t.Errorf("revealed is %s", seen)
	}
}

func TestAnotherMessageIsNotRevealed(t *testing.T) {
	c := &curtained{hidden: "3f2a9c01…\n", whole: "3f2a9c01-77aa\n"}
	_, acme, r := world(t, nil, func(o *bot.Options) { o.Handler = c })
	edited := acme.As("ann").Says("#ops", "!redis keys session:3*")
	shown := edited.Sees("3f2a9c01…")
	acme.As("ann").Edits(edited, "!redis keys *")
	acme.As("ann").Clicks(shown, "Reveal").Sees("was edited since")
	gone := acme.As("ann").Says("#ops", "!redis keys session:3*")
	shown = gone.Sees("3f2a9c01…")
	acme.As("ann").Deletes(gone)
	acme.As("ann").Clicks(shown, "Reveal").Sees("was deleted")
	if len(c.asked) > 0 {
		t.Errorf("revealed: %+v", c.asked)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}
