package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

// slowChange is a change of many keys, at a tenth of the server's speed.
const (
	slowKeys   = 40_000
	slowChange = "!redis keys session:* | xargs -I {} redis expire {} 86400 | uniq -c"
)

// stoppable is a change that a signal is to stop in its middle.
type stoppable struct {
	server *redistest.Server
	dir    string // the home of who makes it
}

func newStoppable(t *testing.T) stoppable {
	t.Helper()
	server := redistest.Standalone(t, "--enable-debug-command", "yes", "--save", "")
	if err := server.Client().Do(t.Context(), "DEBUG", "POPULATE", slowKeys, "session", 10).Err(); err != nil {
		t.Fatal(err)
	}
	return stoppable{server, t.TempDir()}
}

// command is a run of helix on the server, slowed down.
func (s stoppable) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return helixCommand(t, s.dir, []string{"HELIX_REDIS_MAX_SHARE=10", "REDIS_URL=" + s.server.URL(), "TERM=dumb"}, args...)
}

// awaitMiddle waits until some of the change is made.
func (s stoppable) awaitMiddle(t *testing.T) {
	t.Helper()
	redistest.Eventually(t, "some keys have a TTL", func(ctx context.Context) bool {
		var keys, expires int
		_, after, _ := strings.Cut(s.server.Client().Info(ctx, "keyspace").Val(), "db0:")
		n, _ := fmt.Sscanf(after, "keys=%d,expires=%d", &keys, &expires) // none yet
		return n == 2 && expires > 100                                   // more than Helix' own
	})
}

// isAccountedFor holds that the change ended in its middle, that what was said of
// it is what Redis holds, and that undo takes back just that.
func (s stoppable) isAccountedFor(t *testing.T, said string) {
	t.Helper()
	changed := withTTL(t, s.server)
	if changed == 0 || changed == slowKeys {
		t.Errorf("%d keys are changed", changed)
	}
	number := grouped(changed)
	if !regexp.MustCompile(`\b` + number + ` (of 40,000 keys changed|× expire)`).MatchString(said) {
		t.Errorf("%s keys are changed, and it says\n%s", number, said)
	}
	back := runHelixIn(t, s.dir, []string{"REDIS_URL=" + s.server.URL()}, "", "exec", "!undo")
	if back.status != 0 || !strings.HasPrefix(back.stdout, number+" are as before") || withTTL(t, s.server) != 0 {
		t.Errorf("%d keys still have a TTL: %+v", withTTL(t, s.server), back)
	}
}

// grouped writes a number below a million as Helix does.
func grouped(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

var stopSignals = []struct {
	signal os.Signal
	status int
}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}}

func TestASignalStopsExecBetweenTwoBatches(t *testing.T) {
	for _, tt := range stopSignals {
		t.Run(tt.signal.String(), func(t *testing.T) {
			t.Parallel()
			s := newStoppable(t)
			cmd := s.command(t, "exec", "--yes", slowChange, "!echo second")
			var out, notes bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &notes
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s.awaitMiddle(t)
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its status is looked at
			if got := cmd.ProcessState.ExitCode(); got != tt.status || strings.Contains(out.String(), "second") {
				t.Errorf("status %d, %q", got, out.String())
			}
			s.isAccountedFor(t, notes.String())
		})
	}
}

func TestASignalStopsWhatAPipeConfirmed(t *testing.T) {
	for _, tt := range stopSignals {
		t.Run(tt.signal.String(), func(t *testing.T) {
			t.Parallel()
			s := newStoppable(t)
			cmd := s.command(t, "console")
			cmd.Stdin = strings.NewReader(slowChange + "\nall\n!echo second\n")
			var out, notes bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &notes
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s.awaitMiddle(t)
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // its status is looked at
			if got := cmd.ProcessState.ExitCode(); got != tt.status || out.Len() > 0 {
				t.Errorf("status %d, %q", got, out.String())
			}
			s.isAccountedFor(t, notes.String())
		})
	}
}

// TestASignalAtTheQuestionIsNoYes holds that who interrupts while a plan waits for
// its answer has confirmed nothing.
func TestASignalAtTheQuestionIsNoYes(t *testing.T) {
	for _, tt := range stopSignals {
		server := redistest.Any(t)
		addSessions(t, server.Client())
		cmd := helixCommand(t, t.TempDir(), []string{"REDIS_URL=" + server.URL()}, "console")
		typed, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		notes, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(typed, "!redis keys session:* | xargs redis del\n"); err != nil {
			t.Fatal(err)
		}
		shown := make([]byte, len("Plan: delete 3 keys"))
		if _, err := io.ReadFull(notes, shown); err != nil || string(shown) != "Plan: delete 3 keys" {
			t.Fatalf("%q, %v", shown, err)
		}
		if err := cmd.Process.Signal(tt.signal); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, notes) // until it ends
		_ = cmd.Wait()                    // its status is looked at
		if got := cmd.ProcessState.ExitCode(); got != tt.status || countSessions(t, server.Client()) != 3 {
			t.Errorf("%s: status %d, %d sessions are left", tt.signal, got, countSessions(t, server.Client()))
		}
	}
}
