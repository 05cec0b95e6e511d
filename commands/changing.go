package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/lease"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

// undoable is the change that a turn makes, and where what there was before is
// kept.
type undoable struct {
	*guard.Making
	id      string
	kept    *journal.Journal // nil: nothing is kept
	journal *journal.Writer  // nil: as well, or nothing has been changed yet
	silent  func() bool      // the right to speak is lost: what the change came to is not heard
	leaves  func()           // says that it is left to who recovers it
}

// newMaking prepares a change. Nothing is opened before its first command.
func (t *turn) newMaking(ctx context.Context, header journal.Header) *undoable {
	u := &undoable{id: plans.NewID(), kept: t.Journal, leaves: func() { t.left.Store(true) }, silent: func() bool {
		return lease.Stands(ctx) != nil || errors.Is(context.Cause(ctx), lease.ErrLost)
	}}
	header.ID, header.At = u.id, time.Now()
	header.By, header.Name, header.Guild, header.Where = person(t.caller), t.caller.Name, t.caller.Guild, t.caller.Channel
	header.Redis = t.Redis
	u.Making = &guard.Making{ID: u.id, Memory: t.snapshot().Duration(settings.UndoRetention), May: func() error { return lease.Stands(ctx) }, Made: t.recording.count, Progress: t.progress.made}
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

// end ends a change that came to outcome. One whose outcome nobody would hear is
// left to [Dispatcher.Recover], which says how far it came.
func (u *undoable) end(outcome Outcome) error {
	u.Making.Close()
	if u.journal == nil {
		return nil
	}
	if u.silent() {
		u.leaves()
		return u.journal.Leave()
	}
	return u.journal.Close(string(outcome))
}

// noteChanged says in a reply whether something was changed, and by which line where
// nobody else tells of that.
func (t *turn) noteChanged(reply *Reply, line string) {
	reply.Changed = t.recording.mayHaveChanged()
	if reply.Changed && !t.left.Load() {
		reply.Asked = clipLine(t.kept(line))
	}
}

// endAfter ends a change that came to err, or to its end. One of which nothing was
// carried out is not kept, so that undo finds the change before.
func (u *undoable) endAfter(err error) error {
	report, lost := u.Report(), (*change.LostError)(nil)
	nothing := report.Commands() == 0 && report.Keys+report.Others+report.Unknown == 0 && !errors.As(err, &lost)
	ended := u.end(outcomeOf(err))
	if ended != nil || u.journal == nil || !nothing {
		return ended
	}
	if err := u.kept.Remove(u.id); !errors.Is(err, journal.ErrNotFound) {
		return err
	}
	return nil
}

// prepareChanges readies the turn for what its program may change, as the
// request's mode says. What it answers settles what becomes of that; it is to be
// called at the program's end, with why that was.
func (t *turn) prepareChanges(ctx context.Context, req Request, out *output) (settle func(context.Context, error) (*Plan, error)) {
	if t.Plans == nil || t.late || !t.changes {
		return func(context.Context, error) (*Plan, error) { return nil, nil }
	}
	if req.Mode == Direct {
		u := t.newMaking(ctx, journal.Header{Request: t.recording.request(), Line: t.kept(req.Text)})
		t.guard = t.guard.WithMaking(u.Making)
		out.first = u.Finish // what is printed has happened
		return func(_ context.Context, err error) (*Plan, error) {
			failed := u.Finish()
			if errors.Is(err, failed) {
				failed = nil // it has ended the program
			}
			if made := u.Report(); errors.Join(err, failed) != nil && made.Commands() > 0 {
				t.hints.add(fmt.Sprintf("Carried out until then: %s.%s", kinds(made.Kinds), t.takesBack(u)))
				failed = &midwayError{errors.Join(err, failed)}
			}
			for _, hint := range t.lostHints(u.Report()) {
				t.hints.add(hint)
			}
			return nil, errors.Join(failed, u.endAfter(errors.Join(err, failed)))
		}
	}
	p := t.plan()
	out.hold()
	return func(ctx context.Context, err error) (*Plan, error) {
		if err != nil {
			return nil, p.giveUp(err, out)
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

// giveUp ends a turn whose program did not come to its end, so that there is no
// plan. What it printed beside the changes that were recorded is not true.
func (p *planner) giveUp(why error, out *output) error {
	if p.planning.Summary().Commands > 0 {
		out.drop()
	}
	unforeseen := (*guard.UnforeseenError)(nil) // which says so itself
	if p.planning.Summary().Commands > 0 && !errors.As(why, &unforeseen) {
		p.turn.hints.add("Nothing was changed: the line did not get to its end, so there is no plan.")
	}
	return p.drop()
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
		switch {
		case call.Own || !ok:
			return false
		case v.changes != nil:
			return v.changes(call.Args)
		}
		return v.name == "redis" && t.guard.MayChange(ctx, literals(withoutRedis(call.Args, staticText)))
	})
}

// isPlain reports whether a plan is carried out without a question: it writes
// to one key, which is not large, and can be taken back, and its caller typed it.
func (t *turn) isPlain(s guard.Summary) bool {
	return s.Plain && !t.plansAll && t.Journal != nil && len(s.NoWayBack) == 0 && t.approval(s) == ""
}

// mayDoAtOnce refuses a command that has no plan where all changes are planned.
func (t *turn) mayDoAtOnce(command string) error {
	if t.plansAll && t.mode == Ask {
		return unable("`%s` takes effect at once, without a plan, so it has to be typed as a new message. Nothing was changed.", command)
	}
	return nil
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
	if s.Keys > 0 || len(s.Everything) > 0 {
		if err := p.turn.guard.TakesWrites(ctx); err != nil {
			out.drop()
			return nil, errors.Join(err, p.drop())
		}
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
	u := t.newMaking(ctx, journal.Header{Request: t.recording.request(), Line: t.kept(req.Text)})
	err := t.guard.WithMaking(u.Making).Execute(ctx, t.caller, u.Making, once(p.first), func(printed []byte) error {
		_, err := out.Write(printed)
		return err
	})
	if err != nil { // what was foreseen did not come about
		out.drop()
	}
	report := u.Report()
	if report.Keys > 0 {
		t.hints.add(strings.TrimSpace(t.takesBack(u)))
	}
	if report.Differed > 0 {
		t.hints.add("It answered other than was foreseen: somebody changed the key in the same moment.")
	}
	for _, hint := range replicaHints(report) {
		t.hints.add(hint)
	}
	return errors.Join(err, u.endAfter(err))
}

// takesBack says how the caller's latest change is taken back, if it can be.
func (t *turn) takesBack(u *undoable) string {
	if u.journal == nil {
		return ""
	}
	return fmt.Sprintf(" `%sundo` takes it back, for %s.", t.prefix(), t.retention())
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
