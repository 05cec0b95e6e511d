package bot_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

const (
	callbackOp = "create_interaction_response"
	originalOp = "update_original_webhook_message"
)

// lost is a request that Discord has carried out, whose response nobody gets.
func lost() discordtest.Fault { return discordtest.Applied(discordtest.Drop()) }

func TestAnAnswerWhoseResponseIsLostStandsOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*bot.Options)
		faults map[string][]discordtest.Fault
	}{
		"at once":              {func(*bot.Options) {}, map[string][]discordtest.Fault{callbackOp: {lost()}}},
		"refused first":        {func(*bot.Options) {}, map[string][]discordtest.Fault{callbackOp: {discordtest.Status(503)}}},
		"carried out, and 500": {func(*bot.Options) {}, map[string][]discordtest.Fault{callbackOp: {discordtest.Applied(discordtest.Status(500))}}},
		"the notice":           {atOnce, map[string][]discordtest.Fault{callbackOp: {lost()}}},
		"in place":             {atOnce, map[string][]discordtest.Fault{originalOp: {lost(), discordtest.Status(502)}}},
		"too many":             {atOnce, map[string][]discordtest.Fault{callbackOp: {discordtest.TooMany(10 * time.Millisecond)}, originalOp: {discordtest.TooMany(10 * time.Millisecond)}}},
	} {
		t.Run(name, func(t *testing.T) {
			gate := make(chan struct{})
			d, acme, _ := slashWorld(t, behind(gate, echo), c.change)
			for op, faults := range c.faults {
				d.FailNext(op, faults...)
			}
			used := acme.As("ann").Slash("#ops", "config list", nil)
			if c.faults[callbackOp] == nil {
				used.Acknowledged()
			}
			close(gate)
			used.Sees("!config list")
			acme.As("ann").Says("#ops", "!then").Sees("!then")
			if all := acme.In("#ops").Messages(); len(all) != 3 {
				t.Errorf("there stand %v", all)
			}
		})
	}
}

// A command that was heard too late, or whose own answer can be written to no more,
// is answered in the channel.
func TestWhereACommandTakesNoAnswerTheChannelDoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*bot.Options)
		advance time.Duration
		shown   string
	}{
		"too late for the first answer": {func(o *bot.Options) { o.Timing.Defer = time.Minute }, 4 * time.Second, ""},
		"its time is over":              {atOnce, 16 * time.Minute, ""},
		"its time is nearly over":       {func(o *bot.Options) { atOnce(o); o.Timing.Token = 1 }, 0, ""},
		"progress stands":               {soon, 16 * time.Minute, "Running"},
	} {
		t.Run(name, func(t *testing.T) {
			gate := make(chan struct{})
			d, acme, _ := slashWorld(t, behind(gate, echo), c.change)
			used := acme.As("ann").Slash("#ops", "config list", nil)
			sees := acme.In("#ops").Sees
			switch {
			case c.shown != "":
				sees = used.Sees(c.shown).Becomes
			case c.advance != 4*time.Second:
				used.Acknowledged()
			}
			d.Advance(c.advance)
			close(gate)
			if answer := sees("!config list", "Asked by ann"); answer.Ephemeral {
				t.Errorf("the answer is %s", answer)
			}
			acme.In("#ops").SeesNothing(0)
		})
	}
}

// What only one person may see is not said in the channel instead.
func TestWhatIsPrivateIsNeverSaidInTheChannel(t *testing.T) {
	gate := make(chan struct{})
	d, acme, r := slashWorld(t, behind(gate, echo), atOnce)
	acme.As("ann").Slash("#ops", "why", nil).Acknowledged()
	d.Advance(16 * time.Minute)
	close(gate)
	r.awaitLog(t, "a press could not be answered")
	acme.In("#ops").SeesNothing(0)
}

func TestAPlanOfACommandIsConfirmedAndLapses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bot.Options){"at once": func(*bot.Options) {}, "deferred": atOnce, "shown": soon} {
		t.Run(name, func(t *testing.T) {
			p := plans()
			_, acme, _ := slashWorld(t, nil, p.serves, change)
			acme.Join("guest")
			shown := acme.As("ann").Slash("#ops", "config list", nil).Sees("UNLINK of 3 keys")
			if labels(shown) != "Confirm Cancel" {
				t.Errorf("its buttons are %s", labels(shown))
			}
			acme.As("guest").Clicks(shown, "Confirm").Sees("Only who asked")
			acme.As("ann").Clicks(shown, "Confirm")
			if ended := shown.Becomes("3 of 3 keys unlinked"); labels(ended) != "" || len(acme.In("#ops").Messages()) != 1 {
				t.Errorf("it became %s", ended)
			}
		})
	}
	t.Run("lapses", func(t *testing.T) {
		p := plans(func(p *planner) { p.plan.Until = time.Now().Add(300 * time.Millisecond) })
		_, acme, _ := slashWorld(t, nil, p.serves)
		acme.As("ann").Slash("#ops", "config list", nil).Sees("UNLINK of 3 keys").Becomes("has lapsed")
	})
}

func TestALongAnswerToACommandIsTurnedAndAttached(t *testing.T) {
	many := func(lines int) handler {
		return says(commands.Reply{Outcome: commands.OK, Output: []byte(strings.Repeat("a line of many\n", lines))})
	}
	_, acme, _ := slashWorld(t, many(300))
	shown := acme.As("ann").Slash("#ops", "config list", nil).Sees("page 1 of")
	acme.As("ann").Clicks(shown, "Next")
	shown.Becomes("page 2 of")
	t.Run("private", func(t *testing.T) {
		_, acme, _ := slashWorld(t, many(300))
		shown := acme.As("ann").Slash("#ops", "why", nil).Sees("page 1 of")
		acme.As("ann").Clicks(shown, "Next")
		if next := shown.Becomes("page 2 of"); !next.Ephemeral {
			t.Error("everybody sees it")
		}
	})
	for _, command := range []string{"config list", "why"} {
		t.Run("file of "+command, func(t *testing.T) {
			_, acme, _ := slashWorld(t, many(3000))
			shown := acme.As("ann").Slash("#ops", command, nil).Sees("in the file")
			if f, ok := shown.File("output.txt"); !ok || len(f.Data) != 45000 || shown.Ephemeral != (command == "why") {
				t.Errorf("the answer is %s", shown)
			}
		})
	}
}

// TestEveryCommandIsAnsweredOnce: whatever faults the answers meet, as long as some
// of their tries get through.
func TestEveryCommandIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3, 4} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, seed))
			d, acme, _ := slashWorld(t, echo, func(o *bot.Options) { o.Timing.Defer = []time.Duration{1, 2 * time.Second}[seed%2] })
			fault := func() discordtest.Fault {
				return []discordtest.Fault{lost(), discordtest.Drop(), discordtest.Status(503), discordtest.TooMany(20 * time.Millisecond)}[random.IntN(4)]
			}
			for i := range 12 {
				if random.IntN(2) == 0 {
					d.FailNext(callbackOp, fault())
				}
				if random.IntN(2) == 0 {
					d.FailNext(originalOp, fault())
				}
				key := fmt.Sprint("number-", i)
				acme.As("ann").Slash("#ops", "config set", discordtest.Args{"key": key}).Sees(key)
			}
			if all := acme.In("#ops").Messages(); len(all) != 12 {
				t.Errorf("%d answers stand there", len(all))
			}
		})
	}
}
