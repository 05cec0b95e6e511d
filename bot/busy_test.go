package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

// busily reads until it is ended, but answers what is to be said at once.
func busily(ctx context.Context, req commands.Request) commands.Reply {
	if strings.HasPrefix(req.Text, "!say") {
		return echo(ctx, req)
	}
	return untilStopped(nil)(ctx, req)
}

// batches is a change that ends at the boundary of a batch.
func batches(ctx context.Context, progress *commands.Progress) commands.Reply {
	done := 0
	for ctx.Err() == nil {
		either(ctx, nil)
		done += 500
	}
	return commands.Reply{Outcome: commands.Cancelled, Problem: fmt.Sprintf("Stopped: %d of 40000 keys changed.", done)}
}

// mixed plans what is a change, and reads otherwise.
type mixed struct{ *planner }

func (m mixed) Handle(ctx context.Context, req commands.Request) commands.Reply {
	if strings.HasPrefix(req.Text, "!redis unlink") {
		return m.planner.Handle(ctx, req)
	}
	return busily(ctx, req)
}

// A bot that is stopped in the middle of many conversations tells each of them
// what became of it, and is gone within ten seconds, whatever Discord does.
func TestStoppingWhileBusy(t *testing.T) {
	const reads, changes = 6, 3
	p := plans(func(p *planner) { p.work = batches })
	d, acme, r := world(t, nil, soon, func(o *bot.Options) {
		o.Handler, o.Timing.Grace, o.Timing.ProgressEvery = mixed{p}, 300*time.Millisecond, 50*time.Millisecond
	})
	var running, next, changing []*discordtest.Message
	for i := range reads {
		channel := fmt.Sprintf("#read-%d", i)
		acme.Text(channel)
		running = append(running, acme.As("ann").Says(channel, "!read"))
		next = append(next, acme.As("ann").Says(channel, "!next"))
	}
	for i := range changes {
		channel := fmt.Sprintf("#change-%d", i)
		acme.Text(channel)
		shown := acme.As("ann").Says(channel, "!redis unlink a b c").Sees("UNLINK")
		acme.As("ann").Clicks(shown, "Confirm")
		changing = append(changing, shown.Becomes("Running"))
	}
	for i := range running {
		running[i] = running[i].Sees("Running")
	}
	d.Limit("create_message", 2, 200*time.Millisecond)
	said := acme.As("ann").Says("#talk", "!say it")
	acme.In("#talk").Sees("!say it")
	d.FailNext("", discordtest.TooMany(100*time.Millisecond), discordtest.Status(502), discordtest.TooManyUntimed(), discordtest.Applied(discordtest.Drop()))
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	for i := range reads {
		running[i].Becomes("Stopped.", "Helix is being stopped")
		next[i].Sees("was not run", "Send it again")
	}
	for _, shown := range changing {
		shown.Becomes("Stopped: 500 of 40000 keys changed.", "Helix is being stopped")
	}
	said.SeesNothing(0)
	if s := r.Outbound(); s.Waiting != 0 || s.Flying != 0 {
		t.Errorf("left in the queue: %+v", s)
	}
}

// A Discord that takes nothing any more does not keep the bot from ending, and
// what it was to be told is in the log.
func TestStoppingWithoutDiscord(t *testing.T) {
	d, acme, r := world(t, busily, func(o *bot.Options) { o.Timing.Grace = 100 * time.Millisecond })
	var asked []*discordtest.Message
	for i := range 4 {
		channel := fmt.Sprintf("#read-%d", i)
		acme.Text(channel)
		asked = append(asked, acme.As("ann").Says(channel, "!read"))
		acme.In(channel).AwaitTyping(1)
	}
	d.FailWith(func(string) discordtest.Fault { return discordtest.TooMany(time.Hour) })
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	for _, m := range asked {
		r.awaitLog(t, "message="+m.ID)
	}
}
