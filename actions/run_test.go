package actions_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/helix-collective/helix/actions"
)

// serve starts an HTTPS server and counts what it is asked.
func serve(t *testing.T, answer http.HandlerFunc) (server *httptest.Server, asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server, asked
}

// run makes the call that a spec says, trusting the server where that is given.
func run(t *testing.T, ctx context.Context, server *httptest.Server, change func(*actions.Spec)) (actions.Result, error) {
	t.Helper()
	spec, o := restart(), options
	spec.URL = server.URL + "/graphql"
	if change != nil {
		change(&spec)
	}
	if server.Certificate() != nil {
		o.Roots = x509.NewCertPool()
		o.Roots.AddCert(server.Certificate())
	}
	set, err := actions.New(map[string]actions.Spec{"x": spec}, o)
	if err != nil {
		t.Fatal(err)
	}
	return set.All()[0].Run(ctx)
}

func TestRunSendsWhatIsConfigured(t *testing.T) {
	var body []byte
	server, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		if r.Method != "POST" || r.Header.Get("Authorization") != "Bearer "+planted || r.Header.Get("Content-Type") != "application/json" || r.ProtoMajor != 1 {
			t.Errorf("%s %s %v", r.Method, r.Proto, r.Header)
		}
		fmt.Fprint(w, `{"data":{"x":true}}`)
	})
	result, err := run(t, t.Context(), server, nil)
	if err != nil || result != (actions.Result{Status: 200, OK: true}) {
		t.Errorf("%+v %v", result, err)
	}
	if want := `{"query":"mutation ($id: ID!) { x(id: $id) }","variables":{"id":"` + planted + `"}}`; string(body) != want {
		t.Errorf("sent %s, want %s", body, want)
	}
}

func TestJudgement(t *testing.T) {
	plain := func(s *actions.Spec) { s.Body, s.Expect = nil, 0 }
	for _, c := range []struct {
		name   string
		status int
		answer string
		change func(*actions.Spec)
		ok     bool
		words  string
	}{
		{"as expected", 200, `{"data":{}}`, nil, true, "200 OK"},
		{"another than expected", 201, `{"data":{}}`, nil, false, "201 Created"},
		{"any of the 200s", 204, "", plain, true, "204 No Content"},
		{"not of the 200s", 500, planted, plain, false, "500 Internal Server Error"},
		{"an error beside 200", 200, `{"errors":[{"message":"Not\nAuthorized: ` + planted + `"}],"data":null}`, nil, false, "200 OK: it says: Not Authorized: •••"},
		{"an error beside 400", 400, `{"errors":[{"message":"bad"},{"message":"worse"}]}`, nil, false, "400 Bad Request: it says: bad"},
		{"no GraphQL", 200, "<html>" + planted, nil, false, "200 OK: the answer is not GraphQL's, so whether it took effect is not known"},
		{"another's JSON", 200, `{"ok":true}`, nil, false, "200 OK: the answer is not GraphQL's, so whether it took effect is not known"},
		{"too long", 200, `{"data":"` + strings.Repeat("x", 70_000) + `"}`, nil, false, "200 OK: the answer is not GraphQL's, so whether it took effect is not known"},
		{"a long error", 200, `{"errors":[{"message":"` + strings.Repeat("é", 400) + `"}]}`, nil, false, "200 OK: it says: " + strings.Repeat("é", 300) + "…"},
		{"a refusal in words", 401, planted, nil, false, "401 Unauthorized"},
	} {
		server, asked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.answer)
		})
		result, err := run(t, t.Context(), server, c.change)
		if err != nil || result.OK != c.ok || result.Words() != c.words || asked.Load() != 1 {
			t.Errorf("%s: %q %v, asked %d times", c.name, result.Words(), err, asked.Load())
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	other, followed := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, status := range []int{301, 302, 303, 307, 308} {
		server, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		result, err := run(t, t.Context(), server, func(s *actions.Spec) { s.Expect = 0 })
		if err != nil || result.OK || result.Status != status || !strings.HasSuffix(result.Words(), "redirects are not followed") {
			t.Errorf("%d: %+v %v", status, result, err)
		}
	}
	if followed.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// mustFail holds that a call has no answer, says so, and shows no secret.
func mustFail(t *testing.T, err error, sent bool, want string) {
	t.Helper()
	var unanswered *actions.Unanswered
	if !errors.As(err, &unanswered) || unanswered.Sent != sent || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if strings.Contains(fmt.Sprint(err), planted) {
		t.Errorf("a secret is shown: %v", err)
	}
}

func TestAnAnswerThatIsLateIsNotWaitedFor(t *testing.T) {
	gone := make(chan struct{})
	server, asked := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the caller is gone
		<-r.Context().Done()
		close(gone)
	})
	_, err := run(t, t.Context(), server, func(s *actions.Spec) { s.Timeout = "2s" })
	mustFail(t, err, true, "no answer within 2s; whether it took effect is not known")
	<-gone
	if asked.Load() != 1 {
		t.Errorf("it was asked %d times", asked.Load())
	}
}

func TestACallerWhoStopsIsNotKeptWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	_, err := run(t, ctx, server, nil)
	mustFail(t, err, true, "stopped before the answer came; whether it took effect is not known")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not say that it was stopped", err)
	}
}

func TestCertificatesAreChecked(t *testing.T) {
	server, asked := serve(t, func(http.ResponseWriter, *http.Request) {})
	stranger := httptest.NewUnstartedServer(nil) // without a certificate to trust
	stranger.URL = server.URL
	_, err := run(t, t.Context(), stranger, nil)
	mustFail(t, err, false, "its certificate is not trusted here: ")
	if asked.Load() != 0 {
		t.Error("it was sent all the same")
	}
}

func TestWhatIsNoAnswerIsNotQuoted(t *testing.T) {
	for name, raw := range map[string]string{
		"no HTTP": planted + "\r\n\r\n", "a strange status": "HTTP/1.1 2oo " + planted + "\r\n\r\n", "nothing": "",
		"an endless head": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat(planted, 10_000),
		"half a body":     "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{" + planted,
	} {
		server, asked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = io.Copy(conn, bytes.NewReader([]byte(raw))) // the caller hangs up on an endless head
		})
		_, err := run(t, t.Context(), server, nil)
		t.Log(name)
		mustFail(t, err, true, "whether it took effect is not known")
		if asked.Load() != 1 {
			t.Errorf("%s: it was asked %d times", name, asked.Load())
		}
	}
}

func TestNobodyThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	_, err := run(t, t.Context(), server, nil)
	mustFail(t, err, false, "connection refused; nothing was sent")
}
