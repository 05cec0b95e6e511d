package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/helix-collective/helix/commands"
)

// settle shows a plan, asks for it, and answers what came of it: the reply to
// its run, or why it did not run.
func (c *conversation) settle(ctx context.Context, plan commands.Plan) (commands.Reply, error) {
	c.notes.say(strings.TrimRight(plan.Text, "\n"), plain)
	if plan.Approval != "" {
		c.notes.say(plan.Approval, plain)
	}
	answer, err := c.confirmation(ctx, plan)
	switch {
	case errors.Is(err, errInterrupted), errors.Is(err, errCleared), errors.Is(err, io.EOF):
		answer = "" // not a yes
	case err != nil:
		return commands.Reply{Outcome: commands.Unconfirmed}, err
	}
	said := commands.Confirmation{Request: c.base(), Plan: plan.ID}
	if plan.Word != "" {
		said.Word = answer
	}
	if !confirms(answer, plan) {
		return c.cancel(ctx, said)
	}
	return c.carryOut(ctx, said)
}

// confirmation answers what was said to a plan. Where nobody sits at a terminal
// that is the next line, if it can be nothing else.
func (c *conversation) confirmation(ctx context.Context, plan commands.Plan) (string, error) {
	if c.terminal {
		answer, err := c.source.answer(ctx, question(plan))
		if errors.Is(err, io.EOF) {
			c.out.breakLine()
		}
		return strings.TrimSpace(answer), err
	}
	line, err := c.line(ctx)
	if err == nil && !answers(line, plan) {
		c.held, line = []string{line}, ""
	}
	return line, err
}

func question(plan commands.Plan) string {
	if plan.Word != "" {
		return fmt.Sprintf("Type %s to confirm: ", harmless(plan.Word, true))
	}
	return "Confirm? [y/N] "
}

// answers reports whether a line can only be meant for a plan.
func answers(line string, plan commands.Plan) bool {
	switch line {
	case "y", "yes", "n", "no":
		return true
	}
	return plan.Word != "" && line == plan.Word
}

// confirms reports whether an answer is the yes that a plan wants.
func confirms(answer string, plan commands.Plan) bool {
	if plan.Word != "" {
		return answer == plan.Word
	}
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}

// cancel drops a plan that was not confirmed.
func (c *conversation) cancel(ctx context.Context, said commands.Confirmation) (commands.Reply, error) {
	return c.perform(ctx, func(ctx context.Context) commands.Reply {
		dropped, reply := c.handler.Cancel(ctx, said)
		if dropped {
			reply.Outcome = commands.Unconfirmed
		}
		if dropped && reply.Problem == "" && len(reply.Output) == 0 {
			reply.Problem = "Cancelled: nothing was changed."
		}
		reply.Plan = nil
		return reply
	})
}

// carryOut runs a plan that was confirmed, like a message, and shows meanwhile
// how far it is.
func (c *conversation) carryOut(ctx context.Context, said commands.Confirmation) (commands.Reply, error) {
	said.Progress = new(commands.Progress)
	defer c.watch(said.Progress.String)()
	return c.perform(ctx, func(ctx context.Context) commands.Reply {
		run, refusal := c.handler.Confirm(ctx, said)
		if run == nil {
			refusal.Plan = nil // one question, one answer
			return refusal
		}
		return run(ctx)
	})
}
