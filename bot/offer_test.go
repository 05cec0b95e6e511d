package bot_test

import (
	"context"
	"strings"
	"testing"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
)

// proposes answers `!next` with steps, and everything else with what was said
// and by whom.
func proposes(offers ...commands.Offer) handler {
	return func(_ context.Context, req commands.Request) commands.Reply {
		if req.Text == "!next" {
			return commands.Reply{Outcome: commands.OK, Output: []byte("what now?\n"), Offers: offers}
		}
		return commands.Reply{Outcome: commands.OK, Output: []byte(req.Caller.Name + " said " + req.Text + "\n")}
	}
}

func TestAnOfferSaysItsLineAsThePresser(t *testing.T) {
	_, acme, r := world(t, nil, func(o *bot.Options) {
		o.Handler = proposes(commands.Offer{Label: "Count", Line: "!redis dbsize"})
	})
	acme.Join("guest")
	shown := acme.As("ann").Says("#ops", "!next").Sees("what now?")
	acme.As("guest").Clicks(shown, "Count")
	seen := acme.In("#ops").Sees("guest said !redis dbsize")
	if seen.Ephemeral || !strings.Contains(seen.Content, "-# guest: ") {
		t.Errorf("the answer is %s", seen)
	}
	if now := shown.Now(); now.Content != shown.Content {
		t.Errorf("the answer before became %s", now)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

func TestAnOfferPutsIntoItsLineWhatWasPicked(t *testing.T) {
	_, acme, _ := world(t, nil, func(o *bot.Options) {
		o.Handler = proposes(
			commands.Offer{Label: "Where?", Line: "!setup ops {}", Wants: commands.WantsChannel},
			commands.Offer{Label: "Who?", Line: "!setup role oncall {}", Wants: commands.WantsRoles},
			commands.Offer{Label: "Why?", Line: "!note {}", Wants: commands.WantsWords},
		)
	})
	role := acme.Role("Ops").RoleID("Ops")
	shown := acme.As("ann").Says("#ops", "!next").Sees("what now?")
	acme.As("ann").Picks(shown, "Where?", acme.ChannelID("#ops"))
	acme.In("#ops").Sees("ann said !setup ops channel:" + acme.ChannelID("#ops"))
	acme.As("ann").Picks(shown, "Who?", role)
	acme.In("#ops").Sees("ann said !setup role oncall " + role)
	form := acme.As("ann").Clicks(shown, "Why?")
	acme.As("ann").Submits(form, map[string]string{"word": "it's $(late)"})
	acme.In("#ops").Sees(`ann said !note 'it'\''s $(late)'`)
}

func TestOffersFitBelowAnAnswer(t *testing.T) {
	step := commands.Offer{Label: "Again", Line: "!again"}
	long := commands.Offer{Label: "Long", Line: "!" + strings.Repeat("x", 100)}
	where := func(line string) commands.Offer {
		return commands.Offer{Label: "Where?", Line: line, Wants: commands.WantsChannel}
	}
	many := strings.Repeat("a line of many\n", 300)
	_, acme, _ := world(t, nil, func(o *bot.Options) {
		o.Handler = says(commands.Reply{Outcome: commands.OK, Output: []byte(many), Hidden: true, Offers: []commands.Offer{
			step, step, long, where("!a {}"), where("!b {}"), where("!c {}"),
		}})
	})
	shown := acme.As("ann").Says("#ops", "!many").Sees("page 1 of")
	if got := labels(shown); got != "Next Last Reveal As file Filter… Again" {
		t.Errorf("its buttons are %s", got)
	}
	acme.As("ann").Clicks(shown, "Next")
	if got := labels(shown.Becomes("page 2 of")); got != "First Previous Next Last Reveal As file Filter… Again" {
		t.Errorf("its buttons became %s", got)
	}
}

// TestAnOfferPlansWhatItSays where it is asked to.
func TestAnOfferPlansWhatItSays(t *testing.T) {
	_, acme, _ := world(t, nil, func(o *bot.Options) {
		o.Handler = handler(func(_ context.Context, req commands.Request) commands.Reply {
			reply := commands.Reply{Outcome: commands.OK, Output: []byte(req.Text + "\n"), Offers: []commands.Offer{
				{Label: "Now", Line: "!set a"}, {Label: "First a plan", Line: "!set b", Plans: true},
			}}
			if req.AlwaysPlan {
				reply.Hints = []string{"planned"}
			}
			return reply
		})
	})
	shown := acme.As("ann").Says("#ops", "!next").Sees("!next")
	acme.As("ann").Clicks(shown, "Now")
	if seen := acme.In("#ops").Sees("!set a"); strings.Contains(seen.Content, "planned") {
		t.Errorf("it is %s", seen)
	}
	acme.As("ann").Clicks(shown, "First a plan")
	acme.In("#ops").Sees("!set b", "planned")
}
