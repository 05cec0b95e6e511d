package commands

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/shell/text"
)

func explainVerb() verb {
	return verb{
		name:    "explain",
		summary: "what a line does, what it needs, and whether it changes anything",
		usage:   []string{"'LINE'"},
		details: "The line stands between quotes, or in a fenced block. Nothing of it is run.",
		examples: []string{
			`!explain 'redis keys session:* | xargs redis ttl | sort -n'`,
		},
		slash: SlashVerb{Private: true, Forms: []SlashForm{{Options: []SlashOption{
			{Name: "line", Summary: "the line, as it would be typed", Long: true, source: lineSource},
		}}}},
		reads: always,
		run:   runExplain,
	}
}

func runExplain(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	line := strings.Join(wholes(call.Args), " ")
	if line == "" {
		block, err := io.ReadAll(io.LimitReader(call.Stdin, shell.MaxSource))
		if err != nil {
			return 0, err
		}
		line = string(block)
	}
	if strings.TrimSpace(line) == "" {
		return 0, t.misused(explainVerb(), "Which line?")
	}
	msg, program, err := t.read(ctx, line)
	if err != nil {
		return 0, err
	}
	calls := program.Calls()
	t.noteTyped(ctx, msg, calls)
	_, err = io.WriteString(call.Stdout, t.typed.hide(t.explanation(ctx, calls)))
	return 0, err
}

// explanation tells of each call of a program, and of the whole.
func (t *turn) explanation(ctx context.Context, calls []shell.SourceCall) string {
	var b strings.Builder
	var told []string
	changing := false
	for _, call := range calls {
		text, mayChange := t.explainCall(ctx, call)
		changing = changing || mayChange
		if !slices.Contains(told, text) {
			told = append(told, text)
			b.WriteString(text)
		}
	}
	if changing {
		b.WriteString("It may change something: a plan shows what before it happens, unless that is little and can be taken back.\n")
	} else {
		b.WriteString("It changes nothing.\n")
	}
	return b.String()
}

// explainCall tells of one call, as far as its words are known, and whether it may
// change something.
func (t *turn) explainCall(ctx context.Context, call shell.SourceCall) (told string, mayChange bool) {
	words, shown := []string{call.Name}, []string{call.Name}
	known := true
	for _, a := range call.Args {
		if known = known && a.Literal; known {
			words = append(words, a.Text)
		}
		shown = append(shown, a.Written)
	}
	told = strings.Join(shown, " ") + "\n"
	if summary, ok := t.summaryOf(call); ok {
		told += "  " + summary + "\n"
	}
	if call.Own || t.filters[call.Name] != nil {
		return told, false
	}
	actions, err := t.actions(ctx, words)
	if err != nil {
		return told + "  " + strings.ReplaceAll(sentence(err.Error()), "\n", "\n  ") + "\n", false
	}
	for _, a := range actions {
		told += fmt.Sprintf("  It needs %s: %s\n", a.Right, t.mayIt(a))
		mayChange = mayChange || a.Right != permissions.Read && a.Right != permissions.Audit
	}
	return told, mayChange
}

// summaryOf says what a call is for.
func (t *turn) summaryOf(call shell.SourceCall) (string, bool) {
	for _, u := range text.Usages() {
		if u.Name == call.Name {
			return u.Summary, true
		}
	}
	v, ok := t.verb(call.Name)
	switch {
	case call.Own:
		return "a part of the shell", true
	case ok:
		return v.summary, true
	}
	return "", false
}

// mayIt says whether the caller may do something, and if not, why.
func (t *turn) mayIt(a permissions.Action) string {
	if err := t.Policy.Check(t.caller, a); err != nil {
		return sentence(err.Error())
	}
	return "you may."
}
