package outbound

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What the headers announce is kept to without a single refusal.
func TestABucketIsLearnedAndKept(t *testing.T) {
	c := counting(5, 5*time.Second)
	world(t, 0, c.answer, func(t *testing.T, f *far) {
		for i := range 12 {
			f.asks(t.Context(), Request{Method: "GET", Path: fmt.Sprintf("/channels/1/messages/%d", i)})
		}
		f.done.Wait()
		if c.refused > 0 {
			t.Errorf("%d were refused", c.refused)
		}
		if took := time.Since(f.start); took < 10*time.Second || took > 11*time.Second {
			t.Errorf("twelve took %s, by fives in five seconds", took)
		}
		if first, second := f.came[0].at, f.came[1].at; first != 0 || second != f.takes {
			t.Errorf("the second went at %s, before the first told of the bucket", second)
		}
		if second, third := f.came[1].at, f.came[2].at; second != third {
			t.Errorf("the third waited for the second, though there was room")
		}
	})
}

// A bucket that is known for one channel is known for the next, and counts there
// by itself.
func TestABucketCountsByChannel(t *testing.T) {
	c := counting(2, time.Minute)
	world(t, 0, c.answer, func(t *testing.T, f *far) {
		for _, channel := range []string{"1", "2", "3"} {
			f.asks(t.Context(), Request{Method: "GET", Path: "/channels/" + channel})
		}
		for range 3 {
			f.asks(t.Context(), Request{Method: "GET", Path: "/channels/4"})
		}
		f.done.Wait()
		if c.refused > 0 || time.Since(f.start) < time.Minute {
			t.Errorf("%d were refused in %s", c.refused, time.Since(f.start))
		}
	})
}

// Two routes in one bucket share what is left.
func TestRoutesShareABucket(t *testing.T) {
	c := counting(4, time.Minute)
	world(t, 0, c.answer, func(t *testing.T, f *far) {
		f.asks(t.Context(), Request{Method: "GET", Path: "/channels/1"})
		f.asks(t.Context(), Request{Method: "GET", Path: "/channels/1/messages"})
		f.done.Wait()
		for i := range 6 {
			f.asks(t.Context(), Request{Method: "GET", Path: []string{"/channels/1", "/channels/1/messages"}[i%2]})
		}
		f.done.Wait()
		if c.refused > 0 {
			t.Errorf("%d were refused", c.refused)
		}
	})
}

func TestTheGlobalLimit(t *testing.T) {
	for name, c := range map[string]struct {
		perSecond int
		path      string
		most      time.Duration // 200 requests take no longer
		least     time.Duration
	}{
		"kept":                   {50, "/guilds/%d", 4 * time.Second, 3 * time.Second},
		"not for interactions":   {50, "/interactions/%d/token/callback", time.Second, 0},
		"not for their webhooks": {50, "/webhooks/7/%d", time.Second, 0},
		"unknown":                {0, "/guilds/%d", time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			world(t, c.perSecond, takesAll, func(t *testing.T, f *far) {
				for i := range 200 {
					f.asks(t.Context(), Request{Method: "GET", Path: fmt.Sprintf(c.path, i)})
				}
				f.done.Wait()
				if took := time.Since(f.start); took > c.most || took < c.least {
					t.Errorf("200 requests took %s", took)
				}
				for i := range f.came {
					if c.least > 0 && i >= 50 && f.came[i].at-f.came[i-50].at < time.Second {
						t.Fatalf("the requests %d to %d went within a second", i-50, i)
					}
				}
			})
		})
	}
}

// An address that says that it has a global limit has it kept from then on; what
// answers interactions goes meanwhile.
func TestAGlobalLimitHoldsEverythingButInteractions(t *testing.T) {
	world(t, 0, func(n int, _ Request) (*http.Response, error) {
		if n == 1 {
			return reply(429, `{"retry_after": 3, "global": true}`), nil
		}
		return reply(200, "{}"), nil
	}, func(t *testing.T, f *far) {
		f.asks(t.Context(), post("1", "one"))
		time.Sleep(time.Second)
		f.asks(t.Context(), post("2", "two"))
		f.asks(t.Context(), Request{Method: "POST", Path: "/interactions/1/t/callback"})
		f.done.Wait()
		for _, s := range f.came[1:] {
			held := s.at >= 3*time.Second
			if exempt := strings.Contains(s.line, "interactions"); held == exempt {
				t.Errorf("%s went after %s", s.line, s.at)
			}
		}
		if len(f.queue.pace.sent) != GlobalLimit {
			t.Error("the limit is forgotten")
		}
	})
}

// A 429 holds its bucket, for the time that it names or for longer each time,
// and nothing else; it counts against no request.
func TestA429IsWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		answer func() *http.Response
		times  int
		after  time.Duration
	}{
		"with a time":          {func() *http.Response { return reply(429, `{"retry_after": 2.5}`) }, 1, 2500 * time.Millisecond},
		"with a header":        {func() *http.Response { return reply(429, ``, "Retry-After", "4") }, 1, 4 * time.Second},
		"a page":               {func() *http.Response { return reply(429, `<html>`, "Retry-After", "2", "Content-Type", "text/html") }, 1, 2 * time.Second},
		"without a time":       {func() *http.Response { return reply(429, `{}`) }, 1, time.Second},
		"without, many times":  {func() *http.Response { return reply(429, ``) }, 4, 15 * time.Second},
		"of a shared resource": {func() *http.Response { return reply(429, `{"retry_after": 1.5}`, "X-RateLimit-Scope", "shared") }, 2, 3 * time.Second},
		"of next to no time":   {func() *http.Response { return reply(429, `{"retry_after": 0.001}`) }, 3, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			world(t, 0, func(n int, r Request) (*http.Response, error) {
				if r.Path == "/channels/1/messages" && n <= c.times {
					return c.answer(), nil
				}
				return reply(200, "{}"), nil
			}, func(t *testing.T, f *far) {
				once := post("1", "one")
				once.Attempts = 1
				ended := f.asks(t.Context(), once)
				if resp, err := ended(); err != nil || resp.Status != 200 || resp.Attempts != 1 {
					t.Fatalf("answered %+v, %v", resp, err)
				}
				if took := time.Since(f.start); took < c.after || took > c.after+time.Second/2 {
					t.Errorf("it took %s", took)
				}
				other := time.Now()
				if _, err := f.asks(t.Context(), post("2", "two"))(); err != nil || time.Since(other) > f.takes {
					t.Errorf("another channel waited %s, %v", time.Since(other), err)
				}
				if s := f.queue.Stats(); s.Limited != uint64(c.times) || s.Retried != 0 {
					t.Errorf("counted %+v", s)
				}
			})
		})
	}
}

// Requests that were under way together are refused together: that is no reason
// to wait longer and longer.
func TestOneRefusalOfManyIsOne(t *testing.T) {
	world(t, 0, func(n int, _ Request) (*http.Response, error) {
		if n > 1 && n <= 11 {
			return reply(429, ``), nil
		}
		return reply(200, "{}"), nil
	}, func(t *testing.T, f *far) {
		for i := range 11 {
			f.asks(t.Context(), Request{Method: "GET", Path: fmt.Sprintf("/channels/1/messages/%d", i)})
			if i == 0 {
				f.done.Wait() // the others need not wait to learn of the bucket
			}
		}
		f.done.Wait()
		if took := time.Since(f.start); took > 1500*time.Millisecond {
			t.Errorf("it took %s", took)
		}
	})
}

// A proxy that shuts us out is not asked for everything else in turn.
func TestManyPagesHoldEverything(t *testing.T) {
	world(t, 0, func(n int, _ Request) (*http.Response, error) {
		if n <= manyPages {
			return reply(429, "<html>", "Retry-After", "60", "Content-Type", "text/html"), nil
		}
		return reply(200, "{}"), nil
	}, func(t *testing.T, f *far) {
		for i := range 20 {
			f.asks(t.Context(), post(strconv.Itoa(i), "text"))
			time.Sleep(2 * f.takes)
		}
		f.done.Wait()
		if before := manyPages; f.came[before].at < 60*time.Second {
			t.Errorf("the request after %d pages went at %s", before, f.came[before].at)
		}
	})
}

// 10,000 refusals in ten minutes have Discord shut us out.
func TestInvalidRequestsPauseEverything(t *testing.T) {
	world(t, 0, func(n int, _ Request) (*http.Response, error) {
		return reply(403, `{"code": 50001}`), nil
	}, func(t *testing.T, f *far) {
		f.takes = 0
		for range invalidMost {
			if _, err := f.queue.Do(t.Context(), Request{Method: "GET", Path: "/channels/1"}); err != nil {
				t.Fatal(err)
			}
		}
		if s := f.queue.Stats(); s.Invalid != invalidMost || s.Refused != invalidMost {
			t.Fatalf("counted %+v", s)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := f.queue.Do(ctx, Request{Method: "GET", Path: "/users/@me", Rank: Urgent}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("one more was answered: %v", err)
		}
		if _, err := f.queue.Do(t.Context(), Request{Method: "GET", Path: "/users/@me"}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(f.start); took < 9*time.Minute || took > 11*time.Minute {
			t.Errorf("it paused for %s", took)
		}
	})
}

// Refusals that come slowly never pause anything.
func TestOldRefusalsAreForgotten(t *testing.T) {
	var i invalid
	now := time.Now()
	for range 3 * invalidMost {
		i.add(now)
		now = now.Add(2 * invalidPer / invalidMost)
		if !i.until(now).IsZero() {
			t.Fatalf("it pauses at %d", i.sum)
		}
	}
	i.expire(now.Add(2 * invalidPer))
	if i.sum != 0 {
		t.Errorf("%d are kept", i.sum)
	}
}

func TestHoldFor(t *testing.T) {
	for _, c := range []struct {
		header string
		want   time.Duration
	}{
		{"", 0},
		{"0", 0},
		{"-3", 0},
		{"soon", 0},
		{"NaN", 0},
		{"0.001", 100 * time.Millisecond},
		{"2.5", 2500 * time.Millisecond},
		{"600", 10 * time.Minute},
		{"86400", time.Hour},
		{"1e300", time.Hour},
		{strconv.FormatFloat(math.MaxFloat64, 'g', -1, 64), time.Hour},
	} {
		if got := holdFor(seconds(c.header)); got != c.want {
			t.Errorf("Retry-After %q holds for %s, want %s", c.header, got, c.want)
		}
	}
}

// What is remembered of buckets is forgotten once it tells nothing any more.
func TestBucketsAreFreed(t *testing.T) {
	c := counting(5, time.Second)
	world(t, 0, c.answer, func(t *testing.T, f *far) {
		f.takes = 0
		for i := range 20 * minBuckets {
			if _, err := f.queue.Do(t.Context(), Request{Method: "POST", Path: fmt.Sprintf("/webhooks/1/token%d", i)}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond)
		}
		if s := f.queue.Stats(); s.Buckets > 2*minBuckets {
			t.Errorf("%d are kept", s.Buckets)
		}
		if n := len(f.queue.buckets.routes); n != 1 {
			t.Errorf("%d routes are kept", n)
		}
	})
}

// Buckets that a server says run for an age are bounded too.
func TestBucketsAreBounded(t *testing.T) {
	c := counting(5, time.Hour)
	world(t, 0, c.answer, func(t *testing.T, f *far) {
		f.takes = 0
		for i := range maxBuckets + 500 {
			if _, err := f.queue.Do(t.Context(), Request{Method: "GET", Path: fmt.Sprintf("/webhooks/%d/t", i)}); err != nil {
				t.Fatal(err)
			}
		}
		if s := f.queue.Stats(); s.Buckets > maxBuckets {
			t.Errorf("%d are kept", s.Buckets)
		}
	})
}

// An answer may come after that of a later request, and after the reset.
func TestAnswersOutOfOrder(t *testing.T) {
	said := func(left, reset string) http.Header {
		h := http.Header{}
		h.Set("X-RateLimit-Remaining", left)
		h.Set("X-RateLimit-Reset", reset)
		h.Set("X-RateLimit-Reset-After", "1")
		return h
	}
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{told: true, limit: 5, left: 5}
		for _, step := range []struct {
			left, reset string
			want        int
		}{{"3", "10", 3}, {"4", "10", 3}, {"2", "10", 2}, {"4", "11", 4}, {"0", "10", 4}} {
			b.hear(said(step.left, step.reset), time.Now())
			if b.left != step.want {
				t.Errorf("%s left until %s: %d are taken to be left, want %d", step.left, step.reset, b.left, step.want)
			}
		}
	})
}
