package outbound

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sent is a request as it reached the far side.
type sent struct {
	at   time.Duration // since the start
	line string        // method, path and body
}

// far is the far side: it records what comes, takes a while, and answers.
type far struct {
	queue  *Queue
	start  time.Time
	takes  time.Duration
	answer func(n int, r Request) (*http.Response, error) // n counts from 1

	mu   sync.Mutex
	came []sent
	done sync.WaitGroup
}

// world runs a test against a far side under a clock of its own.
func world(t *testing.T, perSecond int, answer func(n int, r Request) (*http.Response, error), test func(t *testing.T, f *far)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &far{start: time.Now(), takes: 10 * time.Millisecond, answer: answer}
		f.queue = New(Options{Send: f.send, PerSecond: perSecond})
		test(t, f)
		f.done.Wait()
		if s := f.queue.Stats(); s.Waiting != 0 || s.Flying != 0 || f.queue.bytes != 0 || len(f.queue.turns) != 0 {
			t.Errorf("left over: %+v", s)
		}
	})
}

func (f *far) send(ctx context.Context, r Request) (*http.Response, error) {
	f.mu.Lock()
	f.came = append(f.came, sent{time.Since(f.start), r.Method + " " + r.Path + " " + string(r.Body)})
	n := len(f.came)
	f.mu.Unlock()
	select {
	case <-time.After(f.takes):
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.answer(n, r)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// asks sends a request beside others, and lets it queue before it goes on.
func (f *far) asks(ctx context.Context, r Request) func() (*Response, error) {
	var resp *Response
	var err error
	ended := make(chan struct{})
	f.done.Go(func() {
		defer close(ended)
		resp, err = f.queue.Do(ctx, r)
	})
	synctest.Wait()
	return func() (*Response, error) { <-ended; return resp, err }
}

// lines answers what came, in order.
func (f *far) lines() string {
	f.done.Wait()
	var all []string
	for _, s := range f.came {
		all = append(all, s.line)
	}
	return strings.Join(all, "\n")
}

// reply is an answer with headers: name, value, name, value…
func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// takesAll is a far side without limits.
func takesAll(int, Request) (*http.Response, error) { return reply(200, "{}"), nil }

var errLost = errors.New("connection reset")

// counted is a far side that counts a route's requests as Discord does, and
// refuses those beyond.
type counted struct {
	limit   int
	per     time.Duration
	used    map[string]int
	resets  map[string]time.Time
	refused int
}

func counting(limit int, per time.Duration) *counted {
	return &counted{limit: limit, per: per, used: map[string]int{}, resets: map[string]time.Time{}}
}

func (c *counted) answer(_ int, r Request) (*http.Response, error) {
	lane, now := whereOf(r).lane, time.Now()
	if !now.Before(c.resets[lane]) {
		c.used[lane], c.resets[lane] = 0, now.Add(c.per)
	}
	left := c.resets[lane].Sub(now).Seconds()
	c.used[lane]++
	headers := []string{
		"X-RateLimit-Bucket", "b1", "X-RateLimit-Limit", strconv.Itoa(c.limit),
		"X-RateLimit-Remaining", strconv.Itoa(max(c.limit-c.used[lane], 0)),
		"X-RateLimit-Reset", strconv.FormatFloat(float64(c.resets[lane].UnixMilli())/1000, 'f', 3, 64),
		"X-RateLimit-Reset-After", strconv.FormatFloat(left, 'f', 3, 64),
	}
	if c.used[lane] > c.limit {
		c.refused++
		return reply(429, `{"retry_after": `+strconv.FormatFloat(left, 'f', 3, 64)+`}`, headers...), nil
	}
	return reply(200, "{}", headers...), nil
}

func post(channel, body string) Request {
	return Request{Method: "POST", Path: "/channels/" + channel + "/messages", Body: []byte(body), Attempts: 5}
}

func edit(message, body string) Request {
	return Request{Method: "PATCH", Path: "/channels/1/messages/" + message, Body: []byte(body), Attempts: 5, Supersedes: true}
}
