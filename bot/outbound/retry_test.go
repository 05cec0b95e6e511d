package outbound

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

// cut is a body that breaks off.
func cut() *http.Response {
	resp := reply(200, "")
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader([]byte(`{"id":`)), failing{}))
	return resp
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWhatIsRepeated(t *testing.T) {
	status := func(n int) func() (*http.Response, error) {
		return func() (*http.Response, error) { return reply(n, "{}"), nil }
	}
	lost := func() (*http.Response, error) { return nil, errLost }
	broken := func() (*http.Response, error) { return cut(), nil }
	for _, c := range []struct {
		name     string
		attempts int
		whole    bool
		fault    func() (*http.Response, error)
		want     int // how often it is sent
	}{
		{"a failure of Discord", 5, false, status(500), 2},
		{"a failure before Discord", 5, false, status(502), 2},
		{"a lost response", 5, false, lost, 2},
		{"a lost response, where repeating does harm", 1, false, lost, 1},
		{"a failure, where repeating does harm", 1, false, status(503), 1},
		{"a refusal", 5, false, status(403), 1},
		{"an answer that breaks off", 5, true, broken, 2},
		{"an answer that breaks off, of no interest", 5, false, broken, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			world(t, 0, func(n int, _ Request) (*http.Response, error) {
				if n == 1 {
					return c.fault()
				}
				return reply(200, "{}"), nil
			}, func(t *testing.T, f *far) {
				r := post("1", "text")
				r.Attempts, r.Whole = c.attempts, c.whole
				resp, err := f.asks(t.Context(), r)()
				if n := len(f.came); n != c.want {
					t.Errorf("it was sent %d times: %+v, %v", n, resp, err)
				}
				if s := f.queue.Stats(); s.Retried != uint64(c.want-1) {
					t.Errorf("counted %+v", s)
				}
			})
		})
	}
}

// A patient request outlives an outage of most of a minute, with pauses that
// grow and differ.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		attempts    int
		least, most time.Duration
	}{{15, 42 * time.Second, 71 * time.Second}, {5, 4 * time.Second, 8 * time.Second}, {1, 0, time.Second}} {
		world(t, 0, func(int, Request) (*http.Response, error) { return reply(503, ""), nil }, func(t *testing.T, f *far) {
			r := post("1", "text")
			r.Attempts = c.attempts
			resp, err := f.asks(t.Context(), r)()
			if err != nil || resp.Status != 503 || len(f.came) != c.attempts {
				t.Errorf("sent %d times, then %+v, %v", len(f.came), resp, err)
			}
			if took := time.Since(f.start); took < c.least || took > c.most {
				t.Errorf("%d attempts took %s", c.attempts, took)
			}
			if s := f.queue.Stats(); s.GivenUp != 1 || s.Sent != 0 {
				t.Errorf("counted %+v", s)
			}
		})
	}
	q := New(Options{})
	pauses := make(map[time.Duration]bool)
	for range 3 {
		pauses[q.pauseAfter(3)] = true
	}
	if len(pauses) == 1 {
		t.Error("what failed together comes back together")
	}
}

func TestAFaultIsAnswered(t *testing.T) {
	world(t, 0, func(int, Request) (*http.Response, error) { return nil, errLost }, func(t *testing.T, f *far) {
		if _, err := f.asks(t.Context(), post("1", "text"))(); !errors.Is(err, errLost) {
			t.Errorf("it ended with %v", err)
		}
	})
}

func TestLatencyIsCounted(t *testing.T) {
	world(t, 0, takesAll, func(t *testing.T, f *far) {
		f.takes = 100 * time.Millisecond
		f.asks(t.Context(), post("1", "one"))
		f.asks(t.Context(), post("1", "two"))
		f.done.Wait()
		s := f.queue.Stats()
		if s.Sent != 2 || s.Latency.Counts[2] != 1 || s.Latency.Counts[3] != 1 || s.Latency.Sum != 300*time.Millisecond {
			t.Errorf("counted %+v", s)
		}
		if !s.LastSent.Equal(time.Now()) || !f.queue.LastSent().Equal(s.LastSent) {
			t.Errorf("the last was sent at %s", s.LastSent)
		}
	})
}
