package commands

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/helix-collective/helix/actions"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/shell/text"
)

// railway is the first word of the guide's line that restarts Redis. It is
// explained where nothing is configured for it.
const railway = "railway"

// Taken reports whether a word at the start of a line means something to Helix
// or to its shell, so that no action may begin with it.
func Taken(word string) bool {
	program, err := shell.Parse(word)
	if err != nil {
		return true
	}
	calls := program.Calls()
	if len(calls) != 1 || calls[0].Own || calls[0].Name != word {
		return true
	}
	_, filter := text.Commands(text.Options{})[word]
	_, verb := findVerb(verbs(), word)
	return filter || verb
}

// isAction reports whether a line that begins with the word is one for the
// configured actions.
func (t *turn) isAction(word string) bool {
	return word == railway || t.Actions.Begins(word)
}

// checkAction refuses a call of an action before anything of its program runs,
// as far as its literal words tell.
func (t *turn) checkAction(call shell.SourceCall) error {
	words, whole := []string{call.Name}, !call.More
	for _, arg := range call.Args {
		if whole = whole && arg.Literal; !arg.Literal {
			break
		}
		words = append(words, arg.Text)
	}
	if _, known := t.Actions.Match(words); whole && !known || !t.Actions.Begins(words...) {
		return t.noAction(words)
	}
	return t.mayAct(strings.Join(words, " "))
}

// mayAct reports whether the caller may make the call of a line.
func (t *turn) mayAct(line string) error {
	return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Admin, Name: line})
}

// actionName names a call of an action for the records: by its line where that
// is configured.
func (t *turn) actionName(call shell.SourceCall) string {
	words := []string{call.Name}
	for _, arg := range call.Args {
		words = append(words, arg.Text)
	}
	if action, ok := t.Actions.Match(words); ok {
		return action.Line
	}
	return call.Name
}

// describeAction says what the call of an action would do.
func describeAction(a actions.Action) string {
	return strings.TrimPrefix(a.Description+"\n", "\n") + a.Plan() + "\n"
}

// act carries out a plan for the line of an action, after the right is checked
// anew.
func (t *turn) act(ctx context.Context, line string, out io.Writer) error {
	action, ok := t.Actions.Match(strings.Split(line, "\x00"))
	if !ok {
		return &usageError{reason: "This action is not configured any more."}
	}
	if err := t.mayAct(action.Line); err != nil {
		return err
	}
	_, err := runAction(ctx, t, action, out, out)
	return err
}

// runAction makes the call of an action, once, and writes what was answered.
// It comes after everything that could speak against the call: its status is 1
// where the other side has not done as asked.
func runAction(ctx context.Context, t *turn, action actions.Action, stdout, stderr io.Writer) (int, error) {
	if err := t.recording.open(ctx); err != nil {
		return 0, err
	}
	t.recording.count("action "+action.Name, 1)
	result, err := action.Run(ctx)
	words, status, to := result.Words(), 0, stdout
	if err != nil || !result.OK {
		status, to = 1, stderr
	}
	if err != nil {
		words = err.Error()
	}
	line := string(t.Redactor.Text([]byte(action.Line + ": " + words)))
	t.recording.note(line)
	if _, failed := io.WriteString(to, line+"\n"); failed != nil {
		return 0, failed
	}
	if err != nil && ctx.Err() != nil {
		return status, context.Cause(ctx)
	}
	return status, nil
}

// noAction words that nothing is configured for a line.
func (t *turn) noAction(words []string) error {
	if err := t.mayRead(words[0]); err != nil {
		return err
	}
	if lines := t.actionLines(); len(lines) > 0 {
		return &usageError{reason: fmt.Sprintf("No action is configured for this line. There is `%s`; docs/actions.md tells how to add one.", strings.Join(lines, "`, `"))}
	}
	return &usageError{reason: "This line needs a call of Railway's API, and none is configured. Whoever runs Helix can add one to config.yaml:\n" + railwayExample +
		"\"Restart Redis on Railway\" in docs/actions.md has the whole of it."}
}

// railwayExample is the essence of the documented example.
const railwayExample = `  actions:
    restart-redis:
      line: "railway service restart redis"
      url: "https://backboard.railway.com/graphql/v2"
      headers: { Authorization: "Bearer ${RAILWAY_TOKEN}" }
      body: { query: "mutation …", variables: { serviceId: "…", environmentId: "…" } }
`

// actionLines lists the lines of the actions.
func (d *Dispatcher) actionLines() []string {
	var lines []string
	for _, a := range d.Actions.All() {
		lines = append(lines, a.Line)
	}
	return lines
}

// actionWords lists the words that lines of actions begin with, each once.
func (d *Dispatcher) actionWords() []string {
	var words []string
	for _, a := range d.Actions.All() {
		words = append(words, a.Word())
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// actionHelp is the help of the lines that begin with the word.
func (d *Dispatcher) actionHelp(word string) (string, bool) {
	var b strings.Builder
	for _, a := range d.Actions.All() {
		if a.Word() == word {
			fmt.Fprintf(&b, "%s%s: %sIt needs admin.\n", d.prefix(), a.Line, describeAction(a))
		}
	}
	return b.String(), b.Len() > 0
}

// actionCommand is a line of the actions in a program, with its words as they
// have turned out.
type actionCommand struct {
	t    *turn
	word string
}

// Run ends every call: with the right that is missing, or with the plan that is.
func (c actionCommand) Run(ctx context.Context, call *shell.Call) (int, error) {
	words := append([]string{c.word}, wholes(call.Args)...)
	action, ok := c.t.Actions.Match(words)
	if !ok {
		return 0, c.t.noAction(words)
	}
	if err := c.t.mayAct(action.Line); err != nil {
		return 0, err
	}
	switch {
	case c.t.Plans == nil || c.t.late:
		return 0, &guard.Refused{Command: action.Line, NeedsPlan: true}
	case c.t.mode == Direct:
		return runAction(ctx, c.t, action, call.Stdout, call.Stderr)
	}
	text := "Plan: " + strings.TrimSpace(describeAction(action)) + "\nIt CANNOT be taken back."
	if c.t.mode == Only {
		c.t.waits = &Plan{Text: text}
		return 0, nil
	}
	needs := guard.Summary{Rights: []permissions.Right{permissions.Admin}}
	return 0, c.t.planStep(ctx, actionMark+strings.Join(words, "\x00"), plans.Plan{
		Line: action.Line, Text: text, Word: wordForever, Rights: []string{string(permissions.Admin)}, Approval: c.t.approval(needs),
	})
}
