package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/helix-collective/helix/commands"
)

// source hands out what is typed.
type source interface {
	// next answers one line without its end; more is set if it continues a
	// message. io.EOF says that there are no more for now, errInterrupted that
	// Ctrl-C was pressed at an empty line, and errCleared that it was pressed
	// behind some text.
	next(ctx context.Context, more bool) (string, error)
	close()
}

// maxMessage bounds a message in bytes. No program is allowed to be as long.
const maxMessage = 64 << 10

var (
	errInterrupted = errors.New("interrupted")
	errCleared     = errors.New("line cleared")

	// errTooLong ends the conversation: what follows a part that was left out
	// could mean anything.
	errTooLong = fmt.Errorf("a message has at most %d bytes; this one was not run, nor what follows it", maxMessage)

	// errLeft ends a conversation that the person left while a program ran.
	errLeft = errors.New("left")
)

// conversation turns lines into messages, and messages into answers. Its
// steps are apart so that an answer can lead to a question: whatever asks for
// a confirmation reads it from the same source, between ask and show.
type conversation struct {
	handler    Handler
	request    commands.Request
	source     source
	screen     *screen
	out, notes *stream
	interrupts <-chan os.Signal // nil: none are told
	history    *history         // nil: none is kept
	pending    []string         // lines of a message that is not complete
	hinted     bool             // the last line was an interrupt
}

func newConversation(o Options) *conversation {
	screen := &screen{dim: !o.NoColor && !o.Plain}
	return &conversation{
		handler: o.Handler,
		request: o.Request,
		screen:  screen,
		out:     screen.stream(o.Out),
		notes:   screen.stream(o.Err),
	}
}

// run answers the exit status of the last message.
func (c *conversation) run(ctx context.Context) (status int, err error) {
	for {
		message, err := c.message(ctx)
		atEnd := errors.Is(err, io.EOF)
		switch {
		case errors.Is(err, errCleared):
		case errors.Is(err, errInterrupted) && !c.hinted:
			c.hinted = true
			c.note("Ctrl-C once more leaves, as do Ctrl-D and exit.")
		case errors.Is(err, errInterrupted), leaves(message):
			return status, nil
		case err != nil && !atEnd:
			return status, err
		case strings.TrimSpace(message) != "":
			if status, err = c.exchange(ctx, message); err != nil {
				return status, err
			}
		case atEnd:
			return status, nil
		}
	}
}

// exchange has a message answered and shows the answer.
func (c *conversation) exchange(ctx context.Context, message string) (status int, err error) {
	reply, err := c.ask(ctx, message)
	if err != nil {
		return ExitStatus(reply), err
	}
	if err := c.show(reply); err != nil {
		return ExitStatus(reply), fmt.Errorf("write the answer: %w", err)
	}
	return ExitStatus(reply), nil
}

// message reads lines until they make a message. At the end of the input it
// answers what there is.
func (c *conversation) message(ctx context.Context) (string, error) {
	for {
		line, err := c.source.next(ctx, len(c.pending) > 0)
		if errors.Is(err, errInterrupted) && len(c.pending) > 0 {
			err = errCleared
		}
		if !errors.Is(err, errInterrupted) {
			c.hinted = false
		}
		if err != nil {
			return c.take(), err
		}
		c.pending = append(c.pending, line)
		message := c.pendingMessage()
		if len(message) > maxMessage {
			return "", errTooLong
		}
		if complete(message) {
			return c.take(), nil
		}
	}
}

func (c *conversation) pendingMessage() string { return strings.Join(c.pending, "\n") }

// take answers the message that was gathered, and begins a new one.
func (c *conversation) take() string {
	message := c.pendingMessage()
	c.pending = nil
	return message
}

func leaves(message string) bool {
	switch strings.TrimPrefix(strings.TrimSpace(message), "!") {
	case "exit", "quit":
		return true
	}
	return false
}

// ask has one message answered. The first interrupt stops the program, the
// second answers errLeft at once, with the program left to its end unheard.
func (c *conversation) ask(ctx context.Context, message string) (commands.Reply, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.history.add(message)
	c.forgetInterrupts()
	request := c.request
	request.Text, request.Mentioned = message, true
	request.Stdout, request.Stderr = c.out, c.notes
	done := make(chan commands.Reply, 1)
	go func() { done <- c.handler.Handle(ctx, request) }()
	for stopped := false; ; stopped = true {
		select {
		case reply := <-done:
			return reply, nil
		case <-c.interrupts:
			if stopped {
				c.screen.leave()
				return commands.Reply{Outcome: commands.Cancelled}, errLeft
			}
			c.out.breakLine()
			cancel()
		}
	}
}

// forgetInterrupts drops one that came too late for the program before.
func (c *conversation) forgetInterrupts() {
	select {
	case <-c.interrupts:
	default:
	}
}
