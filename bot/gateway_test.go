package bot_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
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
	t.Parallel()
	ago := time.Now().Add(-time.Minute)
	d := discordtest.New(t, discordtest.WithClock(func() time.Time { return ago }))
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	r := start(t, d, echo)
	d.Gateway().AwaitReady(1)
	acme.As("ann").Says("#ops", "!before").Sees("!before")
	d.Gateway().Refuse()
	d.Gateway().Drop()
	d.Gateway().AwaitGone()
	acme.As("ann").Says("#ops", "!in the gap").SeesNothing(0)
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
