package bot_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/lease"
)

// ledger claims in memory, as Redis does.
type ledger struct {
	mu          sync.Mutex
	fault       error
	theirs      bool
	latest      string
	working     map[string]lease.Work
	done        []string
	interrupted []lease.Work
	heard       map[string]string
}

func (l *ledger) Claim(_ context.Context, w lease.Work) (lease.Claimed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.theirs {
		return lease.Theirs, l.fault
	}
	late := w.Order != "" && w.Order < l.latest
	if l.fault == nil {
		if l.working == nil {
			l.working = make(map[string]lease.Work)
		}
		l.working[w.ID] = w
		l.latest = max(l.latest, w.Order)
	}
	if late {
		return lease.Overtaken, l.fault
	}
	return lease.Ours, l.fault
}

func (l *ledger) Done(_ context.Context, w lease.Work) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = append(l.done, w.ID)
	return nil
}

func (l *ledger) Interrupted(context.Context) ([]lease.Work, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.interrupted
	l.interrupted = nil
	return found, nil
}

func (l *ledger) Heard(context.Context) (map[string]string, error) { return l.heard, nil }

// isDone reports whether a work was claimed, and has been answered.
func (l *ledger) isDone(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, claimed := l.working[id]
	return claimed && slices.Contains(l.done, id)
}

// newOps is a guild where ann asks in #ops.
func newOps(t *testing.T) (*discordtest.Discord, *discordtest.Guild) {
	t.Helper()
	d := discordtest.New(t)
	return d, d.Guild("Acme").Text("#ops").Join("ann")
}

func with(l *ledger) func(*bot.Options) {
	return func(o *bot.Options) { o.Claims = l }
}

func TestWhatIsClaimedIsAnsweredAndDone(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	l := &ledger{}
	start(t, d, echo, with(l))
	d.Gateway().AwaitReady(1)
	said := g.As("ann").Says("#ops", "!hello")
	said.Sees("!hello")
	await(t, "it to be done", func() bool { return l.isDone(said.ID) })
}

func TestWhatAnotherInstanceAnswersIsLetBe(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	l := &ledger{theirs: true}
	r := start(t, d, echo, with(l))
	d.Gateway().AwaitReady(1)
	said := g.As("ann").Says("#ops", "!hello")
	r.awaitLog(t, "another instance's to answer")
	said.SeesNothing(20 * time.Millisecond)
	if len(l.done) > 0 {
		t.Error("what is theirs is noted as done")
	}
}

// What cannot be claimed is asked all the same, but the handler knows.
func TestWhatCannotBeClaimedChangesNothing(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	start(t, d, func(ctx context.Context, req commands.Request) commands.Reply {
		if !req.Unclaimed {
			return commands.Reply{Problem: "It is claimed."}
		}
		return echo(ctx, req)
	}, with(&ledger{fault: errors.New("connection refused")}))
	d.Gateway().AwaitReady(1)
	g.As("ann").Says("#ops", "!hello").Sees("!hello")
}

// What was missed is answered after what was said later where that was answered
// before, and the handler knows; an edit is not bound to the order.
func TestWhatWasOvertakenChangesNothing(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	missed := g.As("ann").Says("#ops", "!missed")
	l := &ledger{heard: map[string]string{g.ChannelID("#ops"): g.ID}, latest: "9" + missed.ID}
	start(t, d, func(_ context.Context, req commands.Request) commands.Reply {
		return commands.Reply{Output: fmt.Appendf(nil, "%s overtaken %t\n", req.Text, req.Overtaken)}
	}, with(l), func(o *bot.Options) { o.ClaimedSince = time.Now().Add(-time.Minute) })
	missed.Sees("!missed overtaken true")
	g.As("ann").Edits(missed, "!mended").Sees("!mended overtaken false")
	await(t, "it to be done", func() bool { return l.isDone(missed.ID) })
}

// Whoever lost the right says nothing; one that has it back goes on.
func TestWhoMayNotSpeakWaits(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	var mu sync.Mutex
	may := true
	set := func(to bool) {
		mu.Lock()
		defer mu.Unlock()
		may = to
	}
	began := make(chan struct{})
	release := make(chan struct{})
	start(t, d, slowly(began, release), with(&ledger{}), func(o *bot.Options) {
		o.Speaks = func() bool { mu.Lock(); defer mu.Unlock(); return may }
		o.Timing.TypingFrom = time.Hour
	})
	d.Gateway().AwaitReady(1)
	said := g.As("ann").Says("#ops", "!hello")
	<-began
	set(false)
	close(release)
	said.SeesNothing(100 * time.Millisecond)
	set(true)
	said.Sees("!hello")
}

// A bot whose right is lost ends at once, without a grace for what runs, and
// without a word. What it has changed is left to be said by the next one.
func TestALostRightEndsTheBotAtOnce(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	g.Text("#bots")
	began, ended := make(chan struct{}, 2), make(chan error, 2)
	left := make(chan string, 2)
	o := bot.Options{
		Token: d.Token(), APIURL: d.URL(), Pin: &pin{}, Log: zap.NewNop(), Timing: quick(), Claims: &ledger{},
		Handler: handler(func(ctx context.Context, req commands.Request) commands.Reply {
			began <- struct{}{}
			<-ctx.Done()
			ended <- context.Cause(ctx)
			if req.Text == "!change" {
				return commands.Reply{Changed: true, Asked: req.Text, Footer: "1 of 1 key changed.", Hints: []string{"`!undo x` takes it back."}}
			}
			return echo(ctx, req)
		}),
		LeaveUntold: func(_ context.Context, id, text string) error { left <- id + ": " + text; return nil },
	}
	o.Timing.Grace = time.Hour
	ctx, lose := context.WithCancelCause(t.Context())
	o.Speaks = func() bool { return ctx.Err() == nil }
	b, err := bot.New(o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	d.Gateway().AwaitReady(1)
	said, changing := g.As("ann").Says("#ops", "!hello"), g.As("ann").Says("#bots", "!change")
	<-began
	<-began
	lose(lease.ErrLost)
	if err := <-done; err != nil {
		t.Error(err)
	}
	const account = "The answer to ann (!change) could not be sent, as another instance speaks now. It was: 1 of 1 key changed. `!undo x` takes it back."
	if got := <-left; got != changing.ID+": "+account || len(left) > 0 {
		t.Errorf("left to be said are %q and %d more", got, len(left))
	}
	if why := <-ended; !errors.Is(why, lease.ErrLost) {
		t.Errorf("what runs ends since %v", why)
	}
	said.SeesNothing(20 * time.Millisecond)
}

// What was said while nobody listened is caught up where somebody asked lately, by
// a new instance too; what was interrupted is told of once.
func TestANewInstanceCatchesUp(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	missed := g.As("ann").Says("#ops", "!missed")
	begun := g.As("ann").Says("#ops", "!begun")
	l := &ledger{
		heard:       map[string]string{g.ChannelID("#ops"): g.ID},
		interrupted: []lease.Work{{ID: begun.ID, Guild: g.ID, Channel: g.ChannelID("#ops"), Message: begun.ID}},
	}
	start(t, d, func(ctx context.Context, req commands.Request) commands.Reply {
		if req.Text == "!begun" {
			return commands.Reply{Quiet: true}
		}
		return echo(ctx, req)
	}, with(l), func(o *bot.Options) { o.ClaimedSince = time.Now().Add(-time.Minute) })
	missed.Sees("!missed")
	begun.Sees("This was interrupted")
	begun.SeesNothing(20 * time.Millisecond)
}

// What an instance has answered that could not claim it is not run by the next one:
// whoever asked has read that nothing was changed.
func TestWhatWasAnsweredUnclaimedIsNotCaughtUp(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	first := start(t, d, echo, with(&ledger{fault: errors.New("connection refused")}))
	d.Gateway().AwaitReady(1)
	answered := g.As("ann").Says("#ops", "!answered")
	answered.Sees("!answered")
	first.stop()
	missed := g.As("ann").Says("#ops", "!missed")
	l := &ledger{heard: map[string]string{g.ChannelID("#ops"): g.ID}}
	start(t, d, echo, with(l), func(o *bot.Options) { o.ClaimedSince = time.Now().Add(-time.Minute) })
	missed.Sees("!missed")
	await(t, "the missed one to be done", func() bool { return l.isDone(missed.ID) })
	if l.isDone(answered.ID) {
		t.Error("what was answered is run again")
	}
}

// leftBehind has an instance answer one message and come to its end, of whose claims
// neither that one nor a later one, which nobody has answered, is done.
func leftBehind(t *testing.T, d *discordtest.Discord, g *discordtest.Guild) (l *ledger, answered, begun *discordtest.Message) {
	t.Helper()
	l = &ledger{}
	first := start(t, d, echo, with(l))
	d.Gateway().AwaitReady(1)
	answered = g.As("ann").Says("#ops", "!answered")
	answered.Sees("!answered")
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	begun = g.As("ann").Says("#ops", "!begun")
	for _, m := range []*discordtest.Message{answered, begun} {
		l.interrupted = append(l.interrupted, lease.Work{ID: m.ID, Guild: g.ID, Channel: g.ChannelID("#ops"), Message: m.ID})
	}
	return l, answered, begun
}

// An answer that stands is not denied for Redis not having been told of it.
func TestWhatIsAnsweredWasNotInterrupted(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	l, answered, begun := leftBehind(t, d, g)
	start(t, d, echo, with(l))
	begun.Sees("This was interrupted")
	answered.SeesNothing(20 * time.Millisecond)
}

// An answer that comes in the same moment, as of an instance that lost the right and
// has not heard of it yet, is the only one: whichever Discord had first.
func TestNobodyIsToldOfAnInterruptionBesideTheAnswer(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	l, answered, begun := leftBehind(t, d, g)
	d.FailWith(func(operation string) discordtest.Fault { // what stands in the channel is not seen
		if operation == "list_messages" {
			return discordtest.Status(http.StatusForbidden)
		}
		return discordtest.Fault{}
	})
	start(t, d, echo, with(l))
	begun.Sees("This was interrupted")
	answered.SeesNothing(20 * time.Millisecond)
}

// What was said before anything was claimed is not: another release may have
// answered it.
func TestWhatWasSaidBeforeClaimsIsNotCaughtUp(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	before := g.As("ann").Says("#ops", "!before")
	l := &ledger{heard: map[string]string{g.ChannelID("#ops"): g.ID}}
	start(t, d, echo, with(l), func(o *bot.Options) { o.ClaimedSince = time.Now().Add(time.Second) })
	d.Gateway().AwaitReady(1)
	g.As("ann").Says("#ops", "!after").Sees("!after")
	before.SeesNothing(20 * time.Millisecond)
}

// A press that cannot be claimed does nothing, and says so.
func TestAPressThatCannotBeClaimed(t *testing.T) {
	t.Parallel()
	d, g := newOps(t)
	l := &ledger{}
	start(t, d, says(commands.Reply{Outcome: commands.Unconfirmed, Plan: &commands.Plan{ID: "p", Text: "Plan: one", Until: time.Now().Add(time.Minute)}}), with(l))
	d.Gateway().AwaitReady(1)
	shown := g.As("ann").Says("#ops", "!plan").Sees("Plan: one")
	l.mu.Lock()
	l.fault = errAway
	l.mu.Unlock()
	if told := g.As("ann").Clicks(shown, "Confirm").Sees("Redis does not answer, so this was not done"); !told.Ephemeral {
		t.Error("everybody sees it")
	}
}

func TestWhoseTheTokenIs(t *testing.T) {
	t.Parallel()
	d, _ := newOps(t)
	ask := func(token string) (string, error) {
		return bot.Identity(t.Context(), bot.Options{Token: token, APIURL: d.URL(), Log: zap.NewNop(), Timing: quick()})
	}
	if id, err := ask(d.Token()); err != nil || id != d.BotID() {
		t.Errorf("the bot is %q, %v", id, err)
	}
	fatal := (*bot.FatalError)(nil)
	if _, err := ask("another"); !errors.As(err, &fatal) {
		t.Errorf("a token that is refused: %v", err)
	}
}
