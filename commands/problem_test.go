package commands

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/guard/change"
)

func TestAChangeThatBreaksOffIsNoFaultOfOurs(t *testing.T) {
	d := &Dispatcher{Options: Options{Redis: "127.0.0.1:6379"}}
	for _, c := range []struct {
		name string
		err  error
		want Outcome
		text string
	}{
		{"changes lost again", &midwayError{fmt.Errorf("run: %w", &change.UndoneError{Commands: 3400})}, Unreachable, "came back without the last 3,400 commands"},
		{"away in the middle", &midwayError{io.EOF}, Unreachable, "went away in the middle of the change"},
		{"away before it", io.EOF, Unreachable, "Nothing was changed"},
		{"no process to be had", fmt.Errorf("start a worker for awk: %w", &os.PathError{Op: "fork/exec", Path: "helix", Err: syscall.EAGAIN}), Faulty, "Something went wrong"},
		{"nobody listens", &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, Unreachable, "Nothing was changed"},
		{"cut off", fmt.Errorf("read the table: %w", os.NewSyscallError("read", syscall.ECONNRESET)), Unreachable, "Nothing was changed"},
		{"stopped in the middle", &midwayError{context.Canceled}, Cancelled, "Stopped."},
		{"out of time in the middle", &midwayError{context.DeadlineExceeded}, Limited, "time limit"},
	} {
		if r := d.answer(c.err); r.Outcome != c.want || !strings.Contains(r.Problem, c.text) {
			t.Errorf("%s: %s, %q", c.name, r.Outcome, r.Problem)
		}
	}
}

func TestWhatAFailoverWouldLoseIsTold(t *testing.T) {
	if hints := replicaHints(guard.Report{}); len(hints) > 0 {
		t.Errorf("where all is well: %q", hints)
	}
	hints := replicaHints(guard.Report{Unreplicated: 3400})
	if len(hints) != 1 || !strings.Contains(hints[0], "Not every replica has confirmed the last 3,400 commands") {
		t.Errorf("%q", hints)
	}
}
