package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
)

// Confirm claims a plan for its only run. It answers at once: with how to run
// it, or, where run is nil, with why not. A refusal is for the eyes of who
// confirms alone, and leaves the plan as it was.
func (d *Dispatcher) Confirm(ctx context.Context, c Confirmation) (run func(context.Context) Reply, refusal Reply) {
	p, refusal, ok := d.waiting(ctx, c)
	if !ok {
		return nil, refusal
	}
	switch {
	case p.Author != person(c.Caller):
		return nil, denied("Only who asked for a plan may confirm it. Type the command yourself for a plan of your own.")
	case p.Guild != c.Caller.Guild || p.Channel != c.Caller.Channel:
		return nil, denied("A plan is confirmed in the channel where it was asked for.")
	case c.Asked != "" && p.Asked != "" && p.Asked != c.Asked:
		return nil, denied("This is not the message that the plan belongs to.")
	case !p.Approved():
		return nil, d.unapproved(p.Approval, p.ID)
	case p.Word != "" && !strings.EqualFold(strings.TrimSpace(c.Word), p.Word):
		return nil, unconfirmed(fmt.Sprintf("That is not the word. Type %s to confirm; nothing was changed.", p.Word))
	}
	release, err := d.slots.take(person(c.Caller))
	if err != nil {
		return nil, d.stillWaits(err, p)
	}
	taken, steps, err := d.Plans.Take(ctx, c.Plan, plans.NewID())
	if err != nil {
		release()
		return nil, d.planProblem(err)
	}
	return func(ctx context.Context) Reply {
		defer release()
		return d.carryOut(ctx, c, taken, steps)
	}, Reply{}
}

// stillWaits words why a plan cannot be run yet, and how long it can be later.
func (d *Dispatcher) stillWaits(err error, p plans.Plan) Reply {
	reply := d.answer(err)
	reply.Problem += fmt.Sprintf(" Then confirm the plan again: it waits for another %s, and nothing was changed.", lasting(p.Until.Sub(d.Now())))
	return reply
}

func denied(text string) Reply { return Reply{Outcome: Denied, Problem: text} }

func unconfirmed(text string) Reply { return Reply{Outcome: Unconfirmed, Problem: text} }

// unapproved says who has to agree first, and how they do.
func (d *Dispatcher) unapproved(approval, plan string) Reply {
	return unconfirmed(fmt.Sprintf("%s Nobody has yet: they type `%sapprove %s`, or press Approve below the plan.", approval, d.prefix(), plan))
}

// waiting answers the plan that a confirmation speaks of, if there is one.
func (d *Dispatcher) waiting(ctx context.Context, c Confirmation) (plans.Plan, Reply, bool) {
	if d.Plans == nil {
		return plans.Plan{}, lapsed(), false
	}
	p, ok, err := d.Plans.Get(ctx, c.Plan)
	switch {
	case err != nil:
		return p, d.planProblem(err), false
	case !ok:
		return p, lapsed(), false
	}
	return p, Reply{}, true
}

// lapsed answers for a plan that there is not, or not any more.
func lapsed() Reply {
	return unconfirmed("There is no such plan any more: a plan runs once, and waits for two minutes, or approvals.ttl where a second person has to agree. Type the command again to see a fresh one.")
}

// planProblem words why a plan could not be had.
func (d *Dispatcher) planProblem(err error) Reply {
	var gone *plans.Gone
	var elsewhere *plans.Elsewhere
	var tampered *plans.TamperedError
	var unapproved *plans.Unapproved
	var notCounted *plans.NotCounted
	switch {
	case errors.As(err, &gone):
		return lapsed()
	case errors.As(err, &elsewhere):
		return unconfirmed(fmt.Sprintf("The plan lies on the disk of another instance of Helix, %s, which is not the one that answers now. "+
			"Type the command again to see a fresh one.", elsewhere.Instance))
	case errors.As(err, &unapproved):
		return d.unapproved(unapproved.Approval, unapproved.ID)
	case errors.As(err, &notCounted):
		return uncounted(notCounted)
	case errors.As(err, &tampered):
		return denied(sentence(err.Error()) + " Somebody has changed it since it was shown, so nothing was done. Type the command again.")
	}
	reply := d.answer(err)
	d.logFault(Request{}, nil, reply, err)
	return reply
}

// uncounted words why somebody's agreement changes nothing.
func uncounted(n *plans.NotCounted) Reply {
	switch n.Reason {
	case plans.ByAuthor:
		return denied("Nobody approves a plan of their own: somebody else who has the right approve has to.")
	case plans.Twice:
		return unconfirmed("You have approved this plan already; its author can confirm it.")
	case plans.Needless:
		return unconfirmed("This plan needs nobody's approval; its author can confirm it.")
	case plans.TooLate:
		return unconfirmed("The time to approve this plan is over. Its author can type the command again.")
	}
	return unconfirmed(sentence(n.Error()))
}

// carryOut runs a plan that has been claimed.
func (d *Dispatcher) carryOut(ctx context.Context, c Confirmation, p plans.Plan, steps *plans.Steps) Reply {
	start := time.Now()
	req := c.Request
	req.Text = p.Line
	t := d.turnOf(req)
	t.recording.confirms(p)
	total := p.CommandCount()
	if d.Journal != nil { // else nobody counts keys
		t.progress.expect(total, p.Keys)
	} else {
		t.progress.expect(total, 0)
	}
	end := t.redact(&req)
	report, err := t.execute(ctx, req, p, steps)
	err = errors.Join(err, steps.Close(), end())
	reply := d.answer(err)
	reply.Output = report.output
	t.reportOn(&reply, report, p, total, time.Since(start))
	t.hide(&reply, req)
	t.noteChanged(&reply, p.Line)
	names := t.namesIn(ctx, p.Line)
	d.logFault(req, names, reply, err)
	t.recording.end(names, reply, time.Since(start))
	return reply
}

// namesIn answers what a plan's line calls, as far as it can be read: secrets
// have been taken out of it.
func (t *turn) namesIn(ctx context.Context, line string) []string {
	_, program, err := t.read(ctx, line)
	if err != nil {
		return nil
	}
	return t.callNames(ctx, program, nil)
}

// execute makes the plan's changes, whatever they are.
func (t *turn) execute(ctx context.Context, req Request, p plans.Plan, steps *plans.Steps) (made, error) {
	first, err := steps.Next()
	if err != nil {
		return made{}, err
	}
	step := string(first)
	out := &output{limit: replyBytes, to: req.Stdout}
	if id, ok := strings.CutPrefix(step, undoMark); ok {
		id, force := strings.CutSuffix(id, forceMark)
		change, err := t.changeToUndo([]string{id})
		if err == nil {
			_, err = t.undo(ctx, change, force, out)
		}
		return made{output: out.kept, told: true}, err
	}
	if line, ok := strings.CutPrefix(step, actionMark); ok {
		err := t.act(ctx, line, out)
		return made{output: out.kept, told: true}, err
	}
	if change, ok := strings.CutPrefix(step, configMark); ok {
		err := t.changeSettings(ctx, change, out)
		return made{output: out.kept, told: true}, err
	}
	if change, ok := strings.CutPrefix(step, sessionsMark); ok {
		err := t.changeSessions(ctx, change, out)
		return made{output: out.kept, told: true}, err
	}
	if err := steps.Rewind(); err != nil {
		return made{}, err
	}
	return t.makePlan(ctx, req, p, steps)
}

// makePlan checks the rights anew and makes the plan's changes.
func (t *turn) makePlan(ctx context.Context, req Request, p plans.Plan, steps *plans.Steps) (made, error) {
	u := t.newMaking(ctx, journal.Header{Request: t.recording.request(), Line: p.Line, Plan: p.ID, Planned: p.CommandCount()})
	making := t.guard.WithMaking(u.Making)
	if err := t.ready(ctx, u, steps); err != nil {
		return made{}, errors.Join(err, u.end(outcomeOf(err)))
	}
	unforeseen := &output{limit: replyBytes}
	err := making.Execute(ctx, t.caller, u.Making, handOut(steps), func(printed []byte) error {
		_, err := unforeseen.Write(printed)
		return err
	})
	out := &output{limit: replyBytes, to: req.Stdout}
	if err == nil { // else what was foreseen did not come about
		_, err = out.Write(p.Output)
	}
	if _, failed := out.Write(unforeseen.kept); failed != nil {
		err = errors.Join(err, failed)
	}
	m := made{Report: u.Report(), id: u.id, output: out.kept}
	if undone := (*change.UndoneError)(nil); errors.As(err, &undone) {
		m.lost = undone.Commands
	}
	err = errors.Join(err, u.endAfter(err))
	if err != nil && m.Commands() > 0 {
		err = &midwayError{err}
	}
	return m, err
}

// ready begins a plan's journal, so that it is known of the plan that it was
// confirmed, and checks the rights to all of its steps anew.
func (t *turn) ready(ctx context.Context, u *undoable, steps *plans.Steps) error {
	if err := u.Open(); err != nil {
		return err
	}
	if err := t.guard.Recheck(ctx, t.caller, handOut(steps)); err != nil {
		return err
	}
	if err := steps.Rewind(); err != nil {
		return err
	}
	return t.recording.open(ctx)
}

// Cancel drops a plan. Its author may, and who could approve it.
func (d *Dispatcher) Cancel(ctx context.Context, c Confirmation) (dropped bool, reply Reply) {
	p, refusal, ok := d.waiting(ctx, c)
	if !ok {
		return false, refusal
	}
	if p.Author != person(c.Caller) {
		if err := d.Policy.Check(c.Caller, permissions.Action{Right: permissions.Approve, Name: "cancel"}); err != nil {
			return false, denied("Only who asked for a plan, or could approve it, may cancel it.")
		}
	}
	if dropped, err := d.Plans.Drop(ctx, c.Plan); err != nil || !dropped {
		if err != nil {
			return false, d.planProblem(err)
		}
		return false, lapsed()
	}
	return true, Reply{Outcome: Cancelled, Problem: "Cancelled; nothing was changed."}
}

// Approve notes the agreement of a second person. Where approved is false the
// reply is for their eyes alone.
func (d *Dispatcher) Approve(ctx context.Context, c Confirmation) (approved bool, reply Reply) {
	p, refusal, ok := d.waiting(ctx, c)
	if !ok {
		return false, refusal
	}
	switch err := d.Policy.Check(c.Caller, permissions.Action{Right: permissions.Approve, Name: "approve"}); {
	case err != nil:
		return false, denied(err.Error())
	case p.Guild != c.Caller.Guild:
		return false, denied("A plan is approved where it was asked for.")
	}
	p, err := d.Plans.Approve(ctx, c.Plan, plans.Approver{ID: person(c.Caller), Name: c.Caller.Name})
	if err != nil {
		return false, d.planProblem(err)
	}
	d.Clicked(c.Caller, "approval of plan "+p.ID)
	return true, Reply{Outcome: OK, Plan: asShown(p), Problem: fmt.Sprintf("%s agrees. %s can confirm it now, within %s.",
		c.Caller.Name, p.Name, lasting(p.Until.Sub(d.Now())))}
}
