package bot

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// plans are those that are shown and wait for a yes, as far as this process
// showed them. Buttons of others work as well: they carry all that is needed.
type plans struct {
	mu      sync.Mutex              // guards which messages show them, too
	waiting map[string]*waitingPlan // by the plan's id
}

// waitingPlan is a plan below which people may press.
type waitingPlan struct {
	plan     *commands.Plan
	occasion occasion
	message  string // the id of the one that shows it; empty: not known, or not yet
	shown    answer
	lapse    *time.Timer

	mu   sync.Mutex // held while it is decided on, and while Discord is told of that
	over bool       // it was confirmed, dropped or replaced: its message is another's now
	fate *amended   // what is to be said in its message once that is known
}

// keep remembers a plan in the place of what was known of it.
func (ps *plans) keep(w *waitingPlan) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if old := ps.waiting[w.plan.ID]; old != nil {
		old.lapse.Stop()
	}
	ps.waiting[w.plan.ID] = w
}

// forget drops a plan, unless it has been replaced meanwhile. There may be none.
func (ps *plans) forget(w *waitingPlan) {
	if w == nil {
		return
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	w.lapse.Stop()
	if ps.waiting[w.plan.ID] == w {
		delete(ps.waiting, w.plan.ID)
	}
}

func (ps *plans) find(id string) *waitingPlan {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.waiting[id]
}

// decide begins a decision on a plan: until decided is called, the plan neither
// lapses nor is decided on by another press. It answers nil for a plan that
// nobody here watches over.
func (ps *plans) decide(id string) *waitingPlan {
	for {
		w := ps.find(id)
		if w == nil {
			return nil
		}
		w.mu.Lock()
		if !w.over {
			return w
		}
		w.mu.Unlock() // and what took its place is there by now
	}
}

// decided ends a decision.
func (w *waitingPlan) decided() {
	if w != nil {
		w.mu.Unlock()
	}
}

// end says that a plan's message is no longer the plan's. It is called within a
// decision, or with the plan's lock held.
func (ps *plans) end(w *waitingPlan) {
	if w != nil {
		w.over = true
		ps.forget(w)
	}
}

// of answers the plans that a message asked for, or that it shows.
func (ps *plans) of(message string) []*waitingPlan {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	var found []*waitingPlan
	for _, w := range ps.waiting {
		if w.occasion.message == message || w.message == message {
			found = append(found, w)
		}
	}
	return found
}

// showing says which message shows a plan. It answers what is to be said there, for
// the plan may have ended meanwhile.
func (ps *plans) showing(w *waitingPlan, message string) (fate *amended) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	w.message = message
	return w.fate
}

// shownBy answers the id of the message that shows a plan; empty: nobody knows it.
func (ps *plans) shownBy(w *waitingPlan) string {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return w.message
}

// close stops what waits to lapse.
func (ps *plans) close() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for _, w := range ps.waiting {
		w.lapse.Stop()
	}
}

// expectYes watches over a plan from now on, which is about to be shown: a press
// may come before Discord has told which message that is. It answers nil where
// there is no plan.
func (b *Bot) expectYes(work context.Context, o occasion, plan *commands.Plan, shown answer) *waitingPlan {
	if plan == nil {
		return nil
	}
	w := &waitingPlan{plan: plan, occasion: o, shown: shown}
	w.mu.Lock() // it may lapse at once, and is kept before
	defer w.mu.Unlock()
	w.lapse = time.AfterFunc(plan.Until.Sub(b.options.Now()), func() {
		b.queues.apart(func() { b.guarded("plan", func() { b.lapsePlan(work, w) }) })
	})
	b.plans.keep(w)
	return w
}

// showsPlan says which message shows a plan, and there what has become of the plan
// meanwhile.
func (b *Bot) showsPlan(work context.Context, w *waitingPlan, message string) {
	if w == nil || message == "" {
		return
	}
	if fate := b.plans.showing(w, message); fate != nil {
		b.tellFate(work, w, message, *fate)
	}
	if turn, _ := b.turns.get(message); turn == deleted {
		b.withdraw(work, w, whyDeleted)
	}
}

// lapseWithin bounds the attempt to say what became of a plan.
const lapseWithin = 10 * time.Second

// lapsePlan says below a plan that its time is over. Should that fail, a press
// still answers so.
func (b *Bot) lapsePlan(work context.Context, w *waitingPlan) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	b.endPlan(work, w, amended{Content: wording(lapsedText(w.shown.content, w.plan)), Mentions: nobody(), Rows: planButtons(w.plan, true)})
}

// endPlan says what became of a plan that was not confirmed. Its lock is held.
func (b *Bot) endPlan(work context.Context, w *waitingPlan, change amended) {
	b.plans.end(w)
	if message := b.plans.shownBy(w); message != "" {
		b.tellFate(work, w, message, change)
		return
	}
	w.fate = &change
}

// tellFate changes the message that shows a plan.
func (b *Bot) tellFate(work context.Context, w *waitingPlan, message string, change amended) {
	ctx, cancel := context.WithTimeout(work, lapseWithin)
	defer cancel()
	err := b.rest.do(ctx, call{
		method: http.MethodPatch, path: messagePath(w.occasion.channel, message), body: change, once: true,
	}, nil)
	if err != nil && !hasCode(err, codeUnknownMessage) {
		b.log.Info("the end of a plan could not be shown", zap.String("plan", w.plan.ID), zap.Error(err))
	}
}

// overtake drops the plans of a message that was edited or deleted, for what it
// asks now is another thing or nothing. turn is what it has become.
func (b *Bot) overtake(work context.Context, message, turn, why string) {
	if !b.turns.set(message, turn) {
		return // Discord tells of an edit again where a preview follows it
	}
	for _, w := range b.plans.of(message) {
		b.queues.apart(func() { b.guarded("plan", func() { b.withdraw(work, w, why) }) })
	}
}

// deleted is what becomes of a message that is taken away.
const deleted = "deleted"

// overtaken reports whether a message has been edited or deleted since, and says
// how.
func (b *Bot) overtaken(o occasion) (why string, ok bool) {
	turn, changed := b.turns.get(o.message)
	switch {
	case !changed || turn == o.id:
		return "", false
	case turn == deleted:
		return whyDeleted, true
	}
	return whyEdited, true
}

const (
	whyEdited  = "The message that asked for this plan was edited, so the plan was dropped."
	whyDeleted = "The message that asked for this plan was deleted, so the plan was dropped."
)

// dropOvertaken drops a plan that was made while its message was edited or
// deleted.
func (b *Bot) dropOvertaken(work context.Context, o occasion, plan *commands.Plan) {
	if plan == nil {
		return
	}
	w := b.plans.find(plan.ID)
	if why, ok := b.overtaken(o); ok && w != nil {
		b.withdraw(work, w, why)
	}
}

// withdraw drops a plan in the name of who asked for it.
func (b *Bot) withdraw(work context.Context, w *waitingPlan, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	dropped, reply := b.options.Handler.Cancel(work, commands.Confirmation{
		Request: commands.Request{ID: w.occasion.message, Caller: w.occasion.caller, Mentioned: true, Redact: b.options.Redact},
		Plan:    w.plan.ID, Asked: w.occasion.message,
	})
	if !dropped {
		b.log.Info("a plan whose message is gone could not be dropped", zap.String("plan", w.plan.ID), zap.String("outcome", string(reply.Outcome)))
		return
	}
	b.endPlan(work, w, amended{Content: wording(why), Mentions: nobody(), Rows: []row{}})
}

// planButtons are the buttons below a plan. Each carries all that a press of it
// needs, so that it works after a restart too.
func planButtons(plan *commands.Plan, useless bool) []row {
	made := func(style int, label, id string) button {
		return button{Type: componentButton, Style: style, Label: label, CustomID: id, Disabled: useless}
	}
	buttons := []button{made(stylePrimary, "Confirm", yesPrefix+plan.ID)}
	if plan.Word != "" {
		buttons[0] = made(styleDanger, "Confirm…", wordID(plan))
	}
	if plan.Approval != "" {
		buttons = append(buttons, made(styleSuccess, "Approve", agreedPrefix+plan.ID))
	}
	buttons = append(buttons, made(styleSecondary, "Cancel", noPrefix+plan.ID))
	return []row{{Type: componentRow, Buttons: buttons}}
}
