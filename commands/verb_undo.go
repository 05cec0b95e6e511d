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
	"github.com/helix-collective/helix/shell"
)

func undoVerb() verb {
	return verb{
		name:    "undo",
		summary: "take back a change",
		usage:   []string{"", "CHANGE [--force]", "list"},
		details: "Without a word it takes back your last change. Keys get the value, the type and the remaining\n" +
			"time that they had; parameters and settings their old values. It takes the rights that the\n" +
			"change took. What somebody changed since is left and named; --force takes it back as well,\n" +
			"after a plan. An undo can itself be taken back. Changes are kept for undo.retention.",
		examples: []string{"!undo list"},
		slash: SlashVerb{Forms: []SlashForm{{Options: []SlashOption{
			{Name: "change", Summary: "which, or list; left out, your last", source: changeSource},
			{Name: "force", Summary: "also what somebody changed since, after a plan", Kind: Switch, flag: "--force"},
		}}}},
		run: runUndo,
	}
}

func runUndo(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	v := undoVerb()
	words := call.Texts()
	force := slices.Contains(words, "--force")
	words = slices.DeleteFunc(words, func(w string) bool { return w == "--force" })
	switch {
	case t.Journal == nil && len(words) == 1 && words[0] == "list":
		_, err := fmt.Fprintln(call.Stdout, "Nothing is kept for taking changes back: "+t.whyNoJournal()+".")
		return 0, err
	case t.Journal == nil:
		return 0, unable("Nothing is kept for taking changes back: %s.", t.whyNoJournal())
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
	switch {
	case t.late:
		return 0, &guard.Refused{Command: "undo", NeedsPlan: true}
	case t.mode == Only, (force || t.plansAll) && t.mode == Ask:
		return 0, t.planUndo(ctx, change, force)
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
	undone := takenBack(list)
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
		return journal.Summary{}, unable("There is no change %q that could be taken back. `%sundo list` shows those that can.%s", words[0], t.prefix(), meant(words[0], []string{"list", "--force"}))
	}
	return journal.Summary{}, unable("You have no change that could be taken back: a change is kept for %s. `%sundo list` shows those of others.",
		t.retention(), t.prefix())
}

// takenBack tells which changes of a list, the newest first, are taken back by a
// later one that came to its end and is not itself taken back.
func takenBack(list []journal.Summary) map[string]bool {
	undone := make(map[string]bool)
	for _, s := range list {
		if s.Undoes != "" && !undone[s.ID] && s.Outcome == string(OK) {
			undone[s.Undoes] = true
		}
	}
	return undone
}

func (t *turn) undoable(s journal.Summary) (journal.Summary, error) {
	switch {
	case s.Unreadable != "":
		return s, unable("What was kept of change %s cannot be read: %s.", s.ID, s.Unreadable)
	case s.Live:
		return s, unable("Change %s is still being made. Stop it, or wait for its end.", s.ID)
	case s.Redis != t.Redis:
		return s, unable("Change %s was made to another Redis, %s.", s.ID, s.Redis)
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
	if _, err := t.guard.RecheckUndo(t.caller, r.Backwards(), force); err != nil {
		return 0, err
	}
	if err := t.recording.open(ctx); err != nil {
		return 0, err
	}
	t.progress.expect(int64(s.Images), 0)
	u := t.newMaking(ctx, journal.Header{Request: t.recording.request(), Line: s.Line, Undoes: s.ID})
	undone, err := t.guard.WithMaking(u.Making).Undo(ctx, u.Making, r.Backwards(), force)
	if err == nil {
		err = t.undoSettings(ctx, u.journal, r.Backwards(), force, &undone)
	}
	err = errors.Join(err, u.end(outcomeOf(err)))
	for _, hint := range replicaHints(u.Report()) {
		t.hints.add(hint)
	}
	text := t.undoText(s, undone, err != nil)
	if halted := (*guard.Halted)(nil); errors.As(err, &halted) {
		text += fmt.Sprintf("\nThe rest is still kept: once Redis takes it, `%sundo %s` goes on.", t.prefix(), s.ID)
	}
	if _, printed := fmt.Fprintln(out, text); printed != nil {
		return 0, errors.Join(err, printed)
	}
	if !undone.Whole() {
		return 1, err
	}
	return 0, err
}

// undoText says what became of what was to be taken back; early says that it
// ended before its end.
func (t *turn) undoText(s journal.Summary, u guard.Undone, early bool) string {
	as := u.Restored + u.Same
	var lines []string
	add := func(n guard.Named, one, many string) {
		if n.Count > 0 {
			lines = append(lines, fmt.Sprintf("%s %s: %s.", grouped(n.Count), plural(n.Count, one, many), t.namesOf(n)))
		}
	}
	switch {
	case as == 0 && u.Whole() && !early:
		lines = append(lines, "There was nothing to take back: the change had left everything as it was.")
	case u.Same > 0:
		lines = append(lines, fmt.Sprintf("%s %s as before \"%s\", %s of them already.", grouped(as), plural(as, "is", "are"), clipLine(s.Line), grouped(u.Same)))
	default:
		lines = append(lines, fmt.Sprintf("%s %s as before \"%s\".", grouped(as), plural(as, "is", "are"), clipLine(s.Line)))
	}
	add(u.Since, "has changed since and is left alone", "have changed since and are left alone")
	if u.Since.Count > 0 {
		lines = append(lines, fmt.Sprintf("`%sundo %s --force` takes %s back as well.", t.prefix(), s.ID, plural(u.Since.Count, "it", "them")))
	}
	add(u.Ended, "is a session that was ended since, which is final", "are sessions that were ended since, which is final")
	add(u.Unkept, "held too much to be kept, and cannot come back", "held too much to be kept, and cannot come back")
	add(u.Unsure, "was given a value too large to be looked at, and is left alone", "were given values too large to be looked at, and are left alone")
	add(u.Failed, "was refused by Redis ("+u.Reason+")", "were refused by Redis ("+u.Reason+")")
	if u.Unread > 0 {
		lines = append(lines, fmt.Sprintf("%s of what was kept cannot be read, or nobody knows whether its change was made.", plural(u.Unread, "One part", grouped(u.Unread)+" parts")))
	}
	return strings.Join(lines, "\n")
}

// named lists keys as the channel may see them; total is how many there are.
func (t *turn) named(some []string, total int64) string {
	names := make([]string, len(some))
	for i, key := range some {
		names[i] = t.guard.ShownKey(key)
	}
	text := strings.Join(names, ", ")
	if more := total - int64(len(some)); more > 0 {
		text += fmt.Sprintf(" and %s more", grouped(more))
	}
	return text
}

// namesOf lists keys as the channel may see them.
func (t *turn) namesOf(n guard.Named) string {
	names := make([]string, len(n.Some))
	for i, at := range n.Some {
		names[i] = t.guard.ShownKey(at.Name)
		if at.DB >= 0 {
			names[i] += fmt.Sprintf(" (database %d)", at.DB)
		}
	}
	text := strings.Join(names, ", ")
	if more := n.Count - int64(len(names)); more > 0 {
		text += fmt.Sprintf(" and %s more", grouped(more))
	}
	return text
}

// listChanges shows what can be taken back.
func (t *turn) listChanges(out io.Writer) error {
	list, err := t.Journal.List()
	if err != nil {
		return err
	}
	undone := takenBack(list)
	changes := Table{Columns: []Column{{"change", 0}, {"ago", 0}, {"who", 3}, {"keys", 1}, {"state", 2}, {"line", 0}}}
	for _, s := range list {
		if s.Guild != t.caller.Guild || s.Images == 0 && s.Unreadable == "" {
			continue
		}
		changes.Rows = append(changes.Rows, []string{s.ID, lasting(time.Since(s.At)), s.Name, grouped(int64(s.Images)), stateOf(s, undone[s.ID]), clipLine(s.Line)})
	}
	if len(changes.Rows) == 0 {
		_, err := fmt.Fprintln(out, "There is nothing to take back.")
		return err
	}
	return t.cards.write(out, Card{Title: "Changes", Tables: []Table{changes}})
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

// planUndo says what taking back a change would do, after the rights that it takes
// are checked, and where it is not to be shown only, asks for it.
func (t *turn) planUndo(ctx context.Context, s journal.Summary, force bool) error {
	r, err := t.Journal.Read(s.ID)
	if err != nil {
		return err
	}
	defer r.Close()
	needs, err := t.guard.RecheckUndo(t.caller, r.Backwards(), force)
	if err != nil {
		return err
	}
	since, err := t.guard.ChangedSince(ctx, r.Backwards())
	if err != nil {
		return err
	}
	for _, key := range t.settingsSince(r.Backwards()) {
		since.AddSetting(key)
	}
	text := t.undoPlan(s, since, force)
	if t.mode == Only {
		t.waits = &Plan{Text: text}
		return nil
	}
	step, word := undoMark+s.ID, ""
	if force {
		step, word = step+forceMark, wordAll
	}
	return t.planStep(ctx, step, plans.Plan{
		Line: s.Line, Text: text, Word: word, Keys: int64(s.Images), Rights: rightNames(needs),
		Approval: t.approval(guard.Summary{Rights: needs, Keys: int64(s.Images)}),
	})
}

// undoPlan says what taking back a change would do to what others changed since.
func (t *turn) undoPlan(s journal.Summary, since guard.Named, force bool) string {
	others := "Nobody has changed any of it since."
	if n := since.Count; n > 0 && force {
		others = fmt.Sprintf("Warning: what others made of %s since is lost: %s.", grouped(n)+" of these", t.namesOf(since))
	} else if n > 0 {
		others = fmt.Sprintf("%s %s changed since and will be left alone: %s.", grouped(n), plural(n, "was", "were"), t.namesOf(since))
	}
	return fmt.Sprintf("Plan: take back \"%s\" of %s ago, %s.\n%s\n`%sundo` can take that back for %s afterwards.",
		clipLine(s.Line), lasting(time.Since(s.At)), counted(int64(s.Images), "value", "values"), others, t.prefix(), t.retention())
}

// What begins the only step of a plan that is no command of Redis.
const (
	undoMark   = "undo "   // a change that is taken back
	forceMark  = " force"  // ends that, where it takes back what others changed since
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
