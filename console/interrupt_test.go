package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/helix-collective/helix/commands"
	"go.uber.org/goleak"
)

// interrupted is a conversation whose Ctrl-C is pressed by the test.
func interrupted(h handlerFunc) (*conversation, chan os.Signal, *bytes.Buffer) {
	interrupts := make(chan os.Signal, 1)
	var out bytes.Buffer
	c := newConversation(Options{Handler: h, Out: &out, Err: io.Discard})
	c.interrupts = interrupts
	return c, interrupts, &out
}

func TestAnInterruptThatComesTooLateStopsNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	c, interrupts, _ := interrupted(func(ctx context.Context, r commands.Request) commands.Reply {
		if ctx.Err() != nil {
			return commands.Reply{Outcome: commands.Cancelled}
		}
		return commands.Reply{Outcome: commands.OK, Status: 7}
	})
	for range 50 {
		interrupts <- os.Interrupt
		if reply, err := c.ask(t.Context(), "dbsize"); reply.Status != 7 || err != nil {
			t.Fatalf("got %+v, %v", reply, err)
		}
	}
}

func TestAProgramThatWasLeftWritesNoMore(t *testing.T) {
	defer goleak.VerifyNone(t)
	started, stopped, left, wrote := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan error, 1)
	c, interrupts, out := interrupted(func(ctx context.Context, r commands.Request) commands.Reply {
		_, _ = io.WriteString(r.Stdout, "before ")
		close(started)
		<-ctx.Done()
		close(stopped)
		<-left
		_, err := io.WriteString(r.Stdout, "after")
		wrote <- err
		return commands.Reply{}
	})
	go func() {
		<-started // one before would be taken for that of an earlier program
		interrupts <- os.Interrupt
		<-stopped
		interrupts <- os.Interrupt
	}()
	if _, err := c.ask(t.Context(), "stubborn"); !errors.Is(err, errLeft) {
		t.Errorf("got %v", err)
	}
	close(left)
	if err := <-wrote; !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a late write answers %v", err)
	}
	if out.String() != "before " {
		t.Errorf("written is %q", out.String())
	}
}
