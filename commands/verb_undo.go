package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

func undoVerb() verb {
	return verb{
		name:    "undo",
		summary: "take back a change",
		usage:   []string{"", "CHANGE [--force]", "list"},
		details: "Without a word it takes back your last change. Keys get the value, the type and the remaining\n" +
			"time that they had. Those that somebody changed since are left and named; --force takes\n" +
			"them back as well. What is taken back can itself be taken back.",
		examples: []string{"!undo list"},
		run:      runUndo,
	}
}

func runUndo(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	v := undoVerb()
	words := call.Texts()
	force := slices.Contains(words, "--force")
	words = slices.DeleteFunc(words, func(w string) bool { return w == "--force" })
	switch {
	case t.Journal == nil && len(words) == 1 && words[0] == "list":
		_, err := fmt.Fprintln(call.Stdout, "Nothing is kept for taking changes back here.")
		return 0, err
	case t.Journal == nil:
		return 0, &usageError{reason: "Nothing is kept for taking changes back here: there is no state.dir, or undo.retention is 0."}
	case len(words) > 1, len(words) == 1 && strings.HasPrefix(words[0], "-"):
		return 0, t.misused(v, "`undo` takes the id of one change, as `undo list` shows it.")
	case len(words) == 1 && words[0] == "list":
		t.recover(ctx)
		return 0, t.listChanges(call.Stdout)
	}
	t.recover(ctx)
	change, err := t.changeToUndo(words)
	if err != nil {
		return 0, err
	}
	if force && t.mode == Ask {
		return 0, t.planUndo(ctx, change)
	}
	return t.undo(ctx, change, force, call.Stdout)
}

// changeToUndo finds the change that is meant: the one named, or the person's
// last that is not taken back yet.
func (t *turn) changeToUndo(words []string) (journal.Summary, error) {
	list, err := t.Journal.List()
	if err != nil {
		return journal.Summary{}, err
	}
	undone := make(map[string]bool)
	for _, s := range list {
		undone[s.Undoes] = undone[s.Undoes] || s.Outcome == string(OK)
	}
	for _, s := range list {
		mine := s.By == person(t.caller) && s.Guild == t.caller.Guild
		switch {
		case len(words) == 1 && s.ID == words[0] && s.Guild == t.caller.Guild:
			return t.undoable(s)
		case len(words) == 0 && mine && s.Undoes == "" && !undone[s.ID] && s.Unreadable == "" && s.Images > 0:
			return t.undoable(s)
		}
	}
	if len(words) == 1 {
		return journal.Summary{}, &usageError{reason: fmt.Sprintf("There is no change %q that could be taken back. `%sundo list` shows those that can.", words[0], t.prefix())}
	}
	return journal.Summary{}, &usageError{reason: fmt.Sprintf("You have no change that could be taken back: a change is kept for %s. `%sundo list` shows those of others.",
		t.snapshot().Duration(settings.UndoRetention), t.prefix())}
}

func (t *turn) undoable(s journal.Summary) (journal.Summary, error) {
	switch {
	case s.Unreadable != "":
		return s, &usageError{reason: fmt.Sprintf("What was kept of change %s cannot be read: %s.", s.ID, s.Unreadable)}
	case s.Live:
		return s, &usageError{reason: fmt.Sprintf("Change %s is still being made. Stop it, or wait for its end.", s.ID)}
	case s.Redis != t.Redis:
		return s, &usageError{reason: fmt.Sprintf("Change %s was made to another Redis, %s.", s.ID, s.Redis)}
	}
	return s, nil
}

// undo takes back a change, after the rights that it took are checked anew.
func (t *turn) undo(ctx context.Context, s journal.Summary, force bool, out io.Writer) (int, error) {
	r, err := t.Journal.Read(s.ID)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if err := t.guard.RecheckUndo(t.caller, r.Backwards()); err != nil {
		return 0, err
	}
	if err := t.recording.open(ctx); err != nil {
		return 0, err
	}
	t.progress.expect(int64(s.Images))
	u := t.newMaking(journal.Header{Request: t.recording.request(), Line: s.Line, Undoes: s.ID})
	undone, err := t.guard.WithMaking(u.Making).Undo(ctx, u.Making, r.Backwards(), force)
	err = errors.Join(err, u.end(outcomeOf(err)))
	text := t.undoText(s, undone)
	if err == nil && undone.Looked() == 0 {
		text = fmt.Sprintf("Nothing of change %s was made, so there is nothing to take back.", s.ID)
	}
	if halted := (*guard.Halted)(nil); errors.As(err, &halted) {
		text += fmt.Sprintf("\nThe rest is still kept: once Redis takes it, `%sundo %s` goes on.", t.prefix(), s.ID)
	}
	if _, printed := fmt.Fprintln(out, text); printed != nil {
		return 0, errors.Join(err, printed)
	}
	if undone.Since+undone.Unkept+undone.Failed+undone.Unread > 0 {
		return 1, err
	}
	return 0, err
}

// undoText says what became of what was to be taken back.
func (t *turn) undoText(s journal.Summary, u guard.Undone) string {
	text := fmt.Sprintf("%s %s as before", grouped(u.Restored+u.Same), plural(u.Restored+u.Same, "is", "are"))
	if u.Same > 0 {
		text += fmt.Sprintf(", %s of them already", grouped(u.Same))
	}
	text += "."
	names := make([]string, len(u.Left))
	for i, key := range u.Left {
		names[i] = t.guard.ShownKey(key)
	}
	list := strings.Join(names, ", ")
	if u.Since > 0 {
		text += fmt.Sprintf("\n%s changed since and left alone: %s.\n`%sundo %s --force` takes them back as well.", grouped(u.Since), list, t.prefix(), s.ID)
	}
	if u.Unkept > 0 {
		text += fmt.Sprintf("\n%s were too large to be kept.", grouped(u.Unkept))
	}
	if u.Failed > 0 {
		text += fmt.Sprintf("\n%s were refused by Redis: %s", grouped(u.Failed), u.Reason)
	}
	if u.Unread > 0 {
		text += fmt.Sprintf("\n%s parts of what was kept cannot be read, or are of changes that nobody knows the end of.", grouped(u.Unread))
	}
	return text
}

// listChanges shows what can be taken back.
func (t *turn) listChanges(out io.Writer) error {
	list, err := t.Journal.List()
	if err != nil {
		return err
	}
	undone := make(map[string]bool)
	for _, s := range list {
		undone[s.Undoes] = undone[s.Undoes] || s.Outcome == string(OK)
	}
	rows := [][]string{{"change", "when", "who", "keys", "state", "line"}}
	for _, s := range list {
		if s.Guild != t.caller.Guild || s.Images == 0 && s.Unreadable == "" {
			continue
		}
		rows = append(rows, []string{s.ID, s.At.Format("15:04:05"), s.Name, grouped(int64(s.Images)), stateOf(s, undone[s.ID]), clipLine(s.Line)})
	}
	if len(rows) == 1 {
		_, err := fmt.Fprintln(out, "There is nothing to take back.")
		return err
	}
	_, err = io.WriteString(out, table(rows))
	return err
}

func stateOf(s journal.Summary, undone bool) string {
	at, _ := change.ReadPosition(s.Mark)
	switch {
	case s.Unreadable != "":
		return "unreadable"
	case s.Live:
		return "running"
	case undone:
		return "taken back"
	case s.Undoes != "":
		return "takes back " + s.Undoes
	case !s.Settled:
		return "interrupted"
	case s.Outcome == string(Interrupted):
		return "interrupted, " + farAs(at.Done, s.Planned)
	case s.Outcome != string(OK):
		return "ended early, " + farAs(at.Done, s.Planned)
	}
	return "done"
}

// maxListed is how much of a line a list shows.
const maxListed = 60

func clipLine(line string) string {
	line = strings.Join(strings.Fields(line), " ")
	if len(line) <= maxListed {
		return line
	}
	return strings.ToValidUTF8(line[:maxListed], "") + "…"
}

// planUndo asks before what others changed since is overwritten.
func (t *turn) planUndo(ctx context.Context, s journal.Summary) error {
	text := fmt.Sprintf("Plan: take back change %s of %s (%s), %s keys, also where somebody changed them since.\nWarning: what others wrote to those keys since is lost, though `%sundo` can take this back for %s.",
		s.ID, s.At.Format(time.TimeOnly), clipLine(s.Line), grouped(int64(s.Images)), t.prefix(), t.snapshot().Duration(settings.UndoRetention))
	return t.planStep(ctx, undoMark+s.ID, plans.Plan{Line: s.Line, Text: text, Word: wordAll, Keys: int64(s.Images)})
}

// What begins the only step of a plan that is no command of Redis.
const (
	undoMark   = "undo "   // a change that is taken back
	actionMark = "action " // the line of an action
)

// planStep keeps a plan of one step, for which the program asks a confirmation.
func (t *turn) planStep(ctx context.Context, step string, p plans.Plan) error {
	p.ID, p.Author, p.Name, p.Asked = plans.NewID(), person(t.caller), t.caller.Name, t.request
	p.Guild, p.Channel = t.caller.Guild, t.caller.Channel
	recorder := t.Plans.Record(p.ID)
	defer recorder.Discard()
	if err := recorder.Add([]byte(step)); err != nil {
		return err
	}
	kept, err := t.put(ctx, p, recorder)
	if err != nil {
		return err
	}
	t.waits = asShown(kept)
	return nil
}
