package bot_test

import (
	"context"
	"errors"
	"flag"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

// discordgo locks up for good when an order to reconnect comes before READY; the
// bot leaves that session behind, and with it the goroutine that opened it.
//
// It also takes a second to close a session, which tests need not wait for one
// after another.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/bwmarrin/discordgo.(*Session).CloseWithCode"))
}

// handler answers what begins with an exclamation mark.
type handler func(ctx context.Context, req commands.Request) commands.Reply

func (h handler) Addressed(text string, mentioned bool) bool {
	return mentioned || strings.HasPrefix(text, "!")
}

func (h handler) Handle(ctx context.Context, req commands.Request) commands.Reply {
	return h(ctx, req)
}

func (h handler) Reveal(ctx context.Context, req commands.Request) commands.Reply {
	return h(ctx, req)
}

func (h handler) Filter(ctx context.Context, req commands.Request, _ []byte) commands.Reply {
	return h(ctx, req)
}

// Nothing that a handler answers alone has a plan.
func (h handler) Confirm(context.Context, commands.Confirmation) (func(context.Context) commands.Reply, commands.Reply) {
	return nil, commands.Reply{Problem: "There is no such plan."}
}

func (h handler) Cancel(context.Context, commands.Confirmation) (bool, commands.Reply) {
	return false, commands.Reply{Problem: "There is no such plan."}
}

func (h handler) Approve(context.Context, commands.Confirmation) (bool, commands.Reply) {
	return false, commands.Reply{Problem: "There is no such plan."}
}

// echo answers with what it was asked.
func echo(_ context.Context, req commands.Request) commands.Reply {
	return commands.Reply{Outcome: commands.OK, Output: []byte(req.Text + "\n")}
}

// slowly answers once it is released, or its context ends.
func slowly(began, release chan struct{}) handler {
	return func(ctx context.Context, req commands.Request) commands.Reply {
		close(began)
		select {
		case <-release:
		case <-ctx.Done():
		}
		return echo(ctx, req)
	}
}

// says answers everything alike.
func says(reply commands.Reply) handler {
	return func(context.Context, commands.Request) commands.Reply { return reply }
}

// pin remembers a guild in memory, or fails.
type pin struct {
	mu    sync.Mutex
	guild string
	fault error
}

func (p *pin) Pinned(context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.guild, p.fault
}

func (p *pin) Pin(_ context.Context, guild string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault == nil && p.guild == "" {
		p.guild = guild
	}
	return p.guild, p.fault
}

func (p *pin) mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = nil
}

var errAway = errors.New("connection refused")

// quick are waits that suit a test.
func quick() bot.Timing {
	return bot.Timing{Backoff: 5 * time.Millisecond, Open: 2 * time.Second, Identify: time.Millisecond, Grace: 2 * time.Second}
}

// running is a bot at work.
type running struct {
	*bot.Bot
	log  *observer.ObservedLogs
	stop func() error // ends the bot and answers what Run did
	wait func() error // waits until it ends by itself
}

// start runs a bot against d until the test ends; change may shape its options.
func start(t testing.TB, d *discordtest.Discord, h handler, change ...func(*bot.Options)) *running {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	o := bot.Options{
		Token: d.Token(), APIURL: d.URL(), Pin: &pin{}, Handler: h,
		Log: zap.New(core), Timing: quick(),
	}
	for _, c := range change {
		c(&o)
	}
	b, err := bot.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	ended := sync.OnceValue(func() error { return <-done })
	r := &running{Bot: b, log: logs, wait: ended, stop: func() error {
		cancel()
		return ended()
	}}
	t.Cleanup(func() {
		if t.Failed() {
			for _, e := range logs.All() {
				t.Log(e.Time.Format("05.000"), e.Level, e.Message, e.ContextMap())
			}
			for _, q := range d.Requests() {
				t.Log(q)
			}
		}
		_ = r.stop() // tests that care look at it themselves
		for _, e := range logs.All() {
			if text := e.Message + stringsOf(e.ContextMap()); strings.Contains(text, d.Token()) {
				t.Errorf("the token is in the log: %s", text)
			}
		}
	})
	return r
}

func stringsOf(fields map[string]any) string {
	var b strings.Builder
	for k, v := range fields {
		b.WriteString(" " + k + "=")
		if s, ok := v.(string); ok {
			b.WriteString(s)
		}
	}
	return b.String()
}

// awaitLog waits for a line of the log that contains a text.
func (r *running) awaitLog(t *testing.T, text string) {
	t.Helper()
	await(t, "the log to say "+text, func() bool {
		for _, e := range r.log.All() {
			if strings.Contains(e.Message+stringsOf(e.ContextMap()), text) {
				return true
			}
		}
		return false
	})
}

// await waits until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
