package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

// planner answers every message with a plan, which runs once, for its author,
// with the right word. It outlives a restart of the bot, as Redis would.
type planner struct {
	handler                        // nil: a message is planned at once
	plan     commands.Plan         // its id is made
	output   string                // before the plan
	claiming func(context.Context) // called by each Confirm, before it decides
	work     func(context.Context, *commands.Progress) commands.Reply

	mu        sync.Mutex
	made      int
	open      map[string]string // author by plan
	confirmed []commands.Confirmation
	cancelled []commands.Confirmation
}

// plans is a planner whose plan is one of three keys.
func plans(change ...func(*planner)) *planner {
	p := &planner{
		plan: commands.Plan{Text: "UNLINK of 3 keys:\n  session:a\n  session:b\n  session:c"},
		work: func(context.Context, *commands.Progress) commands.Reply {
			return commands.Reply{Outcome: commands.OK, Output: []byte("3 of 3 keys unlinked\n")}
		},
		open: make(map[string]string),
	}
	p.plan.Until = time.Now().Add(2 * time.Minute)
	for _, c := range change {
		c(p)
	}
	return p
}

func (p *planner) Handle(ctx context.Context, req commands.Request) commands.Reply {
	if p.handler != nil {
		p.handler(ctx, req)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	plan := p.plan
	plan.ID = fmt.Sprintf("plan%d", p.made)
	p.open[plan.ID] = req.Caller.ID
	return commands.Reply{Outcome: commands.Unconfirmed, Output: []byte(p.output), Plan: &plan}
}

func (p *planner) Confirm(ctx context.Context, c commands.Confirmation) (func(context.Context) commands.Reply, commands.Reply) {
	if p.claiming != nil {
		p.claiming(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	author, ok := p.open[c.Plan]
	switch {
	case !ok:
		return nil, commands.Reply{Outcome: commands.Unconfirmed, Problem: "There is no such plan any more."}
	case author != c.Caller.ID:
		return nil, commands.Reply{Outcome: commands.Denied, Problem: "Only who asked may confirm it."}
	case c.Word != p.plan.Word:
		return nil, commands.Reply{Outcome: commands.Unconfirmed, Problem: "That is not the word."}
	}
	delete(p.open, c.Plan)
	p.confirmed = append(p.confirmed, c)
	return func(ctx context.Context) commands.Reply { return p.work(ctx, c.Progress) }, commands.Reply{}
}

func (p *planner) Cancel(_ context.Context, c commands.Confirmation) (bool, commands.Reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[c.Plan] != c.Caller.ID {
		return false, commands.Reply{Problem: "It is not yours to cancel."}
	}
	delete(p.open, c.Plan)
	p.cancelled = append(p.cancelled, c)
	return true, commands.Reply{Outcome: commands.OK}
}

func (p *planner) Approve(_ context.Context, c commands.Confirmation) (bool, commands.Reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[c.Plan] == c.Caller.ID {
		return false, commands.Reply{Problem: "Nobody approves of their own plan."}
	}
	plan := p.plan
	plan.ID, plan.Approval = c.Plan, ""
	return true, commands.Reply{Outcome: commands.Unconfirmed, Plan: &plan, Hints: []string{c.Caller.Name + " agrees."}}
}

func (p *planner) confirmations() []commands.Confirmation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.confirmed
}

// serves puts the planner behind a bot.
func (p *planner) serves(o *bot.Options) { o.Handler = p }

// labels answers a message's buttons that can be pressed.
func labels(m *discordtest.Message) string {
	var all []string
	for _, b := range m.Buttons() {
		if !b.Disabled {
			all = append(all, b.Label)
		}
	}
	return strings.Join(all, " ")
}

func TestAPlanIsShownWithItsButtons(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*planner)
		sees   []string
		ids    string
	}{
		"plain": {func(*planner) {}, []string{"```\nUNLINK of 3 keys:\n  session:a\n"}, "Confirm=plan:yes:plan1 Cancel=plan:no:plan1"},
		"word": {func(p *planner) { p.plan.Word = "FLUSHDB" }, []string{"type `FLUSHDB`"},
			"Confirm…=plan:word:plan1:FLUSHDB Cancel=plan:no:plan1"},
		"long word": {func(p *planner) { p.plan.Word = strings.Repeat("w", 100) }, nil, "Confirm…=plan:word:plan1 Cancel=plan:no:plan1"},
		"approval": {func(p *planner) { p.plan.Approval = "Somebody with @lead has to agree." }, []string{"Somebody with @lead has to agree."},
			"Confirm=plan:yes:plan1 Approve=plan:ok:plan1 Cancel=plan:no:plan1"},
		"output":  {func(p *planner) { p.output = "so far\n" }, []string{"```\nso far\n```\n```\nUNLINK"}, "Confirm=plan:yes:plan1 Cancel=plan:no:plan1"},
		"hostile": {func(p *planner) { p.plan.Text = "``` @everyone\n```\n<@1>" }, nil, "Confirm=plan:yes:plan1 Cancel=plan:no:plan1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := plans(c.change)
			_, acme, _ := world(t, nil, p.serves)
			asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
			shown := asked.Sees(append(c.sees, fmt.Sprintf("\n-# Lapses <t:%d:R>.", p.plan.Until.Unix()))...)
			if shown.ReplyTo != asked.ID || len(shown.Pings) > 0 {
				t.Errorf("it is a reply to %q and rings %q", shown.ReplyTo, shown.Pings)
			}
			if n := strings.Count(shown.Content, "```"); n%2 != 0 || n > 4 {
				t.Errorf("the block is broken: %q", shown.Content)
			}
			var ids []string
			for _, b := range shown.Buttons() {
				ids = append(ids, b.Label+"="+b.CustomID)
			}
			if got := strings.Join(ids, " "); got != c.ids {
				t.Errorf("the buttons are %s", got)
			}
		})
	}
}

func TestALongPlanIsAFile(t *testing.T) {
	p := plans(func(p *planner) { p.plan.Text, p.output = string(lines(300)), string(lines(200)) })
	_, acme, _ := world(t, nil, p.serves)
	asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
	shown := asked.Sees("the whole plan is in the file", "Lapses <t:")
	for name, want := range map[string][]byte{"plan.txt": lines(300), "output.txt": lines(200)} {
		if file, ok := shown.File(name); !ok || string(file.Data) != string(want) {
			t.Errorf("%s has %d bytes, want %d", name, len(file.Data), len(want))
		}
	}
	acme.As("ann").Clicks(shown, "Confirm")
	if answer := shown.Becomes("3 of 3 keys"); len(answer.Attachments) > 0 {
		t.Errorf("left over: %v", answer.Attachments)
	}
}

// The program that makes a plan may take long enough to be shown itself.
func TestAPlanTakesThePlaceOfItsProgress(t *testing.T) {
	release := make(chan struct{})
	p := plans(func(p *planner) { p.handler = untilStopped(release) })
	_, acme, _ := world(t, nil, p.serves, soon)
	shown := acme.As("ann").Says("#ops", "!slow").Sees("Running")
	close(release)
	shown = shown.Becomes("UNLINK of 3 keys")
	acme.As("ann").Clicks(shown, "Confirm")
	shown.Becomes("3 of 3 keys unlinked")
}

func TestAPlanLapses(t *testing.T) {
	p := plans(func(p *planner) { p.plan.Until = time.Now().Add(50 * time.Millisecond) })
	_, acme, _ := world(t, nil, p.serves)
	shown := acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK").Becomes("has lapsed", "session:c")
	if got := labels(shown); got != "" || strings.Contains(shown.Content, "<t:") {
		t.Errorf("it can still be pressed: %s in %s", got, shown)
	}
}

func TestAnEditOrDeletionDropsThePlan(t *testing.T) {
	t.Run("edit", func(t *testing.T) {
		p := plans()
		_, acme, _ := world(t, nil, p.serves)
		asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
		shown := asked.Sees("UNLINK")
		acme.As("ann").Edits(asked, "!redis unlink a b")
		if now := shown.Becomes("was edited, so the plan was dropped"); len(now.Buttons()) > 0 {
			t.Errorf("it can still be pressed: %s", labels(now))
		}
		acme.As("ann").Clicks(asked.Sees("UNLINK"), "Confirm").Acknowledged()
		asked.SeesNothing(0)
		if got := p.confirmations(); len(got) != 1 || got[0].Plan != "plan2" {
			t.Errorf("confirmed: %+v", got)
		}
	})
	t.Run("deletion", func(t *testing.T) {
		p := plans()
		_, acme, _ := world(t, nil, p.serves)
		acme.Admin("ada")
		asked := acme.As("ann").Says("#ops", "!redis unlink a b c")
		shown := asked.Sees("UNLINK")
		acme.As("ada").Deletes(asked)
		shown.Becomes("was deleted, so the plan was dropped")
		if got := p.cancelled; len(got) != 1 || got[0].Caller.ID != acme.UserID("ann") || got[0].Asked != asked.ID {
			t.Errorf("cancelled: %+v", got)
		}
	})
	t.Run("of what shows it", func(t *testing.T) {
		p := plans()
		_, acme, _ := world(t, nil, p.serves)
		acme.Admin("ada")
		acme.As("ada").Deletes(acme.As("ann").Says("#ops", "!redis unlink a b c").Sees("UNLINK"))
		await(t, "the plan to be dropped", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.cancelled) == 1
		})
	})
	t.Run("before it is shown", func(t *testing.T) {
		began, release := make(chan struct{}, 2), make(chan struct{})
		p := plans(func(p *planner) {
			p.handler = func(_ context.Context, req commands.Request) commands.Reply {
				if strings.HasSuffix(req.Text, "slow") {
					began <- struct{}{}
					<-release
				}
				return commands.Reply{}
			}
		})
		_, acme, _ := world(t, nil, p.serves)
		asked := acme.As("ann").Says("#ops", "!slow")
		<-began
		acme.As("ann").Edits(asked, "!quick")
		acme.As("ann").Says("#talk", "!heard after the edit").Sees("UNLINK")
		close(release)
		asked.Sees("").Becomes("was edited, so the plan was dropped")
		asked.Sees("UNLINK")
	})
}

// Discord tells of a message again where a preview is added to it.
func TestAPreviewDropsNoPlan(t *testing.T) {
	p := plans()
	d, acme, _ := world(t, nil, p.serves)
	asked := acme.As("ann").Says("#ops", "!see https://example.org")
	asked.Sees("UNLINK")
	edited := acme.As("ann").Edits(asked, "!see https://example.com")
	shown := asked.Sees("UNLINK")
	d.Gateway().Inject("MESSAGE_UPDATE", fmt.Sprintf(
		`{"id":%q,"channel_id":%q,"guild_id":%q,"content":"!see https://example.com","edited_timestamp":%q,"author":{"id":%q}}`,
		asked.ID, acme.ChannelID("#ops"), acme.ID, edited.EditedAt.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), acme.UserID("ann")))
	acme.As("ann").Says("#talk", "!next").Sees("UNLINK")
	if now := shown.Now(); labels(now) != "Confirm Cancel" {
		t.Errorf("it became %s", now)
	}
}
