package commands_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// viewed is a request under way, and what its commands do meanwhile.
type viewed struct {
	stage
	server   *redistest.Server
	progress *commands.Progress
	reply    chan commands.Reply
}

func view(t *testing.T, text string) *viewed {
	t.Helper()
	server := redistest.Standalone(t)
	v := &viewed{
		server: server, progress: &commands.Progress{}, reply: make(chan commands.Reply, 1),
		stage: newStage(t, server.URL(), map[string]string{
			"roles": "oncall:\n  discord: [\"300000000000000001\"]\n  allow: [read, admin]", "people": "ann: 300000000000000001", "audit": "",
		}),
	}
	go func() {
		v.reply <- v.dispatcher.Handle(t.Context(), commands.Request{Text: text, Caller: v.people["ann"], Redact: true, Progress: v.progress})
	}()
	return v
}

// until has a command run again and again until something is so.
func (v *viewed) until(t *testing.T, what string, is func() bool, command ...any) {
	t.Helper()
	redistest.Eventually(t, what, func(ctx context.Context) bool {
		v.server.Client().Do(ctx, command...)
		return is()
	})
}

func (v *viewed) answer(t *testing.T) commands.Reply {
	t.Helper()
	select {
	case r := <-v.reply:
		return r
	case <-time.After(time.Minute):
		t.Fatal("no answer")
		return commands.Reply{}
	}
}

// TestAViewThatIsStoppedAnswersWhatWasSeen holds that what stands behind the
// view in a pipe still does its work.
func TestAViewThatIsStoppedAnswersWhatWasSeen(t *testing.T) {
	v := view(t, "!redis monitor --for 60s | grep -c live:")
	tail := func() string { return strings.Join(v.progress.Tail(), "\n") }
	v.until(t, "its lines are seen", func() bool { return strings.Contains(tail(), `"live:1" "{\"token\":\"•••\"}"`) }, "SET", "live:1", `{"token":"hunter2"}`)
	v.until(t, "ten are kept", func() bool { return len(v.progress.Tail()) == 10 }, "ECHO", "session:0123456789abcdef")
	if strings.Contains(tail(), "hunter2") || strings.Contains(tail(), "9abcdef") || !strings.HasSuffix(v.progress.String(), "lines seen") {
		t.Errorf("it shows %s\n%s", v.progress, tail())
	}
	if !v.progress.EndViews() {
		t.Error("there is no view")
	}
	r := v.answer(t)
	seen := 0
	if _, err := fmt.Sscan(string(r.Output), &seen); err != nil || seen < 1 || r.Outcome != commands.OK || r.Problem != "" {
		t.Errorf("%v, %+v", err, r)
	}
	if hints := strings.Join(r.Hints, " "); !strings.Contains(hints, "Stopped after") || !strings.HasPrefix(r.Footer, "1 line · ") {
		t.Errorf("%q, %q", hints, r.Footer)
	}
	if v.progress.EndViews() {
		t.Error("there is a view still")
	}
}

func TestNoViewBeginsAfterTheStop(t *testing.T) {
	v := view(t, "!while true; do redis subscribe a --for 60s; done")
	v.until(t, "it is subscribed", func() bool { return len(v.progress.Tail()) > 0 }, "PING")
	v.progress.EndViews()
	if r := v.answer(t); r.Outcome != commands.Cancelled || !strings.Contains(string(r.Output), "subscribe\na\n1\n") {
		t.Errorf("%+v", r)
	}
}

// TestAPipeEndsAView holds that lines get through a filter as they come, and
// that a view ends with its reader.
func TestAPipeEndsAView(t *testing.T) {
	for _, c := range []struct {
		line string
		want int
	}{
		{"!redis monitor --for 60s | head -1", 1}, // with nobody else about
		{"!redis monitor --for 60s | grep live: | cut -d' ' -f4- | head -3", 3},
	} {
		v := view(t, c.line)
		var r commands.Reply
		v.until(t, c.line+" ends", func() bool {
			select {
			case r = <-v.reply:
				return true
			default:
				return false
			}
		}, "GET", "live:1")
		if r.Outcome != commands.OK || strings.Count(string(r.Output), "\n") != c.want {
			t.Errorf("%s: %+v", c.line, r)
		}
	}
}
