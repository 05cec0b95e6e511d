package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

func TestTheConnectionIsRenewed(t *testing.T) {
	for name, trouble := range map[string]func(*discordtest.Gateway){
		"dropped":          (*discordtest.Gateway).Drop,
		"asked to":         (*discordtest.Gateway).Reconnect,
		"invalid session":  (*discordtest.Gateway).InvalidateSession,
		"unknown error":    func(g *discordtest.Gateway) { g.CloseWith(4000) },
		"a silent gateway": func(g *discordtest.Gateway) { g.NeverHello(); g.Drop() },
		"a slow gateway":   func(g *discordtest.Gateway) { g.SlowHello(100 * time.Millisecond); g.Drop() },
		"a first packet that is none": func(g *discordtest.Gateway) {
			g.AnswerNextIdentifyWith(7)
			g.Drop()
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, acme, _ := world(t, echo, func(o *bot.Options) { o.Timing.Open = 300 * time.Millisecond })
			acme.As("ann").Says("#ops", "!before").Sees("!before")
			trouble(d.Gateway())
			d.Gateway().AwaitReady(2)
			acme.As("ann").Says("#ops", "!after").Sees("!after")
		})
	}
}

func TestAZombieIsLeft(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t, discordtest.WithHeartbeat(20*time.Millisecond))
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	start(t, d, echo, func(o *bot.Options) { o.Timing.Ack = 100 * time.Millisecond })
	d.Gateway().AwaitReady(1)
	d.Gateway().StopAcks()
	await(t, "a second connection", func() bool { return d.Gateway().Identifies() >= 2 })
	d.Gateway().ResumeAcks()
	d.Gateway().Drop()
	d.Gateway().AwaitReady(3)
	acme.As("ann").Says("#ops", "!still here").Sees("!still here")
}

func TestMessagesOfAGapAreCaughtUpOnce(t *testing.T) {
	d, acme, _ := world(t, echo)
	acme.As("ann").Says("#ops", "!before").Sees("!before")
	d.Gateway().Refuse()
	d.Gateway().Drop()
	d.Gateway().AwaitGone()
	acme.As("ann").Says("#ops", "!in the gap")
	acme.As("ann").Says("#ops", "!too")
	d.Gateway().Accept()
	acme.In("#ops").Sees("!in the gap")
	acme.In("#ops").Sees("!too")
	acme.In("#ops").SeesNothing(50 * time.Millisecond)
}

func TestOldMessagesOfAGapAreLetBe(t *testing.T) {
	d, acme, r := world(t, echo)
	acme.As("ann").Says("#ops", "!before").Sees("!before")
	d.Gateway().Refuse()
	d.Gateway().Drop()
	d.Gateway().AwaitGone()
	acme.As("ann").Says("#ops", "!in the gap").SeesNothing(0)
	d.Advance(time.Minute)
	d.Gateway().Accept()
	r.awaitLog(t, "too old to act on")
	acme.In("#ops").SeesNothing(30 * time.Millisecond)
}

func TestARefusalForGoodEndsTheBot(t *testing.T) {
	t.Run("token", func(t *testing.T) {
		t.Parallel()
		d := discordtest.New(t)
		r := start(t, d, echo, func(o *bot.Options) { o.Token = "not-the-token" })
		mustEnd(t, r, "Discord refuses the token")
	})
	t.Run("token refused later", func(t *testing.T) {
		d, _, r := world(t, echo)
		d.FailNext("get_bot_gateway", discordtest.Status(401))
		d.Gateway().CloseWith(4004)
		mustEnd(t, r, "Discord refuses the token")
	})
}

func mustEnd(t *testing.T, r *running, why string) {
	t.Helper()
	var fatal *bot.FatalError
	if err := r.wait(); !errors.As(err, &fatal) || !strings.Contains(err.Error(), why) {
		t.Errorf("the bot ended with %v, want %q", err, why)
	}
}

func TestWithoutTheContentIntentMentionsAreHeard(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t, discordtest.WithoutIntents(discordtest.IntentMessageContent))
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	r := start(t, d, echo, func(o *bot.Options) { o.OpsChannel = acme.ChannelID("#ops") })
	d.Gateway().AwaitReady(1)
	acme.In("#ops").Sees("message-content intent", "Switch on the Message Content Intent")
	r.awaitLog(t, "Switch on the Message Content Intent")
	acme.As("ann").Says("#ops", "!unheard").SeesNothing(30 * time.Millisecond)
	acme.As("ann").Says("#ops", acme.Mention("helix")+" heard").Sees("heard")
	if !r.Status().NoContent {
		t.Error("the status does not tell")
	}
}

func TestTheStartLimitIsWaitedFor(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	d.Gateway().LimitStarts(0, 500*time.Millisecond)
	r := start(t, d, echo)
	r.awaitLog(t, "Discord allows no further connection")
	if n := d.Gateway().Connections(); n > 0 {
		t.Errorf("it connected %d times although none was allowed", n)
	}
	d.Gateway().LimitStarts(10, time.Hour)
	d.Gateway().AwaitReady(1)
	acme.As("ann").Says("#ops", "!hello").Sees("!hello")
}

func TestStoppingLetsWorkEnd(t *testing.T) {
	release, began := make(chan struct{}), make(chan struct{})
	d, acme, r := world(t, slowly(began, release))
	said := acme.As("ann").Says("#ops", "!slow")
	<-began
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	d.Gateway().AwaitGone()
	close(release)
	said.Sees("!slow")
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestStoppingEndsWorkAfterItsGrace(t *testing.T) {
	began := make(chan struct{})
	_, acme, r := world(t, slowly(began, nil), func(o *bot.Options) { o.Timing.Grace = 50 * time.Millisecond })
	acme.As("ann").Says("#ops", "!endless")
	<-began
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

// Nobody need have asked in a channel before for a gap to be caught up there.
func TestAGapIsCaughtUpWhereNobodyAskedBefore(t *testing.T) {
	d, acme, r := world(t, echo)
	await(t, "the bot to hear", func() bool { return r.Status().Connected })
	d.Gateway().Refuse()
	d.Gateway().Drop()
	d.Gateway().AwaitGone()
	acme.Thread("#ops", "incident")
	for range 120 {
		acme.As("ann").Says("#talk", "chatter")
	}
	acme.As("ann").Says("#talk", "!in the gap")
	acme.As("ann").Says("incident", "!in a thread")
	d.Gateway().Accept()
	acme.In("#talk").Sees("!in the gap")
	acme.In("incident").Sees("!in a thread")
	acme.In("#talk").SeesNothing(30 * time.Millisecond)
}

// A gateway may declare a session void and greet again on the same connection.
func TestAVoidSessionIsAGapToo(t *testing.T) {
	d, acme, _ := world(t, echo)
	acme.As("ann").Says("#ops", "!before").Sees("!before")
	d.FailNext("list_messages", discordtest.Status(500))
	d.Gateway().InvalidateSession()
	acme.As("ann").Says("#ops", "!in the gap").Sees("!in the gap")
}

func TestAGatewayThatCountsNoStarts(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Guild("Acme").Text("#ops")
	d.FailNext("get_bot_gateway", discordtest.Status(404))
	start(t, d, echo)
	d.Gateway().AwaitReady(1)
}

// A poll has no words; that says nothing about the intent.
func TestAMessageWithoutWordsIsNoMissingIntent(t *testing.T) {
	d, acme, r := world(t, echo)
	d.Gateway().Inject("MESSAGE_CREATE", `{"id":"1","channel_id":"`+acme.ChannelID("#ops")+`","guild_id":"`+acme.ID+
		`","content":"","author":{"id":"2","username":"eve"},"poll":{"question":{"text":"Lunch?"},"answers":[]}}`)
	acme.As("ann").Says("#ops", "!one").Sees("!one")
	if r.Status().NoContent {
		t.Error("a poll is taken for a message without its content")
	}
	d.Gateway().Inject("MESSAGE_CREATE", `{"id":"3","channel_id":"`+acme.ChannelID("#ops")+`","guild_id":"`+acme.ID+
		`","content":"","author":{"id":"2","username":"eve"}}`)
	r.awaitLog(t, "Switch on the Message Content Intent")
	d.Gateway().Drop()
	d.Gateway().AwaitReady(2)
	acme.As("ann").Says("#ops", "!two").Sees("!two")
	if r.Status().NoContent {
		t.Error("words arrive, and the status denies it")
	}
}

// Who waits learns what became of it, whether it was begun or not.
func TestStoppingIsSaid(t *testing.T) {
	began := make(chan struct{})
	_, acme, r := world(t, func(ctx context.Context, req commands.Request) commands.Reply {
		close(began)
		<-ctx.Done()
		return commands.Reply{Outcome: commands.Cancelled, Problem: "Stopped."}
	}, func(o *bot.Options) { o.Timing.Grace = 50 * time.Millisecond })
	running := acme.As("ann").Says("#ops", "!endless")
	<-began
	waiting := acme.As("ann").Says("#ops", "!next")
	acme.As("ann").Says("#talk", "no command")
	acme.In("#ops").AwaitTyping(1)
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	running.Sees("Stopped.", "Helix is being stopped")
	waiting.Sees("was not run", "Send it again")
}

// What is said after a gap is answered after what was said in it, however long
// that takes to be read.
func TestWhatIsSaidAfterAGapComesAfterIt(t *testing.T) {
	d, acme, _ := world(t, echo)
	acme.As("ann").Says("#ops", "!before").Sees("!before")
	d.Gateway().Refuse()
	d.Gateway().Drop()
	d.Gateway().AwaitGone()
	acme.As("ann").Says("#ops", "!one")
	d.FailNext("list_messages", discordtest.Delay(200*time.Millisecond))
	d.Gateway().Accept()
	d.Gateway().AwaitReady(2)
	await(t, "the gap to be read", func() bool { return len(d.RequestsTo("list_messages")) > 0 })
	acme.As("ann").Says("#ops", "!two")
	acme.As("ann").Says("#talk", "!elsewhere").Sees("!elsewhere") // others do not wait
	acme.In("#ops").Sees("!two")
	said := acme.In("#ops").Transcript()
	if strings.LastIndex(said, "!one") > strings.LastIndex(said, "!two") {
		t.Errorf("it is answered out of order:\n%s", said)
	}
}

// The library asks where the gateway is; that keeps to Discord's limits as well.
func TestTheGatewayIsAskedForInTurn(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Guild("Acme").Text("#ops")
	d.FailNext("get_gateway", discordtest.TooMany(50*time.Millisecond))
	r := start(t, d, echo)
	d.Gateway().AwaitReady(1)
	await(t, "the connection", func() bool { return r.Status().Connected })
	if s := r.Status(); s.Reconnects > 0 || r.Outbound().Limited != 1 {
		t.Errorf("%d further connections, %+v", s.Reconnects, r.Outbound())
	}
}
