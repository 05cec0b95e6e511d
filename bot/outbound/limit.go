package outbound

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
)

// stops are what holds up more than one bucket.
type stops struct {
	global time.Time // the global limit: all but answers to interactions
	all    time.Time // a proxy before Discord refuses us
	pages  int       // such refusals since an answer of Discord itself
}

func (s *stops) until(exempt bool) time.Time {
	if exempt {
		return s.all
	}
	return latest(s.all, s.global)
}

// manyPages is after how many refusals in a row by a proxy before Discord
// everything is held up: one or two may be about one request.
const manyPages = 3

// learn draws from an answer what it tells of the limits.
func (q *Queue) learn(t *ticket, resp *Response, now time.Time) {
	if resp == nil {
		return
	}
	if resp.Status == http.StatusTooManyRequests {
		q.counts.Limited++
		q.holdBack(t, resp, now)
		return
	}
	if resp.Status >= 500 {
		return // it says nothing
	}
	q.stops.pages = 0
	q.buckets.learn(t.where, resp.Header, now).silent = 0
	if resp.Status >= 400 {
		q.countInvalid(now)
	}
}

// holdBack holds up what a 429 is about.
func (q *Queue) holdBack(t *ticket, resp *Response, now time.Time) {
	refusal := readLimit(resp)
	b := q.buckets.of(t.where)
	if resp.Header.Get("X-RateLimit-Bucket") != "" {
		b = q.buckets.learn(t.where, resp.Header, now)
	}
	switch {
	case refusal.wait > 0:
		b.silent = 0
	case t.flewAt.Before(b.until): // beside the one that has it held up already
		refusal.wait = unnamedHold(max(b.silent, 1))
	default:
		b.silent++
		refusal.wait = unnamedHold(b.silent)
	}
	until := now.Add(refusal.wait)
	if !refusal.shared {
		q.countInvalid(now)
	}
	switch {
	case refusal.global:
		q.pace.learn()
		q.stops.global = latest(q.stops.global, until)
		q.log.Warn("Discord's global limit is reached", zap.Duration("wait", refusal.wait))
		if !t.exempt {
			return
		}
	case refusal.page:
		q.stops.pages++
		if q.stops.pages >= manyPages {
			q.stops.all = latest(q.stops.all, until)
			q.log.Error("a proxy before Discord refuses our requests; all of them wait", zap.Duration("wait", refusal.wait))
		}
	}
	b.until = latest(b.until, until)
	if b.limit == 0 {
		b.told = false // one goes first, to see
	}
}

// refusal is what a 429 says.
type refusal struct {
	wait   time.Duration // 0 if it does not say
	global bool
	shared bool // others used it up: Discord does not hold it against us
	page   bool // it is not Discord that says it
}

func readLimit(resp *Response) refusal {
	var body struct {
		RetryAfter float64 `json:"retry_after"`
		Global     bool    `json:"global"`
	}
	_ = json.Unmarshal(resp.Body, &body) // a page is none
	wanted := body.RetryAfter
	if wanted <= 0 {
		wanted = seconds(resp.Header.Get("Retry-After"))
	}
	scope := resp.Header.Get("X-RateLimit-Scope")
	return refusal{
		wait:   holdFor(wanted),
		global: body.Global || scope == "global" || resp.Header.Get("X-RateLimit-Global") == "true",
		shared: scope == "shared",
		page:   strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"),
	}
}

// Bounds of a wait that a 429 asks for: a server that asks for next to nothing
// is not asked again at once, and one that asks for an age is asked whether it
// still means that.
const (
	shortestHold = 100 * time.Millisecond
	longestHold  = time.Hour
)

// holdFor is the wait after a 429 that asks for so many seconds; 0 if it names
// none.
func holdFor(wanted float64) time.Duration {
	if wanted <= 0 {
		return 0
	}
	return max(duration(wanted), shortestHold)
}

// unnamedHold is the wait after the nth 429 in a row that names none.
func unnamedHold(n int) time.Duration {
	return min(time.Second<<min(n-1, 10), time.Minute)
}

// seconds reads a header; 0 is what is missing or no sensible number.
func seconds(text string) float64 {
	if s, err := strconv.ParseFloat(text, 64); err == nil && s > 0 {
		return s
	}
	return 0
}

// duration is so many seconds, within reason.
func duration(seconds float64) time.Duration {
	return time.Duration(min(seconds, longestHold.Seconds()) * float64(time.Second))
}
