package commands

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/shell"
)

func pendingVerb() verb {
	return verb{
		name:     "pending",
		summary:  "list the plans that wait",
		usage:    []string{""},
		details:  "Plans wait for two minutes; those that a second person has to agree to, longer (approvals.ttl).",
		reads:    always,
		examples: []string{"!pending"},
		slash:    SlashVerb{Forms: []SlashForm{{}}},
		run: func(ctx context.Context, t *turn, call *shell.Call) (int, error) {
			return 0, t.listPlans(ctx, call.Stdout)
		},
	}
}

// listPlans shows the plans of the guild.
func (t *turn) listPlans(ctx context.Context, out io.Writer) error {
	if t.Plans == nil {
		return nil
	}
	list, err := t.Plans.Pending(ctx)
	if err != nil {
		return err
	}
	waiting := Table{Columns: []Column{{"plan", 0}, {"who", 0}, {"for", 2}, {"keys", 1}, {"waits for", 3}, {"line", 0}}}
	for _, p := range list {
		if p.Guild != t.caller.Guild {
			continue
		}
		waits := "its author"
		if !p.Approved() {
			waits = "a second person"
		}
		waiting.Rows = append(waiting.Rows, []string{p.ID, p.Name, lasting(p.Until.Sub(t.Now())), grouped(p.Keys), waits, clipLine(p.Line)})
	}
	if len(waiting.Rows) == 0 {
		_, err := fmt.Fprintln(out, "No plan waits.")
		return err
	}
	return t.cards.write(out, Card{Title: "Plans that wait", Tables: []Table{waiting}})
}

func approveVerb() verb {
	return verb{
		name:     "approve",
		summary:  "agree to another person's plan",
		usage:    []string{"PLAN"},
		details:  "It takes the right approve, and nobody can agree to a plan of their own. The plan's author\nconfirms it afterwards. The button Approve below a plan does the same.",
		examples: []string{"!pending"},
		slash: SlashVerb{Forms: []SlashForm{{Options: []SlashOption{
			{Name: "plan", Summary: "the plan, as pending shows it", Required: true, source: planSource},
		}}}},
		check: func(_ context.Context, t *turn, _ []shell.SourceArg) error {
			return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Approve, Name: "approve"})
		},
		run: func(ctx context.Context, t *turn, call *shell.Call) (int, error) {
			words := call.Texts()
			if t.late || t.mode == Only {
				return 0, &guard.Refused{Command: "approve", NeedsPlan: true}
			}
			if err := t.mayDoAtOnce("approve"); err != nil {
				return 0, err
			}
			if len(words) != 1 {
				return 0, t.misused(approveVerb(), "`approve` takes the id of one plan, as `pending` shows it.")
			}
			_, reply := t.Approve(ctx, Confirmation{Request: Request{Caller: t.caller}, Plan: strings.ToLower(words[0])})
			if reply.Outcome != OK {
				return 0, &sayError{reply}
			}
			_, err := fmt.Fprintln(call.Stdout, reply.Problem)
			return 0, err
		},
	}
}
