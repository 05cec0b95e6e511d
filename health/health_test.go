package health_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/helix-collective/helix/health"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fine(context.Context) error { return nil }

func ill(why string) func(context.Context) error {
	return func(context.Context) error { return errors.New(why) }
}

func TestChecksDecideTheAnswer(t *testing.T) {
	live := health.Check{Name: "Discord", Ask: fine}
	for _, c := range []struct {
		name        string
		live        health.Check
		ready       health.Check
		path        string
		status      int
		says, lacks string
	}{
		{"all in order", live, health.Check{Name: "Redis", Ask: fine}, "/livez", 200, "ok   Discord\n", "Redis"},
		{"all in order, ready", live, health.Check{Name: "Redis", Ask: fine}, "/readyz", 200, "ok   Redis\n", "FAIL"},
		{"Redis away is no reason to restart", live, health.Check{Name: "Redis", Ask: ill("away")}, "/livez", 200, "ok   Discord\n", "away"},
		{"Redis away", live, health.Check{Name: "Redis", Ask: ill("away")}, "/readyz", 503, "FAIL Redis: away\n", "FAIL Discord"},
		{"a dead gateway", health.Check{Name: "Discord", Ask: ill("no heartbeat")}, health.Check{Name: "Redis", Ask: fine}, "/livez", 503, "FAIL Discord: no heartbeat\n", "Redis"},
		{"a dead gateway, ready", health.Check{Name: "Discord", Ask: ill("no heartbeat")}, health.Check{Name: "Redis", Ask: fine}, "/readyz", 503, "FAIL Discord", "FAIL Redis"},
		{"no such page", live, live, "/", 404, "not found", "ok"},
	} {
		s := health.New(health.Options{Live: []health.Check{c.live}, Ready: []health.Check{c.ready}, Metrics: health.NewMetrics("v1"), Log: zap.NewNop()})
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.path, nil))
		if body := w.Body.String(); w.Code != c.status || !strings.Contains(body, c.says) || strings.Contains(body, c.lacks) {
			t.Errorf("%s: %d %q", c.name, w.Code, body)
		}
	}
}

func TestACheckThatDoesNotEndFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		stuck := health.Check{Name: "loop", Ask: func(context.Context) error { <-hang; return nil }}
		s := health.New(health.Options{Live: []health.Check{stuck}, Metrics: health.NewMetrics("v1"), Log: zap.NewNop()})
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/livez", nil))
		if w.Code != 503 || !strings.Contains(w.Body.String(), "FAIL loop: no answer within 5s") {
			t.Errorf("%d %q", w.Code, w.Body.String())
		}
		close(hang)
	})
}

func TestMetricsAreServed(t *testing.T) {
	m := health.NewMetrics("v1.2")
	m.Answered("redis keys", "ok", 20*time.Millisecond)
	m.Answered("redis keys", "denied", time.Millisecond)
	depth := 3.0
	m.Watch(func() []health.Reading {
		return []health.Reading{
			{Name: "helix_outbound_depth", Help: "Waiting.", Value: depth},
			{Name: "helix_incidents", Help: "Open.", Value: 1, With: map[string]string{"rule": "memory", "state": "firing"}},
			{Name: "helix_reconnects_total", Help: "So often.", Value: 7, Count: true},
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	listener, err := health.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- health.New(health.Options{Metrics: m, Log: zap.NewNop()}).Serve(ctx, listener)
	}()
	page := get(t, "http://"+listener.Addr().String()+"/metrics")
	for _, line := range []string{
		`helix_commands_total{command="redis keys",outcome="ok"} 1`,
		`helix_commands_total{command="redis keys",outcome="denied"} 1`,
		`helix_command_seconds_count{command="redis keys"} 2`,
		`helix_build_info{version="v1.2"} 1`,
		`helix_outbound_depth 3`, `helix_incidents{rule="memory",state="firing"} 1`, "# TYPE helix_reconnects_total counter",
		"go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(page, line) {
			t.Errorf("the page lacks %s", line)
		}
	}
	depth = 4
	if page := get(t, "http://"+listener.Addr().String()+"/metrics"); !strings.Contains(page, "helix_outbound_depth 4") {
		t.Error("a value is not of now")
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	http.DefaultClient.CloseIdleConnections()
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// roundTrips answers requests as a test likes.
type roundTrips func(*http.Request) (*http.Response, error)

func (r roundTrips) RoundTrip(req *http.Request) (*http.Response, error) { return r(req) }

func TestTheDeadMansSwitchIsToldWhileAllIsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secret = "https://hc.example/ping/3f2a9c01"
		var asked, status atomic.Int32
		var healthy atomic.Bool
		healthy.Store(true)
		status.Store(200)
		core, logs := observer.New(zap.DebugLevel)
		d := health.DeadMan{
			URL: secret, Every: time.Minute, Log: zap.New(core),
			Live: []health.Check{{Name: "Discord", Ask: func(context.Context) error {
				if !healthy.Load() {
					return errors.New("no heartbeat")
				}
				return nil
			}}},
			Client: &http.Client{Transport: roundTrips(func(req *http.Request) (*http.Response, error) {
				asked.Add(1)
				if req.URL.String() != secret || req.Method != http.MethodGet {
					t.Errorf("asked was %s %s", req.Method, req.URL)
				}
				if status.Load() == 0 {
					return nil, errors.New("connection refused")
				}
				return &http.Response{StatusCode: int(status.Load()), Body: http.NoBody}, nil
			})},
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); d.Run(ctx) }()
		after := func(what string, wait time.Duration, want int32, told int) {
			time.Sleep(wait)
			synctest.Wait()
			if asked.Load() != want || logs.Len() != told {
				t.Errorf("%s: asked %d times, %d in the log", what, asked.Load(), logs.Len())
			}
		}
		after("at once and by the minute", 2*time.Minute+time.Second, 3, 0)
		healthy.Store(false)
		after("while something is ill", 3*time.Minute, 3, 1)
		healthy.Store(true)
		status.Store(500)
		after("while it does not take it", 3*time.Minute, 6, 2)
		status.Store(0)
		after("while it is away", 2*time.Minute, 8, 3)
		status.Store(204)
		after("when all is well again", 2*time.Minute, 10, 3)
		cancel()
		<-done
		for _, e := range logs.All() {
			if strings.Contains(e.Message, "3f2a9c01") || strings.Contains(e.ContextMap()["why"].(string), "3f2a9c01") {
				t.Errorf("the log shows the address: %v", e)
			}
		}
	})
}
