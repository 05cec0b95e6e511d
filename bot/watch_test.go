package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
)

// counts answers how often it was asked, and that it may be asked again.
func counts(every time.Duration) (handler, *atomic.Int32) {
	var asked atomic.Int32
	return func(_ context.Context, req commands.Request) commands.Reply {
		reply := commands.Reply{Outcome: commands.OK, Output: fmt.Appendf(nil, "asked %d times, again %t\n", asked.Add(1), req.Again)}
		if !req.Again {
			reply.Watch = &commands.Watch{Line: "!status", Every: every, For: time.Minute}
		}
		return reply
	}, &asked
}

func TestAnAnswerIsKeptUpToDate(t *testing.T) {
	h, asked := counts(20 * time.Millisecond)
	_, acme, r := world(t, nil, func(o *bot.Options) { o.Handler = h })
	acme.Join("guest")
	shown := acme.As("ann").Says("#ops", "!status watch").Sees("asked 1 times, again false")
	shown.Becomes("again true", "kept up to date until")
	acme.As("guest").Clicks(shown, "Stop").Sees("Only <@" + acme.UserID("ann") + ">")
	acme.As("ann").Clicks(shown, "Stop")
	if got := shown.Becomes("no longer kept up to date"); labels(got) != "" {
		t.Errorf("its buttons are %s", labels(got))
	}
	if n := asked.Load(); n < 2 {
		t.Errorf("it was asked %d times", n)
	}
	if all := acme.In("#ops").Messages(); len(all) != 2 {
		t.Errorf("there are %d messages", len(all))
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

// The next one in a channel takes the place of the one before, and a stop ends all.
func TestOneAnswerAChannelIsKeptUpToDate(t *testing.T) {
	h, _ := counts(20 * time.Millisecond)
	_, acme, r := world(t, nil, func(o *bot.Options) { o.Handler = h })
	first := acme.As("ann").Says("#ops", "!status watch").Sees("again false")
	first.Becomes("kept up to date until")
	second := acme.As("ann").Says("#ops", "!status watch").Sees("again false")
	first.Becomes("no longer kept up to date")
	second.Becomes("kept up to date until")
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if now := second.Now().Text(); !strings.Contains(now, "no longer kept up to date") {
		t.Errorf("after the stop it says %q", now)
	}
}
