package bot_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

// stormFor answers how long the storm lasts: HELIX_STORM_FOR, or long enough to
// see every kind of fault.
func stormFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("HELIX_STORM_FOR")
	if text == "" {
		return time.Second
	}
	lasts, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return lasts
}

// weather makes 30 % of all requests meet a 429, timed or not, 10 % a failure of
// Discord, and 5 % a lost response to what was done.
func weather(rng *rand.Rand) func(string) discordtest.Fault {
	return func(string) discordtest.Fault {
		wait := time.Duration(50+rng.IntN(200)) * time.Millisecond
		switch roll := rng.IntN(100); {
		case roll < 20:
			return discordtest.TooMany(wait)
		case roll < 25:
			return discordtest.TooManyUntimed()
		case roll < 28:
			return discordtest.TooManyHTML(wait)
		case roll < 30:
			return discordtest.TooManyGlobally(wait)
		case roll < 40:
			return discordtest.Status([]int{500, 502, 503, 504}[rng.IntN(4)])
		case roll < 45:
			return discordtest.Applied(discordtest.Drop())
		}
		return discordtest.Fault{}
	}
}

// talk is a conversation in one channel.
type talk struct {
	channel string
	every   time.Duration // about
	asked   []*discordtest.Message
	next    time.Time
}

const talks = 20

// slowish answers every tenth question so late that its progress shows.
func slowish(ctx context.Context, req commands.Request) commands.Reply {
	if strings.HasSuffix(req.Text, "3") {
		select {
		case <-time.After(60 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return echo(ctx, req)
}

// Whatever Discord's REST interface and its gateway do, every answer arrives
// once, and those of a channel in the order of their questions.
// HELIX_STORM_FOR=60s is the whole.
func TestAnswersOutlastAFaultStorm(t *testing.T) {
	t.Parallel()
	lasts := stormFor(t)
	rng := rand.New(rand.NewPCG(1, 5))
	d := discordtest.New(t, discordtest.WithPatience(time.Minute))
	acme := d.Guild("Acme").Join("ann")
	all := make([]*talk, talks)
	for i := range all {
		all[i] = &talk{channel: fmt.Sprintf("#talk-%02d", i), every: min(lasts, 4*time.Second)}
		acme.Text(all[i].channel)
	}
	r := start(t, d, slowish, func(o *bot.Options) {
		o.Timing.ProgressFrom, o.Timing.ProgressEvery = 20*time.Millisecond, 20*time.Millisecond
	})
	d.Gateway().AwaitReady(1)
	for _, a := range all {
		acme.As("ann").Says(a.channel, "!hello").Sees("!hello")
	}
	d.FailWith(weather(rand.New(rand.NewPCG(2, 5))))
	drop := time.Now().Add(min(lasts/4, 2*time.Second))
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		for _, a := range all {
			a.ask(acme, rng)
		}
		if time.Now().After(drop) {
			d.Gateway().Drop()
			drop = time.Now().Add(min(lasts/4, time.Duration(2000+rng.IntN(2000))*time.Millisecond))
		}
		pauseALittle()
	}
	questions := 0
	for _, a := range all {
		questions += len(a.asked)
		a.isAnswered(t, acme)
	}
	d.FailWith(nil)
	t.Logf("%d questions, %d connections, %+v", questions, d.Gateway().Connections(), r.Outbound())
}

func pauseALittle() { <-time.After(5 * time.Millisecond) }

// ask says the next thing of a conversation, if it is time: one to three
// questions on end.
func (a *talk) ask(acme *discordtest.Guild, rng *rand.Rand) {
	if time.Now().Before(a.next) {
		return
	}
	a.next = time.Now().Add(a.every/2 + time.Duration(rng.Int64N(int64(a.every))))
	for range 1 + rng.IntN(3) {
		a.asked = append(a.asked, acme.As("ann").Says(a.channel, fmt.Sprintf("!question %s %d", a.channel, len(a.asked))))
	}
}

// isAnswered waits for the last answer and holds all of them against the
// questions.
func (a *talk) isAnswered(t *testing.T, acme *discordtest.Guild) {
	t.Helper()
	for i, asked := range a.asked {
		asked.Sees(fmt.Sprintf("!question %s %d\n", a.channel, i))
	}
	var answered []string
	for _, m := range acme.In(a.channel).Messages() {
		if m.Author == "helix" && !strings.Contains(m.Content, "!hello") {
			answered = append(answered, m.ReplyTo)
		}
	}
	var want []string
	for _, m := range a.asked {
		want = append(want, m.ID)
	}
	if fmt.Sprint(answered) != fmt.Sprint(want) {
		t.Errorf("in %s the questions %q are answered as %q:\n%s", a.channel, want, answered, acme.In(a.channel).Transcript())
	}
}
