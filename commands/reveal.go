package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/shell"
)

// Reveal answers a request once more, for the eyes of its caller alone: nothing
// is hidden that their right reveal covers, but for secrets of Helix' own.
// Whatever does more than read Redis is refused. It is recorded before it runs.
func (d *Dispatcher) Reveal(ctx context.Context, req Request) Reply {
	req.Redact, req.Mode, req.Stdout, req.Stderr = true, Only, nil, nil
	t := d.turnOf(req)
	t.reveals = true
	reply := t.serve(ctx, req)
	if reply.Outcome != OK || !t.guard.Hid() {
		return reply
	}
	scope := d.Policy.Scope(req.Caller, permissions.Reveal)
	covers := "You may reveal only " + strings.Join(scopeWords(scope), ", ") + "."
	if !t.guard.Revealed() {
		return denied(covers)
	}
	reply.Hints = append(reply.Hints, covers+" The rest stays hidden.")
	return reply
}

// scopeWords says what a right covers.
func scopeWords(s permissions.Scope) []string {
	var list []string
	for _, pattern := range s.Only() {
		list = append(list, "keys like `"+pattern+"`")
	}
	for _, pattern := range s.Except() {
		list = append(list, "none like `"+pattern+"`")
	}
	return list
}

// mayReveal reports whether the turn's program may be answered without hiding.
func (t *turn) mayReveal() error {
	if err := t.Policy.Preflight(t.caller, permissions.Reveal, ""); err != nil {
		return err
	}
	if !t.reads {
		return &usageError{reason: "Only an answer that was read from Redis can be revealed."}
	}
	return nil
}

// onlyReads reports whether a program that changes nothing does nothing but ask
// Redis and filter what it answers, as far as its text tells.
func (t *turn) onlyReads(program *shell.Program) bool {
	return !slices.ContainsFunc(program.Calls(), func(call shell.SourceCall) bool {
		_, filter := t.filters[call.Name]
		return !call.Own && !filter && !t.readsRedis(call.Name)
	})
}

func (t *turn) readsRedis(name string) bool {
	v, ok := t.verb(name)
	return ok && v.name == "redis"
}

func revealVerb() verb {
	return verb{
		name:    "reveal",
		summary: "say how to see what an answer hides",
		usage:   []string{"[COMMAND…]"},
		details: "An answer in a channel is read by everybody in it, so it hides secrets and shortens ids. The button\n" +
			"Reveal below it shows the whole to whoever presses it and has the right reveal, to nobody else.",
		examples: []string{"!reveal redis get session:abc123"},
		slash: SlashVerb{Private: true, Reveals: true, Forms: []SlashForm{{Options: []SlashOption{
			{Name: "command", Summary: "what to run once more, its answer for your eyes alone", Kind: Free, source: lineSource},
		}}}},
		run: func(_ context.Context, _ *turn, call *shell.Call) (int, error) {
			_, err := call.Stdout.WriteString("A message in a channel is for everybody. Run the command, and press the button Reveal below its answer.\n")
			return 0, err
		},
	}
}
