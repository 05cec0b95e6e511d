package bot

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// What the custom ids of a plan's buttons begin with; the plan's id follows. The
// one that asks for a word carries that too, behind a colon: "plan:word:7f3a:FLUSHDB".
// Its form has the same prefix.
const (
	yesPrefix    = "plan:yes:"
	wordPrefix   = "plan:word:"
	noPrefix     = "plan:no:"
	agreedPrefix = "plan:ok:"
)

// wordField is the custom id of the field for the word.
const wordField = "word"

// What Discord takes.
const (
	maxCustomID = 100
	maxLabel    = 45 // of a field, and of a form's title
	maxTyped    = 200
)

// wordID is the custom id of the button that asks for a plan's word, without the
// word if that is too long.
func wordID(plan *commands.Plan) string {
	id := wordPrefix + plan.ID
	if whole := id + ":" + plan.Word; width(whole) <= maxCustomID {
		return whole
	}
	return id
}

// confirmPlan has a plan run.
func (b *Bot) confirmPlan(ctx context.Context, p *press, plan string) {
	b.noteClick(p, "confirm of plan "+plan)
	b.confirm(ctx, p, plan, "")
}

// askForWord opens the form for a plan's word.
func (b *Bot) askForWord(ctx context.Context, p *press, rest string) {
	plan, word, _ := strings.Cut(rest, ":")
	b.noteClick(p, "confirm of plan "+plan+", word asked for")
	p.first(ctx, callback{Type: callbackForm, Data: wordForm(plan, visible(word))})
}

func wordForm(plan, word string) form {
	label := "Type " + word + " to confirm"
	if word == "" || width(label) > maxLabel {
		label = "Type the word to confirm"
	}
	return form{CustomID: wordPrefix + plan, Title: "Confirm the plan", Rows: []inputRow{{Type: componentRow, Inputs: []input{{
		Type: componentInput, Style: inputShort, Label: label, CustomID: wordField,
		Placeholder: word, Required: true, MaxLength: maxTyped,
	}}}}}
}

// takeWord has a plan run whose word was typed.
func (b *Bot) takeWord(ctx context.Context, p *press, plan string) {
	b.noteClick(p, "confirm of plan "+plan+", word typed")
	b.confirm(ctx, p, plan, typed(p.ModalSubmitData().Components))
}

// typed answers what the form's field holds, without blanks around it.
func typed(rows []discordgo.MessageComponent) string {
	for _, c := range rows {
		row, ok := c.(*discordgo.ActionsRow)
		if !ok {
			continue
		}
		for _, held := range row.Components {
			if field, ok := held.(*discordgo.TextInput); ok && field.CustomID == wordField {
				return strings.TrimSpace(field.Value)
			}
		}
	}
	return ""
}

// confirm claims a plan and runs it in its message's place, beside whatever else
// runs in the channel.
func (b *Bot) confirm(work context.Context, p *press, plan, word string) {
	c, ok := b.confirmation(work, p, plan)
	if !ok || !b.current(work, p, c) {
		return
	}
	c.Word, c.Progress = word, &commands.Progress{}
	w := b.plans.decide(plan)
	defer w.decided()
	run, refusal := b.options.Handler.Confirm(work, c)
	if run == nil {
		p.whisper(work, said(refusal))
		return
	}
	if c.Asked != "" {
		b.acted.add(c.Asked)
	}
	b.plans.end(w)
	running := b.begin(work, p.occasion(c), p.Message.ID, c.Progress) // first, for its Stop
	if !p.update(work, running.running()) {
		p.deferAnswer(work) // the running program shows itself soon
	}
	p.goesOn = true
	b.queues.onwards(func() {
		defer b.finishedPress(work, p)
		b.guarded("plan", func() { b.carryOut(work, running, run) })
	})
}

// carryOut runs what was confirmed; its report takes the plan's place.
func (b *Bot) carryOut(work context.Context, running *program, run func(context.Context) commands.Reply) {
	reply, shown := running.follow(func(ctx context.Context) (reply commands.Reply) {
		b.guardedAs("plan", func() { reply = run(ctx) }, func() { reply = faulty(running.occasion.id) })
		return reply
	})
	b.present(work, running.occasion, shown, reply)
}

// cancelPlan drops a plan.
func (b *Bot) cancelPlan(work context.Context, p *press, plan string) {
	b.noteClick(p, "cancel of plan "+plan)
	c, ok := b.confirmation(work, p, plan)
	if !ok {
		return
	}
	w := b.plans.decide(plan)
	defer w.decided()
	dropped, reply := b.options.Handler.Cancel(work, c)
	if !dropped {
		p.whisper(work, said(reply))
		return
	}
	b.plans.end(w)
	p.become(work, answer{content: fmt.Sprintf("Cancelled by %s.", harmless(visible(c.Caller.Name)))})
}

// approvePlan notes that somebody else agrees to a plan, and shows what that
// comes to.
func (b *Bot) approvePlan(work context.Context, p *press, plan string) {
	b.noteClick(p, "approval of plan "+plan)
	c, ok := b.confirmation(work, p, plan)
	if !ok || !b.current(work, p, c) {
		return
	}
	w := b.plans.decide(plan)
	defer w.decided()
	approved, reply := b.options.Handler.Approve(work, c)
	if !approved {
		p.whisper(work, said(reply))
		return
	}
	b.plans.end(w)
	o := p.occasion(c)
	if a := b.compose(o, reply); len(a.files) == 0 {
		plan := b.expectYes(work, o, reply.Plan, a)
		if p.update(work, a) {
			b.showsPlan(work, plan, p.Message.ID)
			return
		}
		b.plans.forget(plan)
	}
	p.deferAnswer(work)
	b.sendInPlace(work, o, p.Message.ID, reply)
}

// occasion is a press as what is to be answered.
func (p *press) occasion(c commands.Confirmation) occasion {
	return occasion{id: p.ID, channel: p.ChannelID, message: c.Asked, caller: c.Caller}
}

// confirmation builds what a press says to a plan. Where that is not known it
// tells the presser, and ok is false.
func (b *Bot) confirmation(work context.Context, p *press, plan string) (c commands.Confirmation, ok bool) {
	if work.Err() != nil {
		p.whisper(work, "Helix is being stopped or started anew, so this was not done. Press again in a moment.")
		return c, false
	}
	if p.unclaimed {
		p.whisper(work, unclaimedPress)
		return c, false
	}
	if p.Message == nil {
		p.whisper(work, "The plan's message is gone, so this was not done.")
		return c, false
	}
	member, err := b.member(work, p.session, seat{p.GuildID, p.ChannelID}, p.Member.User, p.Member)
	if err != nil {
		b.log.Error("who pressed a button could not be read", zap.String("interaction", p.ID), zap.Error(err))
		p.whisper(work, "Your roles could not be read from Discord, so this was not done. Press again in a moment.")
		return c, false
	}
	c = commands.Confirmation{Plan: plan, Request: commands.Request{
		ID: p.ID, Caller: member, Mentioned: true, Redact: b.options.Redact, Member: b.memberFinder(p.session, member),
	}}
	if to := p.Message.MessageReference; to != nil && interactionOf(p.Message) == "" {
		c.Asked = to.MessageID
	}
	return c, true
}

// current reports whether the message that asked for a plan still says what it
// said when the plan was made; else it tells the presser. A message that may not
// be read counts as unchanged.
func (b *Bot) current(ctx context.Context, p *press, c commands.Confirmation) bool {
	if c.Asked == "" {
		return true
	}
	asking := p.Message.ReferencedMessage
	if asking == nil {
		asking = &discordgo.Message{}
		err := b.rest.do(ctx, call{method: http.MethodGet, path: messagePath(p.ChannelID, c.Asked), once: true}, asking)
		if hasCode(err, codeUnknownMessage) {
			p.whisper(ctx, "The message that asked for this plan was deleted, so the plan does not count any more. Type the command again.")
			return false
		}
		if err != nil {
			b.log.Debug("the message that asked for a plan could not be read", zap.String("message", c.Asked), zap.Error(err))
		}
	}
	if edited := asking.EditedTimestamp; edited != nil && edited.After(p.Message.Timestamp) {
		p.whisper(ctx, "The message that asked for this plan was edited since, so the plan does not count any more. Type the command again.")
		return false
	}
	return true
}

// said is a reply as one text, for a presser's eyes alone.
func said(reply commands.Reply) string {
	reply.Plan = nil
	return cmp.Or(render(reply).pages[0], "This was not done.")
}
