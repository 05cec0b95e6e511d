// Package console carries the conversation with Helix at a terminal or a
// pipe: what is typed becomes requests, what is answered is shown. It decides
// nothing about the requests, and it never lets what Redis holds take over the
// terminal.
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/helix-collective/helix/commands"
)

// Handler answers requests, and what is said to a plan. It must end soon after
// its context does.
type Handler interface {
	Handle(ctx context.Context, req commands.Request) commands.Reply
	Confirm(ctx context.Context, c commands.Confirmation) (run func(context.Context) commands.Reply, refusal commands.Reply)
	Cancel(ctx context.Context, c commands.Confirmation) (dropped bool, reply commands.Reply)
}

// Completer answers what could stand at the cursor of a message: each
// candidate may replace message[start:cursor]. Both are in bytes. Candidates
// that do not begin with what stands there are not offered.
type Completer func(message string, cursor int) (start int, candidates []string)

// Options say whom to talk to, and how. Only Handler is required.
type Options struct {
	In       io.Reader // os.Stdin where nil, and so on
	Out, Err io.Writer

	Handler  Handler
	Complete Completer

	// Request is what all requests have in common: the caller, the timeout.
	// Text, Mentioned, Stdout and Stderr are set for each.
	Request commands.Request

	Prompt   string // "helix> " where empty
	Greeting string // shown first at a terminal

	// HistoryFile keeps what was typed at a terminal, but for what looks like
	// a secret and for what Private reports. None is kept where it is empty.
	HistoryFile string
	Private     func(message string) bool

	NoColor bool // no dim text; for NO_COLOR
	Plain   bool // no line editing and no escape sequences; for TERM=dumb
}

// ExitError says that the last message of a pipe ended with a status other
// than 0.
type ExitError struct{ Status int }

func (e *ExitError) Error() string { return fmt.Sprintf("exit status %d", e.Status) }

// Run talks until the input ends, the person leaves or ctx ends; then it
// answers ctx.Err().
//
// Where In and Out are terminals, lines are prompted for and edited, Ctrl-C
// stops the program that runs and a second one leaves; Run takes SIGINT for
// itself meanwhile, so ctx must not end by it. Elsewhere the lines are taken as
// they come, and the status of the last message, if it is not 0, is returned as
// an *ExitError; SIGINT stops the program that runs and ends the conversation,
// with status 130.
//
// A plan is shown and asked for. Elsewhere than at a terminal the next line is
// the answer if it can be nothing else; any other cancels the plan and is the
// next message.
//
// A goroutine may stay behind that reads In, which nothing can wake, and one
// in the Handler if the person left before it returned.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	if isTerminal(o.In) && isTerminal(o.Out) {
		return runTerminal(ctx, o)
	}
	return runPipe(ctx, o)
}

func (o Options) withDefaults() Options {
	if o.In == nil {
		o.In = os.Stdin
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.Err == nil {
		o.Err = os.Stderr
	}
	if o.Prompt == "" {
		o.Prompt = "helix> "
	}
	return o
}

func runPipe(ctx context.Context, o Options) error {
	talking, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	source := newLineSource(talking, o.In)
	defer source.close()
	c := newConversation(o)
	c.source = source
	status, err := c.run(talking)
	if talking.Err() != nil && ctx.Err() == nil && errors.Is(err, context.Canceled) {
		status, err = ExitStatus(commands.Reply{Outcome: commands.Cancelled}), nil
	}
	if err == nil && status != 0 {
		err = &ExitError{Status: status}
	}
	return err
}

func runTerminal(ctx context.Context, o Options) error {
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)

	c := newConversation(o)
	c.interrupts, c.terminal, c.escapes = interrupts, true, !o.Plain
	var err error
	if c.history, err = openHistory(o.HistoryFile, o.Private); err != nil {
		c.note("What you type is not kept for the next time: " + err.Error() + ".")
	}
	defer c.history.close()
	source, err := c.terminalSource(ctx, o)
	if err != nil {
		return fmt.Errorf("prepare the terminal: %w", err)
	}
	defer source.close()
	c.source = source
	c.greet(o.Greeting)
	if _, err = c.run(ctx); errors.Is(err, errLeft) {
		return nil
	}
	return err
}

// terminalSource answers an editor, or for a plain terminal bare lines.
func (c *conversation) terminalSource(ctx context.Context, o Options) (source, error) {
	if o.Plain {
		s := newLineSource(ctx, o.In)
		s.prompt, s.out, s.interrupts = o.Prompt, o.Out, c.interrupts
		return s, nil
	}
	e, err := newEditor(ctx, o, c.pendingMessage)
	if err != nil {
		return nil, err
	}
	c.history.recall(e.remember)
	return e, nil
}

// ExitStatus is the status with which a process reports a reply: that of the
// program if it ran, else 2 for what could not be understood, 3 for what is
// denied, 4 for a confirmation that is missing, 5 for Redis or Discord out of
// reach, 130 for what was stopped.
func ExitStatus(r commands.Reply) int {
	switch r.Outcome {
	case commands.OK:
		return r.Status
	case commands.Syntax, commands.Unknown:
		return 2
	case commands.Denied:
		return 3
	case commands.Unconfirmed:
		return 4
	case commands.Unreachable:
		return 5
	case commands.Cancelled:
		return 130
	default:
		return max(r.Status, 1)
	}
}
