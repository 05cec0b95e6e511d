package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
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

	// answer asks a question and answers the line that is typed to it, with
	// the errors of next. It is kept nowhere.
	answer(ctx context.Context, question string) (string, error)
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

// conversation turns lines into messages, and messages into answers. An answer
// that has a plan leads to a question, whose answer comes from the same source.
type conversation struct {
	handler    Handler
	request    commands.Request
	source     source
	screen     *screen
	out, notes *stream
	terminal   bool             // a person sits there
	escapes    bool             // and it takes escape sequences
	interrupts <-chan os.Signal // nil: none are told
	history    *history         // nil: none is kept
	pending    []string         // lines of a message that is not complete
	held       []string         // a line that was read and begins the next message
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
		case errors.Is(err, errInterrupted):
			return status, nil
		case err != nil && !atEnd:
			return status, err
		case leaves(message):
			return leavingStatus(message, status), nil
		case !idle(message):
			if status, err = c.exchange(ctx, message); err != nil {
				return status, err
			}
		case atEnd:
			return status, nil
		}
	}
}

// exchange has a message answered, shows the answer and settles what it asks.
func (c *conversation) exchange(ctx context.Context, message string) (status int, err error) {
	reply, err := c.ask(ctx, message)
	for err == nil {
		if err = c.show(reply); err != nil {
			return ExitStatus(reply), fmt.Errorf("write the answer: %w", err)
		}
		if reply.Plan == nil {
			break
		}
		reply, err = c.settle(ctx, *reply.Plan)
	}
	return ExitStatus(reply), err
}

// message reads lines until they make a message. At the end of the input it
// answers what there is.
func (c *conversation) message(ctx context.Context) (string, error) {
	for {
		line, err := c.line(ctx)
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
		switch {
		case len(c.pending) == 1 && awaitsBlock(line):
			c.tellOfBlock()
		case len(c.pending) == 2 && awaitsBlock(c.pending[0]) && !strings.HasPrefix(strings.TrimSpace(line), fence):
			c.pending, c.held = c.pending[:1], c.pending[1:]
			return c.take(), nil
		case complete(message):
			return c.take(), nil
		}
	}
}

// line answers the next line: one that was held back, else what is typed.
func (c *conversation) line(ctx context.Context) (string, error) {
	if len(c.held) > 0 {
		line := c.held[0]
		c.held = nil
		return line, nil
	}
	return c.source.next(ctx, len(c.pending) > 0)
}

// tellOfBlock says at a terminal why nothing happens yet.
func (c *conversation) tellOfBlock() {
	if c.terminal {
		c.note("A block between ``` and ``` may follow; Enter runs the line without one.")
	}
}

func (c *conversation) pendingMessage() string { return strings.Join(c.pending, "\n") }

// take answers the message that was gathered, and begins a new one.
func (c *conversation) take() string {
	message := c.pendingMessage()
	c.pending = nil
	return message
}

var leaving = regexp.MustCompile(`^!?(quit|exit(\s+([0-9]+))?)$`)

func leaves(message string) bool { return leaving.MatchString(strings.TrimSpace(message)) }

// leavingStatus is the one behind exit, as shells count, or that of the last
// message.
func leavingStatus(message string, last int) int {
	n, err := strconv.ParseUint(leaving.FindStringSubmatch(strings.TrimSpace(message))[3], 10, 32)
	if err != nil {
		return last
	}
	return int(n % 256)
}

// ask has one message answered.
func (c *conversation) ask(ctx context.Context, message string) (commands.Reply, error) {
	c.history.add(message)
	request := c.base()
	request.Text = message
	return c.perform(ctx, func(ctx context.Context) commands.Reply { return c.handler.Handle(ctx, request) })
}

// base is what all requests of the conversation have in common.
func (c *conversation) base() commands.Request {
	request := c.request
	request.Mentioned = true
	request.Stdout, request.Stderr = c.out, c.notes
	return request
}

// perform runs a program. The first interrupt stops it, the second answers
// errLeft at once, with the program left to its end unheard.
func (c *conversation) perform(ctx context.Context, program func(context.Context) commands.Reply) (commands.Reply, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.forgetInterrupts()
	done := make(chan commands.Reply, 1)
	go func() { done <- program(ctx) }()
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
