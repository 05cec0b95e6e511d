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
	Restored int64 // as before
	Same     int64 // as before already
	Since    int64 // changed by somebody since, and left
	Unkept   int64 // too large to have been kept
	Failed   int64 // refused by the server
	Unread   int64 // batches of the journal that are damaged or unfinished

	Left   []string // some of those that are not as before
	Reason string   // why the server refused one
}

// Looked answers of how many keys, parameters and parts of the journal Undone
// tells.
func (u Undone) Looked() int64 {
	return u.Restored + u.Same + u.Since + u.Unkept + u.Failed + u.Unread
}

// RecheckUndo reports whether the caller may today take back a change.
func (g *Guard) RecheckUndo(caller permissions.Member, batches Batches) error {
	for batch, err := range batches {
		if err != nil {
			continue // told when it is taken back
		}
		for i, image := range batch.Images {
			if batch.Open() {
				break
			}
			for _, right := range undoRights(image, batch.States[i]) {
				action := permissions.Action{Right: right, Name: "undo"}
				if image.Kind == journal.Key {
					action.Keys = []string{string(image.Name)}
				}
				if err := g.policy.Check(caller, action); err != nil {
					return err
				}
			}
		}
	}
	return nil
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
// set. m keeps what is taken back, so that this can be undone in turn.
func (g *Guard) Undo(ctx context.Context, m *Making, batches Batches, force bool) (Undone, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return Undone{}, err
	}
	u := &undoing{guard: g, making: m, steps: change.NewUndoing(force), force: force}
	next, stop := iter.Pull(u.all(ctx, batches))
	defer stop()
	err := m.engine.Run(ctx, func() (change.Step, bool, error) {
		s, ok := next()
		return s, ok, u.err
	}, u.done)
	if h := asHalted(err); h != nil {
		err = h
	}
	return u.undone, err
}

// undoing is one change being taken back.
type undoing struct {
	guard  *Guard
	making *Making
	steps  *change.Undoing
	force  bool
	undone Undone
	err    error
}

// all yields the steps. Parameters are set on the way.
func (u *undoing) all(ctx context.Context, batches Batches) iter.Seq[change.Step] {
	return func(yield func(change.Step) bool) {
		for batch, err := range batches {
			if err != nil || batch.Open() {
				u.undone.Unread++
				continue
			}
			for i, image := range batch.Images {
				e := change.Entry{Before: image, After: batch.States[i]}
				switch {
				case e.Void():
				case image.Kind == journal.Parameter:
					if u.err = u.parameter(ctx, e); u.err != nil {
						return
					}
				case image.Kind == journal.Key:
					if !yield(u.steps.Step(e)) {
						return
					}
				}
			}
		}
	}
}

// parameter sets a parameter of the server to what it was.
func (u *undoing) parameter(ctx context.Context, e change.Entry) error {
	name, old := string(e.Before.Name), string(e.Before.Content)
	c, _, err := u.guard.recall(ctx, permissions.Member{}, func() ([]byte, bool, error) {
		return recorded{argv: []string{"config", "set", name, old}}.append(nil), true, nil
	})
	if err != nil {
		return err
	}
	now, err := c.parameters(ctx)
	if err != nil || len(now) != 1 {
		return err
	}
	switch value := string(now[0].Content); {
	case value == old:
		u.undone.Same++
		return nil
	case value != string(e.After.Content) && !u.force:
		u.undone.Since++
		u.left(name)
		return nil
	}
	r, err := u.making.configSet(ctx, c)
	if err != nil {
		return err
	}
	if r.kind == errorReply {
		u.failed(name, string(r.text))
		return nil
	}
	u.undone.Restored++
	u.making.counted("config set")
	return nil
}

func (u *undoing) left(name string) {
	if len(u.undone.Left) < maxDiffering && !slices.Contains(u.undone.Left, name) {
		u.undone.Left = append(u.undone.Left, name)
	}
}

func (u *undoing) failed(name, reason string) {
	u.undone.Failed++
	u.undone.Reason = reason
	u.left(name)
}

// done takes in what became of a key.
func (u *undoing) done(d change.Done) error {
	name := d.Step.Keys[0].Name
	switch *d.Step.Note.(*change.Verdict) {
	case change.Same:
		u.undone.Same++
	case change.Since:
		u.undone.Since++
		u.left(name)
	case change.Unkept:
		u.undone.Unkept++
		u.left(name)
	default:
		return u.restored(name, d)
	}
	return nil
}

func (u *undoing) restored(name string, d change.Done) error {
	if d.Reply == nil { // it got lost, but the command was carried out
		u.undone.Restored++
		u.making.counted("undo")
		return nil
	}
	r, err := parseReply(d.Reply)
	if err != nil {
		return fmt.Errorf("take back a change: %w", err)
	}
	if h := halted(r); h != nil {
		return h
	}
	if r.kind == errorReply {
		u.failed(name, string(r.text))
		return serverFault(r)
	}
	u.undone.Restored++
	u.making.counted("undo")
	return nil
}
