package commands

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/suggest"
)

// verb is one of the bot's own words.
type verb struct {
	name     string
	aliases  []string
	summary  string   // one line, for the list
	usage    []string // what may stand behind it, one form a line
	details  string   // more for its own help; may be empty
	examples []string // whole lines, run by a test

	// slash is how the verb is chosen and filled in instead of typed; its name and
	// summary are the verb's. Without forms there is one field for everything.
	slash SlashVerb

	// check refuses a call before anything of its program runs, as far as its
	// literal arguments tell. It is nil where read is all that the verb needs.
	check func(ctx context.Context, t *turn, args []shell.SourceArg) error
	run   func(ctx context.Context, t *turn, call *shell.Call) (int, error)

	// changes reports whether a call may hand changes to the guard; nil: it never
	// does.
	changes func(args []shell.SourceArg) bool

	// reads reports whether a call does nothing but read and then ends, as far as
	// its literal arguments tell, so that it can be scheduled; nil: it never can.
	reads func(ctx context.Context, t *turn, args []shell.SourceArg) bool
}

// verbs is the table of all verbs, in the order of the help.
func verbs() []verb {
	return []verb{redisVerb(), sessionsVerb(), configVerb(), setupVerb(), guideVerb(), statusVerb(), chartVerb(), alertsVerb(), silenceVerb(), undoVerb(), pendingVerb(), approveVerb(), aliasVerb(), everyVerb(), instancesVerb(), auditVerb(), revealVerb(), whyVerb(), explainVerb(), helpVerb(), versionVerb()}
}

// verb finds a verb by its name or alias.
func (d *Dispatcher) verb(name string) (verb, bool) { return findVerb(d.verbs, name) }

func findVerb(verbs []verb, name string) (verb, bool) {
	name = strings.ToLower(name)
	for _, v := range verbs {
		if v.name == name {
			return v, true
		}
		for _, a := range v.aliases {
			if a == name {
				return v, true
			}
		}
	}
	return verb{}, false
}

// command makes a verb a command of this turn's program. The check is made
// anew with the arguments as they have turned out.
func (t *turn) command(v verb) shell.Command {
	return shell.CommandFunc(func(ctx context.Context, call *shell.Call) (int, error) {
		if wantsHelp(call) {
			_, err := io.WriteString(call.Stdout, t.verbHelp(v))
			return 0, err
		}
		if err := t.may(ctx, v, expanded(call.Args)); err != nil {
			return 0, err
		}
		return v.run(ctx, t, call)
	})
}

func wantsHelp(call *shell.Call) bool {
	return len(call.Args) == 1 && (call.Args[0].Text == "--help" || call.Args[0].Text == "-h")
}

// may checks a verb's rights: its own check, or else read. In a schedule it also
// refuses what does more than read.
func (t *turn) may(ctx context.Context, v verb, args []shell.SourceArg) error {
	if err := t.mayBeScheduled(ctx, v, args); err != nil {
		return err
	}
	if v.check != nil {
		return v.check(ctx, t, args)
	}
	return t.mayRead(v.name)
}

func (t *turn) mayRead(name string) error {
	return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Read, Name: name})
}

// expanded makes arguments that are all known of a call's.
func expanded(args []shell.Arg) []shell.SourceArg {
	out := make([]shell.SourceArg, len(args))
	for i, a := range args {
		out[i] = shell.SourceArg{Text: a.Whole, Literal: true}
	}
	return out
}

// usageError is a call that a verb cannot make sense of.
type usageError struct {
	verb   string
	reason string
	usage  []string
	prefix string
}

func (e *usageError) Error() string {
	lines := []string{e.reason}
	if len(e.usage) > 0 {
		lines = append(lines, "Usage:")
	}
	for _, u := range e.usage {
		lines = append(lines, "  "+strings.TrimSpace(e.prefix+e.verb+" "+u))
	}
	return strings.Join(lines, "\n")
}

func (t *turn) misused(v verb, format string, args ...any) error {
	return &usageError{verb: v.name, reason: fmt.Sprintf(format, args...), usage: v.usage, prefix: t.prefix()}
}

// meant asks whether another word was meant, in a sentence behind others; it is
// empty where none is like it.
func meant(word string, known []string) string {
	if near, ok := suggest.Nearest(word, known); ok {
		return fmt.Sprintf(" Did you mean `%s`?", near)
	}
	return ""
}

// unknownForm words a sub-command that the verb does not have.
func (t *turn) unknownForm(v verb, word string, known []string) error {
	if near, ok := suggest.Nearest(word, known); ok {
		return &usageError{reason: fmt.Sprintf("`%s %s` is unknown. Did you mean `%s%s %s`?", v.name, word, t.prefix(), v.name, near)}
	}
	return t.misused(v, "`%s %s` is unknown.", v.name, word)
}
