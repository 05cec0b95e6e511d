package bot_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
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

// remembered is where watches are kept across processes of a test.
type remembered struct {
	mu  sync.Mutex
	all map[string]bot.KeptWatch
}

func (r *remembered) Keep(_ context.Context, w bot.KeptWatch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[w.Channel] = w
	return nil
}

func (r *remembered) Drop(_ context.Context, w bot.KeptWatch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all[w.Channel] == w {
		delete(r.all, w.Channel)
	}
	return nil
}

func (r *remembered) All(context.Context) ([]bot.KeptWatch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.all)), nil
}

// What a process that crashed has kept up to date goes on with the next, by the line
// of the status alone; what is over by then says so.
func TestAnAnswerIsKeptUpToDateAcrossACrash(t *testing.T) {
	h, _ := counts(20 * time.Millisecond)
	left := &remembered{all: make(map[string]bot.KeptWatch)}
	d, acme, first := world(t, nil, func(o *bot.Options) { o.Handler, o.Watches = h, left })
	running := acme.As("ann").Says("#ops", "!status watch").Sees("again false")
	over := acme.As("ann").Says("#talk", "!status watch").Sees("again false")
	running.Becomes("kept up to date until")
	over.Becomes("kept up to date until")
	kept, _ := left.All(t.Context())
	if len(kept) != 2 {
		t.Fatalf("%d are remembered", len(kept))
	}
	if err := first.stop(); err != nil {
		t.Error(err)
	}
	if rest, _ := left.All(t.Context()); len(rest) != 0 {
		t.Errorf("after a stop %d are remembered", len(rest))
	}
	for _, k := range kept { // as a crash would have left it
		if k.Message == over.ID {
			k.Until = time.Now().UTC().Add(-time.Minute).Truncate(time.Millisecond)
		}
		_ = left.Keep(t.Context(), k)
	}
	var said atomic.Value
	second := start(t, d, nil, func(o *bot.Options) {
		o.Watches, o.Handler = left, handler(func(_ context.Context, req commands.Request) commands.Reply {
			said.Store(req.Text)
			return commands.Reply{Outcome: commands.OK, Output: []byte("the second, for " + req.Caller.ID + "\n")}
		})
	})
	if got := running.Becomes("the second, for "+acme.UserID("ann"), "kept up to date until"); labels(got) != "Stop" {
		t.Errorf("its buttons are %s", labels(got))
	}
	if got := over.Becomes("the second", "no longer kept up to date"); labels(got) != "" {
		t.Errorf("its buttons are %s", labels(got))
	}
	if said.Load() != "status" {
		t.Errorf("it was asked %q", said.Load())
	}
	acme.As("ann").Clicks(running, "Stop")
	running.Becomes("no longer kept up to date")
	if err := second.stop(); err != nil {
		t.Error(err)
	}
	if rest, _ := left.All(t.Context()); len(rest) != 0 {
		t.Errorf("at the end %d are remembered", len(rest))
	}
}

// Who asks before what was left behind has been read has begun a watch of their own,
// which is remembered by then.
func TestAWatchIsNotTakenForOneLeftBehind(t *testing.T) {
	h, _ := counts(20 * time.Millisecond)
	read := make(chan struct{})
	left := &lateReader{remembered: remembered{all: make(map[string]bot.KeptWatch)}, read: read}
	_, acme, first := world(t, nil, func(o *bot.Options) { o.Handler, o.Watches = h, left })
	shown := acme.As("ann").Says("#ops", "!status watch").Sees("again false")
	shown.Becomes("again true", "kept up to date until")
	close(read)
	shown.Becomes("asked 5 times")
	if kept, _ := left.All(t.Context()); len(kept) != 1 {
		t.Errorf("%d are remembered", len(kept))
	}
	if err := first.stop(); err != nil {
		t.Error(err)
	}
}

// lateReader answers what is remembered only once read is closed.
type lateReader struct {
	remembered
	read <-chan struct{}
}

func (l *lateReader) All(ctx context.Context) ([]bot.KeptWatch, error) {
	either(ctx, l.read)
	return l.remembered.All(ctx)
}

// A slash command's answer is kept up to date as well.
func TestAnAnswerToASlashCommandIsKeptUpToDate(t *testing.T) {
	h, _ := counts(20 * time.Millisecond)
	_, acme, _ := slashWorld(t, nil, func(o *bot.Options) { o.Handler = h })
	shown := acme.As("ann").Slash("#ops", "config list", nil).Sees("again false")
	shown.Becomes("again true", "kept up to date until")
	acme.As("ann").Clicks(shown, "Stop")
	shown.Becomes("no longer kept up to date")
}
