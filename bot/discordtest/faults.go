package discordtest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Fault is something that goes wrong with one request.
type Fault struct {
	status  int
	body    []byte
	drop    bool
	delay   time.Duration
	limit   *answer
	applied bool
}

// Status answers the request with an HTTP status and does nothing.
func Status(status int) Fault {
	body, _ := json.Marshal(object{"message": strconv.Itoa(status) + ": " + http.StatusText(status), "code": 0})
	return Fault{status: status, body: body}
}

// Drop cuts the connection without an answer; nothing was done.
func Drop() Fault { return Fault{drop: true} }

// Delay answers as usual, later.
func Delay(wait time.Duration) Fault { return Fault{delay: wait} }

// Applied carries the request out before another fault hides it: the message is
// posted, and the bot hears 502 or nothing, or hears of it later.
func Applied(then Fault) Fault {
	then.applied = true
	return then
}

// TooMany answers 429 for the request's bucket.
func TooMany(retryAfter time.Duration) Fault { return limitFault(tooMany(retryAfter, "user")) }

// TooManyGlobally answers 429 for the whole bot.
func TooManyGlobally(retryAfter time.Duration) Fault {
	return limitFault(tooMany(retryAfter, "global"))
}

// TooManyHTML answers 429 with a page instead of JSON, as the proxy in front of
// Discord does.
func TooManyHTML(retryAfter time.Duration) Fault {
	return limitFault(answer{
		status: http.StatusTooManyRequests, html: true,
		header: http.Header{"Retry-After": {wholeSeconds(retryAfter)}, "Server": {"cloudflare"}},
		body:   []byte("<!DOCTYPE html><html><head><title>Access denied</title></head><body>error code: 1015</body></html>"),
	})
}

// TooManyUntimed answers 429 without saying how long to wait.
func TooManyUntimed() Fault {
	return limitFault(jsonAnswer(http.StatusTooManyRequests, object{"message": "You are being rate limited.", "global": false}))
}

func limitFault(a answer) Fault { return Fault{limit: &a} }

// strikes tells whether the fault takes the place of the answer.
func (f Fault) strikes() bool { return f.status != 0 || f.drop || f.limit != nil }

// FailNext lets the coming requests of an operation, one each, meet these
// faults. The operation is named as in Discord's OpenAPI description
// ("create_message"); "" is any.
func (d *Discord) FailNext(operation string, faults ...Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults[operation] = append(d.faults[operation], faults...)
}

// FailWith lets choose pick the fault of each coming request that FailNext has
// none for; the zero Fault is none. It gets the operation's name, and is called
// for one request at a time. nil ends it.
func (d *Discord) FailWith(choose func(operation string) Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.choose = choose
}

func (d *Discord) nextFault(operation string) Fault {
	for _, op := range []string{operation, ""} {
		if waiting := d.faults[op]; len(waiting) > 0 {
			d.faults[op] = waiting[1:]
			return waiting[0]
		}
	}
	if d.choose != nil {
		return d.choose(operation)
	}
	return Fault{}
}

// pauseOrAbort waits, and gives the request up if the Discord was closed meanwhile.
func (d *Discord) pauseOrAbort(wait time.Duration) {
	if !d.pause(wait) {
		panic(http.ErrAbortHandler)
	}
}

// pause waits; false if the Discord was closed meanwhile.
func (d *Discord) pause(wait time.Duration) bool {
	if wait <= 0 {
		return true
	}
	select {
	case <-time.After(wait):
		return true
	case <-d.stop:
		return false
	}
}
