package guard

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/permissions"
)

// Batches yields what a change's journal holds, its last batch first. An error
// is that of one batch; others may follow.
type Batches = iter.Seq2[journal.Batch, error]

// Undone says what became of the keys, parameters and settings of a change that
// was to be taken back.
type Undone struct {
	Restored int64  // as before
	Same     int64  // as before already
	Since    Named  // changed by somebody since, and left
	Unkept   Named  // too large to have been kept
	Unsure   Named  // given values too large to be looked at, and left
	Failed   Named  // refused by the server
	Ended    Named  // sessions that somebody ended since, which is final
	Reason   string // why the server refused one
	Unread   int64  // batches of the journal that are damaged or unfinished
}

// Whole reports whether everything is as before.
func (u Undone) Whole() bool { return u.Left() == 0 && u.Unread == 0 }

// AddSetting adds a setting.
func (n *Named) AddSetting(name string) { n.add(Place{-1, name}) }

// Left counts what is not as before.
func (u Undone) Left() int64 {
	return u.Since.Count + u.Unkept.Count + u.Unsure.Count + u.Failed.Count + u.Ended.Count
}

// RecheckUndo reports whether the caller may today take back a change, and with
// force also what others wrote over it. It answers the rights that it takes.
func (g *Guard) RecheckUndo(caller permissions.Member, batches Batches, force bool) (needs []permissions.Right, err error) {
	for batch, err := range batches {
		if err != nil || batch.Open() {
			continue // told when it is taken back
		}
		for i, image := range batch.Images {
			rights, err := g.recheckEntry(caller, change.Entry{Before: image, After: batch.States[i]}, force)
			if err != nil {
				return nil, err
			}
			for _, right := range rights {
				if !slices.Contains(needs, right) {
					needs = append(needs, right)
				}
			}
		}
	}
	return needs, nil
}

func (g *Guard) recheckEntry(caller permissions.Member, e change.Entry, force bool) ([]permissions.Right, error) {
	if e.Before.Kind == journal.Key && e.Void() {
		return nil, nil
	}
	rights := undoRights(e.Before, e.After)
	action := permissions.Action{Name: "undo"}
	switch e.Before.Kind {
	case journal.Key:
		action.Keys = []string{string(e.Before.Name)}
		if force {
			rights = append(rights, permissions.Destroy)
		}
	case journal.Setting:
		action.Setting = string(e.Before.Name)
	}
	for _, right := range rights {
		action.Right = right
		if err := g.policy.Check(caller, action); err != nil {
			return nil, err
		}
	}
	return rights, nil
}

// undoRights lists the rights that it took to make a change, which taking it
// back takes as well.
func undoRights(before journal.Image, after journal.State) []permissions.Right {
	switch {
	case before.Kind == journal.Parameter:
		return []permissions.Right{permissions.Admin}
	case before.Kind == journal.Setting:
		return []permissions.Right{permissions.Configure}
	case before.Exists && !after.Exists:
		return []permissions.Right{permissions.Destroy}
	case after.Altered && isSession(string(before.Name)):
		return []permissions.Right{permissions.Write, permissions.Mint}
	}
	return []permissions.Right{permissions.Write}
}

// Undo takes back a change. What somebody changed since is left, unless force is
// set, and a session that somebody ended is left in any case. m keeps what is taken back, so that this can be undone in turn. Settings
// are left to others.
func (g *Guard) Undo(ctx context.Context, m *Making, batches Batches, force bool) (Undone, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return Undone{}, err
	}
	u := &undoing{making: m, steps: change.NewUndoing(force), force: force, parameters: make(map[string]change.Verdict)}
	u.final = final{guard: g, left: make(map[string]bool)}
	next, stop := iter.Pull(u.all(ctx, batches))
	defer stop()
	err := m.engine.Run(ctx, func() (change.Step, bool, error) {
		s, ok := next()
		return s, ok, nil
	}, u.done)
	if h := asHalted(err); h != nil {
		err = h
	}
	if err == nil {
		err = u.final.after(ctx, batches)
	}
	return u.result(), err
}

// undoing is one change being taken back.
type undoing struct {
	making *Making
	steps  *change.Undoing
	force  bool
	unread int64
	undone Undone
	final  final

	parameters map[string]change.Verdict // what became of each, the gravest of all servers
}

// all yields the steps.
func (u *undoing) all(ctx context.Context, batches Batches) iter.Seq[change.Step] {
	return func(yield func(change.Step) bool) {
		for batch, err := range batches {
			if err != nil || batch.Open() {
				u.unread++
				continue
			}
			ended := u.final.ended(ctx, batch)
			if u.final.err != nil {
				return
			}
			for i, image := range batch.Images {
				if image.Kind == journal.Key && image.DB == u.final.guard.options.DB && ended[string(image.Name)] {
					u.leave(image)
					continue
				}
				if s, ok := u.step(change.Entry{Before: image, After: batch.States[i]}); ok && !yield(s) {
					return
				}
			}
		}
	}
}

// leave leaves a session alone that was ended, and names it once.
func (u *undoing) leave(image journal.Image) {
	name := string(image.Name)
	if u.final.left[name] {
		return
	}
	u.final.left[name] = true
	u.undone.Ended.add(u.making.guard.place(image.DB, name))
}

// step answers what takes an entry back; ok is false where there is nothing to
// do here.
func (u *undoing) step(e change.Entry) (s change.Step, ok bool) {
	switch e.Before.Kind {
	case journal.Key:
		return u.steps.Step(e), !e.Void()
	case journal.Parameter:
		p := &parameterUndo{entry: e, force: u.force, verdict: change.Same}
		return change.Step{Argv: []string{"CONFIG", "SET"}, Note: p}, string(e.Before.Content) != string(e.After.Content)
	}
	return change.Step{}, false
}

// done takes in what became of a key or a parameter.
func (u *undoing) done(d change.Done) error {
	if p, ok := d.Step.Note.(*parameterUndo); ok {
		u.parameters[p.name()] = max(u.parameters[p.name()], p.verdict)
		if p.reason != "" {
			u.undone.Reason = p.reason
		}
		return nil
	}
	fault := u.answered(d)
	u.tell(*d.Step.Note.(*change.Verdict), u.making.guard.place(d.Step.DB, d.Step.Keys[0].Name))
	return fault
}

// answered reads the reply to a step, if there is one. One that got lost was
// carried out.
func (u *undoing) answered(d change.Done) error {
	if d.Left {
		return nil
	}
	if d.Reply == nil {
		u.making.counted("undo", 1)
		return nil
	}
	r, err := parseReply(d.Reply)
	if err != nil {
		return fmt.Errorf("take back a change: %w", err)
	}
	if h := halted(r); h != nil {
		u.steps.Forget(d.Step)
		return h
	}
	if r.kind == errorReply {
		u.steps.Fail(d.Step)
		u.undone.Reason = string(r.text)
		return serverFault(r)
	}
	u.making.counted("undo", 1)
	return nil
}

// tell names what is not as before.
func (u *undoing) tell(v change.Verdict, at Place) {
	for of, list := range u.lists() {
		if of == v {
			list.name(at)
		} else {
			list.Some = slices.DeleteFunc(list.Some, func(other Place) bool { return other == at })
		}
	}
}

func (u *undoing) lists() map[change.Verdict]*Named {
	return map[change.Verdict]*Named{
		change.Since: &u.undone.Since, change.Unkept: &u.undone.Unkept,
		change.Unsure: &u.undone.Unsure, change.Failed: &u.undone.Failed,
	}
}

func (u *undoing) count(v change.Verdict, n int64) {
	switch v {
	case change.Restored:
		u.undone.Restored += n
	case change.Same:
		u.undone.Same += n
	default:
		u.lists()[v].Count += n
	}
}

// result answers what became of everything.
func (u *undoing) result() Undone {
	for verdict, n := range u.steps.Counts() {
		u.count(verdict, n)
	}
	for name, verdict := range u.parameters {
		u.count(verdict, 1)
		u.tell(verdict, Place{-1, name})
	}
	u.undone.Unread = u.unread
	return u.undone
}
