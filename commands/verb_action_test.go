package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/actions"
	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/shell"
)

// planted is a secret that must show nowhere.
const planted = "tok-planted-5e0f1c"

// restartAction is the guide's line, tied to a server that answers so.
func restartAction(t *testing.T, answer http.HandlerFunc) (restart actions.Action, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	set, err := actions.New(map[string]actions.Spec{"restart-redis": {
		Line: "railway service restart redis", Description: "restart Redis", URL: server.URL + "/graphql",
		Headers: map[string]string{"Authorization": "Bearer ${TOKEN}"}, Body: map[string]any{"query": "mutation { x }"},
	}}, actions.Options{Variable: func(string) (string, bool, error) { return planted, true, nil }, Taken: Taken})
	if err != nil {
		t.Fatal(err)
	}
	return set.All()[0], asked
}

// runBare runs an action outside of any program.
func runBare(ctx context.Context, action actions.Action, r *recording) (stdout, stderr string, status int, err error) {
	var out, errs strings.Builder
	call := &shell.Call{Stdout: shell.NewWriter(&out), Stderr: shell.NewWriter(&errs)}
	t := &turn{Dispatcher: &Dispatcher{Options: Options{Redactor: redact.Default()}}, recording: r}
	status, err = runAction(ctx, t, action, call.Stdout, call.Stderr)
	err = errors.Join(err, call.Stdout.Flush(), call.Stderr.Flush())
	return out.String(), errs.String(), status, err
}

func TestRunActionSaysWhatWasAnswered(t *testing.T) {
	for _, c := range []struct {
		answer         string
		status         int
		stdout, stderr string
	}{
		{`{"data":{"x":true}}`, 0, "railway service restart redis: 200 OK\n", ""},
		{`{"errors":[{"message":"no such service"}]}`, 1, "", "railway service restart redis: 200 OK: it says: no such service\n"},
		{`{"errors":[{"message":"bad ` + planted + ` and password=hunter2"}]}`, 1, "", "railway service restart redis: 200 OK: it says: bad ••• and password=•••\n"},
	} {
		restart, asked := restartAction(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.answer) })
		r := &recording{}
		stdout, stderr, status, err := runBare(t.Context(), restart, r)
		if stdout != c.stdout || stderr != c.stderr || status != c.status || err != nil || asked.Load() != 1 {
			t.Errorf("%s: %q %q %d %v", c.answer, stdout, stderr, status, err)
		}
		if r.entry.Counts["action restart-redis"] != 1 || !slices.Equal(r.entry.Changes, []string{strings.TrimSpace(c.stdout + c.stderr)}) {
			t.Errorf("the record has %+v", r.entry)
		}
	}
}

func TestRunActionSaysWhereTheOutcomeIsNotKnown(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	restart, _ := restartAction(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the caller is gone
		cancel()
		<-r.Context().Done()
	})
	stdout, stderr, _, err := runBare(ctx, restart, &recording{})
	if !errors.Is(err, context.Canceled) || stdout != "" || !strings.HasSuffix(stderr, "whether it took effect is not known\n") {
		t.Errorf("%q %q %v", stdout, stderr, err)
	}
	restart, _ = restartAction(t, func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	stdout, stderr, status, err := runBare(t.Context(), restart, &recording{})
	if err != nil || status != 1 || stdout != "" || !strings.HasSuffix(stderr, "whether it took effect is not known\n") {
		t.Errorf("%q %q %d %v", stdout, stderr, status, err)
	}
}

func TestAnActionThatCannotBeRecordedIsNotRun(t *testing.T) {
	restart, asked := restartAction(t, func(http.ResponseWriter, *http.Request) {})
	log := audit.Open(audit.Options{Log: zap.NewNop()})
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := runBare(t.Context(), restart, &recording{log: log}); err == nil || asked.Load() != 0 {
		t.Errorf("%v, asked %d times", err, asked.Load())
	}
}

func TestTaken(t *testing.T) {
	for word, want := range map[string]bool{
		"railway": false, "deploy": false, "heroku-cli": false,
		"redis": true, "REDIS": true, "redis-cli": true, "config": true, "wc": true, "xargs": true, "echo": true, "sh": true,
		"if": true, "while": true, "done": true, "time": true, "function": true,
	} {
		if Taken(word) != want {
			t.Errorf("%s is taken: %v", word, !want)
		}
	}
}
