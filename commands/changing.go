package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

// undoable is the change that a turn makes, and where what there was before is
// kept.
type undoable struct {
	*guard.Making
	id      string
	journal *journal.Writer // nil: nothing is kept, or nothing has been changed yet
}

// newMaking prepares a change. Nothing is opened before its first command.
func (t *turn) newMaking(header journal.Header) *undoable {
	u := &undoable{id: plans.NewID()}
	header.ID, header.At = u.id, time.Now()
	header.By, header.Name, header.Guild, header.Where = person(t.caller), t.caller.Name, t.caller.Guild, t.caller.Channel
	header.Redis = t.Redis
	u.Making = &guard.Making{ID: u.id, Memory: t.snapshot().Duration(settings.UndoRetention), Made: t.recording.count, Progress: t.progress.made}
	if t.Journal != nil {
		u.Making.Journal = func() (change.Journal, error) {
			w, err := t.Journal.Begin(header)
			if err != nil {
				return nil, err
			}
			u.journal = w
			return w, nil
		}
	}
	return u
}

// end ends a change that came to outcome.
func (u *undoable) end(outcome Outcome) error {
	u.Making.Close()
	if u.journal == nil {
		return nil
	}
	return u.journal.Close(string(outcome))
}

// prepareChanges readies the turn for what its program may change, as the
// request's mode says. What it answers settles what becomes of that; it is to be
// called at the program's end, with why that was.
func (t *turn) prepareChanges(req Request, out *output) (settle func(context.Context, error) (*Plan, error)) {
	if t.Plans == nil || req.Late || !t.changes {
		return func(context.Context, error) (*Plan, error) { return nil, nil }
	}
	if req.Mode == Direct {
		u := t.newMaking(journal.Header{Request: t.recording.request(), Line: t.kept(req.Text)})
		t.guard = t.guard.WithMaking(u.Making)
		out.first = u.Finish // what is printed has happened
		return func(_ context.Context, err error) (*Plan, error) {
			failed := u.Finish()
			if errors.Is(err, failed) {
				failed = nil // it has ended the program
			}
			for _, hint := range t.lostHints(u.Report()) {
				t.hints.add(hint)
			}
			return nil, errors.Join(failed, u.end(outcomeOf(errors.Join(err, failed))))
		}
	}
	p := t.plan()
	out.hold()
	return func(ctx context.Context, err error) (*Plan, error) {
		if err != nil {
			if p.first != nil { // what changes would print is not true now
				out.drop()
			}
			return nil, p.drop()
		}
		return p.settle(ctx, req, out)
	}
}

// planner is a turn whose changes are recorded.
type planner struct {
	turn     *turn
	planning *guard.Planning
	recorder *plans.Recorder
	id       string
	first    []byte // the first step that was recorded
}

// plan has the turn's changes recorded instead of made.
func (t *turn) plan() *planner {
	p := &planner{turn: t, id: plans.NewID()}
	p.recorder = t.Plans.Record(p.id)
	p.planning = &guard.Planning{Record: p.record, Progress: t.progress.recorded}
	t.guard = t.guard.WithPlanning(p.planning)
	return p
}

func (p *planner) record(step []byte) error {
	if p.first == nil {
		p.first = slices.Clone(step)
	}
	return p.recorder.Add(step)
}

// drop gives up what was recorded.
func (p *planner) drop() error {
	p.recorder.Discard()
	return p.planning.Close()
}

// mayChange reports whether a program may change something, as far as its text
// tells.
func (t *turn) mayChange(ctx context.Context, program *shell.Program) bool {
	return slices.ContainsFunc(program.Calls(), func(call shell.SourceCall) bool {
		v, ok := t.verb(call.Name)
		return !call.Own && ok && v.name == "redis" && t.guard.MayChange(ctx, literals(withoutRedis(call.Args, staticText)))
	})
}

// isPlain reports whether a plan is carried out without a question: it writes
// to one key, which is not large, and can be taken back.
func (t *turn) isPlain(s guard.Summary) bool {
	return s.Plain && t.Journal != nil && len(s.NoWayBack) == 0 && t.approval(s) == ""
}

// approval says who else has to agree to a plan; empty: nobody.
func (t *turn) approval(s guard.Summary) string {
	set := t.snapshot()
	why := ""
	for _, right := range s.Rights {
		if slices.Contains(set.List(settings.ApprovalsRights), string(right)) {
			why = fmt.Sprintf("it needs the right %s", right)
		}
	}
	if above := set.Int(settings.ApprovalsAbove); why == "" && above > 0 && s.Keys > int64(above) {
		why = fmt.Sprintf("it changes more than %s keys", grouped(int64(above)))
	}
	if why == "" {
		return ""
	}
	return "A second person who has the right approve has to agree, since " + why + "."
}

// settle ends a turn whose changes were recorded: with nothing to be done, with
// the one plain change made, or with a plan that waits.
func (p *planner) settle(ctx context.Context, req Request, out *output) (*Plan, error) {
	s := p.planning.Summary()
	if s.Commands == 0 {
		return nil, p.drop()
	}
	if req.Mode == Only {
		out.drop()
		return &Plan{Text: p.turn.planText(s)}, p.drop()
	}
	if p.turn.isPlain(s) {
		return nil, errors.Join(p.makeNow(ctx, req, out), p.drop())
	}
	plan, err := p.keep(ctx, req, s, out)
	out.drop()
	return plan, errors.Join(err, p.planning.Close())
}

// makeNow carries out what was recorded, without a question.
func (p *planner) makeNow(ctx context.Context, req Request, out *output) error {
	t := p.turn
	if err := t.recording.open(ctx); err != nil {
		return err
	}
	u := t.newMaking(journal.Header{Request: t.recording.request(), Line: t.kept(req.Text)})
	err := t.guard.WithMaking(u.Making).Execute(ctx, t.caller, u.Making, once(p.first), func(printed []byte) error {
		_, err := out.Write(printed)
		return err
	})
	report := u.Report()
	if report.Commands() > 0 && u.journal != nil {
		t.hints.add(fmt.Sprintf("`%sundo` takes it back, until %s.", t.prefix(), t.undoUntil()))
	}
	if report.Differed > 0 {
		t.hints.add("It answered other than was foreseen: somebody changed the key in the same moment.")
	}
	return errors.Join(err, u.end(outcomeOf(err)))
}

func outcomeOf(err error) Outcome {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Cancelled
	case err != nil:
		return Faulty
	}
	return OK
}

// undoUntil is until when a change made now can be taken back.
func (t *turn) undoUntil() string {
	return time.Now().Add(t.snapshot().Duration(settings.UndoRetention)).Format("15:04")
}

// keep keeps a plan for its confirmation.
func (p *planner) keep(ctx context.Context, req Request, s guard.Summary, out *output) (*Plan, error) {
	t := p.turn
	text := t.planText(s)
	rights := make([]string, len(s.Rights))
	for i, r := range s.Rights {
		rights[i] = string(r)
	}
	kept, err := t.put(ctx, plans.Plan{
		ID: p.id, Author: person(t.caller), Name: t.caller.Name, Guild: t.caller.Guild, Channel: t.caller.Channel, Asked: req.ID,
		Line: t.kept(req.Text), Text: text, Word: t.word(s), Rights: rights, Keys: s.Keys,
		Output: out.kept, Approval: t.approval(s),
	}, p.recorder)
	if err != nil {
		return nil, err
	}
	return asShown(kept), nil
}

// put keeps a plan, with no more in what people see of it than they may.
func (t *turn) put(ctx context.Context, p plans.Plan, steps *plans.Recorder) (plans.Plan, error) {
	if t.redacts {
		p.Text, p.Output = string(t.Redactor.Text([]byte(p.Text))), t.Redactor.Text(p.Output)
	}
	p.Output = p.Output[:min(len(p.Output), plans.MaxOutput)]
	return t.Plans.Put(ctx, p, steps)
}

// asShown is a kept plan as people see it.
func asShown(p plans.Plan) *Plan {
	return &Plan{ID: p.ID, Text: p.Text, Word: p.Word, Until: p.Until, Approval: p.Approval}
}

// handOut hands out a plan's steps.
func handOut(steps *plans.Steps) guard.Steps {
	return func() ([]byte, bool, error) {
		if steps.Left() == 0 {
			return nil, false, nil
		}
		step, err := steps.Next()
		return step, err == nil, err
	}
}

// once hands out one step.
func once(step []byte) guard.Steps {
	return func() ([]byte, bool, error) {
		s := step
		step = nil
		return s, s != nil, nil
	}
}
