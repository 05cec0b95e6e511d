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
	"github.com/helix-collective/helix/permissions"
)

// either waits for a release or the end of ctx.
func either(ctx context.Context, release <-chan struct{}) {
	select {
	case <-release:
	case <-ctx.Done():
	}
}

// until has a plan's work wait, for release or its end.
func until(release chan struct{}) func(*planner) {
	return func(p *planner) {
		p.work = func(ctx context.Context, _ *commands.Progress) commands.Reply {
			return untilStopped(release)(ctx, commands.Request{})
		}
	}
}

func TestWhatIsConfirmedRunsInThePlaceOfItsPlan(t *testing.T) {
	release := make(chan struct{})
	p := plans(until(release))
	_, acme, _ := world(t, nil, p.serves, soon)
	asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
	shown := asked.Sees("UNLINK")
	pressed := acme.As("ann").Clicks(shown, "Confirm")
	running := shown.Becomes("Running")
	if pressed.Acknowledged() != 7 || labels(running) != "Stop" {
		t.Errorf("the press was answered by %d, with %s", pressed.Acknowledged(), labels(running))
	}
	acme.As("ann").Says("#ops", "!meanwhile").Sees("UNLINK") // it does not hold up its channel
	close(release)
	if answer := shown.Becomes("all of it"); len(answer.Buttons()) > 0 {
		t.Errorf("left over: %v", answer.Buttons())
	}
	asked.SeesNothing(0)
}

func TestAConfirmationSaysWhoAndWhere(t *testing.T) {
	p := plans()
	_, acme, _ := world(t, nil, p.serves)
	acme.Admin("ada").Owner("olga").Thread("#ops", "incident")
	ops := acme.ChannelID("#ops")
	for _, c := range []struct {
		who, where string
		want       permissions.Member
	}{
		{"ann", "#ops", permissions.Member{Channel: ops, Roles: []string{acme.RoleID("oncall")}}},
		{"ada", "#ops", permissions.Member{Channel: ops, Roles: []string{acme.RoleID("administrators")}, Administrator: true}},
		{"olga", "#ops", permissions.Member{Channel: ops, Owner: true}},
		{"ann", "incident", permissions.Member{Channel: acme.ChannelID("incident"), Parent: ops, Roles: []string{acme.RoleID("oncall")}}},
	} {
		t.Run(c.who+" in "+c.where, func(t *testing.T) {
			asked := acme.As(c.who).Says(c.where, "!redis unlink a b c")
			shown := asked.Sees("UNLINK")
			pressed := acme.As(c.who).Clicks(shown, "Confirm")
			shown.Becomes("3 of 3")
			all := p.confirmations()
			got := all[len(all)-1]
			c.want.ID, c.want.Name, c.want.Guild = acme.UserID(c.who), c.who, acme.ID
			if fmt.Sprint(got.Caller) != fmt.Sprint(c.want) {
				t.Errorf("the caller is %+v, want %+v", got.Caller, c.want)
			}
			if got.ID != pressed.ID() || got.Asked != asked.ID || got.Progress == nil {
				t.Errorf("it is %+v", got)
			}
			if other, err := got.Member(t.Context(), acme.UserID("ada")); err != nil || !other.Administrator {
				t.Errorf("another member is %+v, %v", other, err)
			}
		})
	}
}

func TestARefusalIsForThePresserAlone(t *testing.T) {
	p := plans()
	_, acme, _ := world(t, nil, p.serves)
	acme.Join("guest")
	shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK")
	for button, says := range map[string]string{"Confirm": "Only who asked", "Cancel": "not yours to cancel"} {
		if refusal := acme.As("guest").Clicks(shown, button).Sees(says); !refusal.Ephemeral {
			t.Errorf("everybody sees what %s answers", button)
		}
	}
	if now := shown.Now(); now.Content != shown.Content || labels(now) != "Confirm Cancel" {
		t.Errorf("the plan became %s", now)
	}
	acme.As("ann").Clicks(shown, "Confirm")
	shown.Becomes("3 of 3")
}

func TestHoweverOftenAndWhoeverPressesItRunsOnce(t *testing.T) {
	release := make(chan struct{})
	p := plans(until(release))
	_, acme, _ := world(t, nil, p.serves)
	acme.Join("guest")
	shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK")
	presses := []*discordtest.Interaction{}
	for range 3 {
		presses = append(presses, acme.As("ann").ClicksAsSeen(shown, "Confirm"), acme.As("guest").ClicksAsSeen(shown, "Confirm"))
	}
	updates := 0
	for _, press := range presses {
		if press.Acknowledged() == 7 {
			updates++
		} else if !press.Sees("").Ephemeral {
			t.Error("everybody sees a refusal")
		}
	}
	if n := len(p.confirmations()); n != 1 || updates != 1 {
		t.Errorf("%d were confirmed, %d presses shown", n, updates)
	}
	close(release)
	shown.Becomes("all of it")
	acme.As("ann").ClicksAsSeen(shown, "Confirm").Sees("no such plan")
	acme.As("ann").ClicksAsSeen(shown, "Cancel").Sees("not yours to cancel")
}

func TestADangerousPlanAsksForItsWord(t *testing.T) {
	p := plans(func(p *planner) { p.plan.Word = "FLUSHDB" })
	_, acme, _ := world(t, nil, p.serves)
	acme.Join("guest")
	ann := acme.As("ann")
	shown := ann.Says("#ops", "!redis flushdb").Sees("UNLINK")
	form := ann.Clicks(shown, "Confirm…")
	if got := form.Form(); len(got.Fields) != 1 || got.Fields[0].Label != "Type FLUSHDB to confirm" || got.CustomID != "plan:word:plan1" {
		t.Fatalf("the form is %+v", got)
	}
	word := func(typed string) map[string]string { return map[string]string{"word": typed} }
	if !ann.Submits(form, word("flush")).Sees("not the word").Ephemeral {
		t.Error("everybody sees the refusal")
	}
	guests := acme.As("guest").Clicks(shown, "Confirm…")
	acme.As("guest").Submits(guests, word("FLUSHDB")).Sees("Only who asked")
	ann.Submits(ann.Clicks(shown, "Confirm…"), word(" FLUSHDB "))
	shown.Becomes("3 of 3")
	ann.Submits(form, word("FLUSHDB")).Sees("no such plan") // answered when it is over
}

func TestALongWordStillHasItsForm(t *testing.T) {
	p := plans(func(p *planner) { p.plan.Word = strings.Repeat("w", 70) })
	_, acme, _ := world(t, nil, p.serves)
	shown := acme.As("ann").Says("#ops", "!redis flushdb").Sees("UNLINK")
	form := acme.As("ann").Clicks(shown, "Confirm…")
	if got := form.Form().Fields[0]; got.Label != "Type the word to confirm" || got.Placeholder != p.plan.Word {
		t.Errorf("the field is %+v", got)
	}
	acme.As("ann").Submits(form, map[string]string{"word": p.plan.Word})
	shown.Becomes("3 of 3")
}

func TestAPlanIsCancelled(t *testing.T) {
	p := plans()
	_, acme, _ := world(t, nil, p.serves)
	shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK")
	acme.As("ann").Clicks(shown, "Cancel")
	if now := shown.Becomes("Cancelled by ann."); len(now.Buttons()) > 0 {
		t.Errorf("left over: %v", now.Buttons())
	}
	acme.As("ann").ClicksAsSeen(shown, "Confirm").Sees("no such plan")
}

func TestASecondPersonApproves(t *testing.T) {
	p := plans(func(p *planner) { p.plan.Approval = "Somebody else has to agree." })
	_, acme, _ := world(t, nil, p.serves)
	acme.Join("bob")
	shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("Somebody else has to agree.")
	acme.As("ann").Clicks(shown, "Approve").Sees("their own plan")
	acme.As("bob").Clicks(shown, "Approve")
	approved := shown.Becomes("bob agrees.", "UNLINK")
	if labels(approved) != "Confirm Cancel" {
		t.Errorf("it shows %s", labels(approved))
	}
	acme.As("ann").Clicks(approved, "Confirm")
	shown.Becomes("3 of 3")
}

func TestButtonsOutliveARestart(t *testing.T) {
	for button, becomes := range map[string]string{"Confirm…": "3 of 3", "Cancel": "Cancelled by ann.", "Approve": "bob agrees."} {
		t.Run(button, func(t *testing.T) {
			p := plans(func(p *planner) { p.plan.Word, p.plan.Approval = "yes", "Somebody else has to agree." })
			d, acme, r := world(t, nil, p.serves)
			acme.Join("bob")
			shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK")
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			start(t, d, nil, p.serves)
			d.Gateway().AwaitReady(2)
			who := acme.As("ann")
			if button == "Approve" {
				who = acme.As("bob")
			}
			pressed := who.Clicks(shown, button)
			if button == "Confirm…" {
				who.Submits(pressed, map[string]string{"word": "yes"})
			}
			shown.Becomes(becomes)
		})
	}
}

// What was shown for another text, or for none any more, does not count: the bot
// may have been away when the message changed.
func TestAPlanOfAnotherTextIsNotRun(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*discordtest.Guild, *discordtest.Message)
		says   string
	}{
		"edited":  {func(g *discordtest.Guild, m *discordtest.Message) { g.As("ann").Edits(m, "hello") }, "was edited since"},
		"deleted": {func(g *discordtest.Guild, m *discordtest.Message) { g.As("ann").Deletes(m) }, "was deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			p := plans(func(p *planner) { p.plan.Approval = "Somebody else has to agree." })
			d, acme, r := world(t, nil, p.serves)
			acme.Join("bob")
			asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
			shown := asked.Sees("UNLINK")
			if err := r.stop(); err != nil {
				t.Fatal(err)
			}
			c.change(acme, asked)
			start(t, d, nil, p.serves)
			d.Gateway().AwaitReady(2)
			acme.As("ann").Clicks(shown, "Confirm").Sees(c.says)
			acme.As("bob").Clicks(shown, "Approve").Sees(c.says)
			if labels(shown.Now()) != "Confirm Approve Cancel" {
				t.Errorf("it was agreed to: %s", labels(shown.Now()))
			}
			if got := p.confirmations(); len(got) > 0 {
				t.Errorf("confirmed: %+v", got)
			}
			acme.As("ann").Clicks(shown, "Cancel")
			shown.Becomes("Cancelled by ann.")
		})
	}
}

func TestWhatWasConfirmedCanBeStopped(t *testing.T) {
	p := plans(until(nil))
	_, acme, _ := world(t, nil, p.serves, soon)
	acme.Join("guest")
	shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK")
	acme.As("ann").Clicks(shown, "Confirm")
	running := shown.Becomes("Running")
	acme.As("guest").Clicks(running, "Stop").Sees("Only", "may stop it")
	acme.As("ann").Clicks(running, "Stop")
	if answer := shown.Becomes("Stopped."); len(answer.Buttons()) > 0 {
		t.Errorf("left over: %v", answer.Buttons())
	}
}

func TestAStopReportsWhatWasConfirmed(t *testing.T) {
	p := plans(until(nil))
	_, acme, r := world(t, nil, p.serves, func(o *bot.Options) { o.Timing.Grace = 50 * time.Millisecond })
	shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK")
	acme.As("ann").Clicks(shown, "Confirm")
	shown.Becomes("Running")
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	shown.Becomes("Stopped.", "Helix is being stopped")
}

func TestAReportOutlivesThePlansMessage(t *testing.T) {
	t.Run("deleted while it runs", func(t *testing.T) {
		release := make(chan struct{})
		p := plans(until(release))
		_, acme, _ := world(t, nil, p.serves)
		acme.Admin("ada")
		asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
		shown := asked.Sees("UNLINK")
		acme.As("ann").Clicks(shown, "Confirm")
		acme.As("ada").Deletes(shown.Becomes("Running"))
		close(release)
		asked.Sees("all of it")
	})
	t.Run("deleted while it is confirmed", func(t *testing.T) {
		claiming, release := make(chan struct{}), make(chan struct{})
		p := plans(func(p *planner) { p.claiming = func(ctx context.Context) { close(claiming); either(ctx, release) } })
		_, acme, _ := world(t, nil, p.serves)
		acme.Admin("ada")
		asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
		shown := asked.Sees("UNLINK")
		pressed := acme.As("ann").Clicks(shown, "Confirm")
		<-claiming
		acme.As("ada").Deletes(shown)
		close(release)
		asked.Sees("3 of 3")
		pressed.Acknowledged()
	})
}

// Who is quick presses before Helix has heard which message shows the plan.
func TestAPressMayOvertakeWhatDiscordAnswers(t *testing.T) {
	const late = time.Second
	quickly := func(p *planner) { p.plan.Until = time.Now().Add(late / 2) }
	t.Run("confirmed", func(t *testing.T) {
		d, acme, _ := world(t, nil, plans(quickly).serves)
		d.FailNext("create_message", discordtest.Applied(discordtest.Delay(late)))
		asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
		shown := asked.Sees("UNLINK")
		acme.As("ann").Clicks(shown, "Confirm")
		shown.Becomes("3 of 3")
		time.Sleep(late + late/2)
		if now := shown.Now(); !strings.Contains(now.Content, "3 of 3") {
			t.Errorf("the report became %q", now.Content)
		}
	})
	t.Run("lapsed", func(t *testing.T) {
		d, acme, _ := world(t, nil, plans(quickly).serves)
		d.FailNext("create_message", discordtest.Applied(discordtest.Delay(late)))
		acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK").Becomes("has lapsed")
	})
	t.Run("deleted", func(t *testing.T) {
		p := plans()
		d, acme, _ := world(t, nil, p.serves)
		d.FailNext("create_message", discordtest.Applied(discordtest.Delay(late)))
		asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
		shown := asked.Sees("UNLINK")
		acme.As("ann").Deletes(asked)
		shown.Becomes("was deleted")
		if n := len(p.confirmations()); n != 0 {
			t.Errorf("%d were confirmed", n)
		}
	})
}

func TestAPressIsAnsweredWhateverDiscordDoes(t *testing.T) {
	for name, fault := range map[string]discordtest.Fault{
		"500":                  discordtest.Status(500),
		"a lost response":      discordtest.Applied(discordtest.Drop()),
		"502 after it is done": discordtest.Applied(discordtest.Status(502)),
		"429":                  discordtest.TooMany(50 * time.Millisecond),
		"429 for everything":   discordtest.TooManyGlobally(50 * time.Millisecond),
		"refused for good":     discordtest.Status(403),
	} {
		t.Run(name, func(t *testing.T) {
			p := plans()
			d, acme, _ := world(t, nil, p.serves)
			acme.Join("guest")
			asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
			shown := asked.Sees("UNLINK")
			d.FailNext("create_interaction_response", fault)
			acme.As("ann").Clicks(shown, "Confirm")
			shown.Becomes("3 of 3")
			if n := len(p.confirmations()); n != 1 {
				t.Errorf("%d were confirmed", n)
			}
			asked.SeesNothing(0)
			if name == "refused for good" {
				return
			}
			shown = acme.As("ann").Says("#ops", "!redis unlink d").Sees("UNLINK")
			d.FailNext("create_interaction_response", fault)
			acme.As("guest").Clicks(shown, "Confirm").Sees("Only who asked")
		})
	}
}

// Discord waits three seconds, and Redis may take longer.
func TestASlowDecisionIsDeferred(t *testing.T) {
	release := make(chan struct{}, 2)
	p := plans(func(p *planner) { p.claiming = func(ctx context.Context) { either(ctx, release) } })
	_, acme, _ := world(t, nil, p.serves, func(o *bot.Options) { o.Timing.Defer = time.Millisecond })
	acme.Join("guest")
	asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
	shown := asked.Sees("UNLINK")
	for _, who := range []string{"guest", "ann"} {
		pressed := acme.As(who).Clicks(shown, "Confirm")
		if got := pressed.Acknowledged(); got != 6 {
			t.Errorf("%s is answered by %d", who, got)
		}
		release <- struct{}{}
		if who == "guest" && !pressed.Sees("Only who asked").Ephemeral {
			t.Error("everybody sees the refusal")
		}
	}
	shown.Becomes("3 of 3")
}

func TestAFaultOfTheHandlerCostsOnePlan(t *testing.T) {
	t.Run("in claiming", func(t *testing.T) {
		p := plans(func(p *planner) { p.claiming = func(context.Context) { panic("boom") } })
		_, acme, r := world(t, nil, p.serves)
		shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK")
		acme.As("ann").Clicks(shown, "Confirm").Sees("Something went wrong on our side")
		r.awaitLog(t, "a handler panicked")
	})
	t.Run("in running", func(t *testing.T) {
		p := plans(func(p *planner) {
			p.work = func(context.Context, *commands.Progress) commands.Reply { panic("boom") }
		})
		_, acme, _ := world(t, nil, p.serves)
		shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK")
		acme.As("ann").Clicks(shown, "Confirm")
		shown.Becomes("Something went wrong on our side")
	})
}

func TestEachPressIsTold(t *testing.T) {
	clicks := make(chan string, 10)
	p := plans(func(p *planner) { p.plan.Word = "FLUSHDB" })
	_, acme, _ := world(t, nil, p.serves, func(o *bot.Options) {
		o.Clicked = func(who permissions.Member, what string) { clicks <- who.Name + ": " + what }
	})
	ann := acme.As("ann")
	shown := ann.Says("#ops", "!redis flushdb").Sees("UNLINK")
	ann.Submits(ann.Clicks(shown, "Confirm…"), map[string]string{"word": "s3cret typed by mistake"}).Sees("not the word")
	ann.Clicks(shown, "Cancel")
	for _, want := range []string{"ann: confirm of plan plan1, word asked for", "ann: confirm of plan plan1, word typed", "ann: cancel of plan plan1"} {
		if got := <-clicks; got != want {
			t.Errorf("told of %q, want %q", got, want)
		}
	}
}
