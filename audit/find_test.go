package audit

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// event is an entry of one request.
func event(e Event, request string, change ...func(*Entry)) Entry {
	entry := Entry{Event: e, Request: request, By: "42", Name: "ann", Commands: []string{"config set"}, Outcome: "ok"}
	for _, c := range change {
		c(&entry)
	}
	return entry
}

func TestFind(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		l := open(t, client)
		denied := func(e *Entry) {
			e.Outcome, e.By, e.Name, e.Commands = "denied", "43", "Bob", []string{"redis del", "wc"}
		}
		for _, e := range []Entry{
			event(Opened, "a"), event(Closed, "a"),
			event(Opened, "b"), // never closed
			event(Done, "c", denied),
			event(Closed, "d"), event(Opened, "d"), // the opening one waited in a file
			event(Done, "e"),
		} {
			require(t, l, e)
		}
		for _, c := range []struct {
			name string
			q    Query
			want string
		}{
			{"all", Query{}, "[close:a open:b done:c close:d done:e]"},
			{"the newest", Query{N: 2}, "[close:d done:e]"},
			{"denied", Query{Denied: true}, "[done:c]"},
			{"by name", Query{By: "bob"}, "[done:c]"},
			{"by id", Query{By: "42", N: 1}, "[done:e]"},
			{"a verb", Query{Verb: "redis"}, "[done:c]"},
			{"two words", Query{Verb: "Config set", N: 1}, "[done:e]"},
			{"a Redis command", Query{Verb: "del"}, "[done:c]"},
			{"no part of a word", Query{Verb: "conf"}, "[]"},
			{"since then", Query{Since: time.Now().Add(-time.Minute), N: 1}, "[done:e]"},
			{"since later", Query{Since: time.Now().Add(time.Minute)}, "[]"},
		} {
			list, err := l.Find(t.Context(), c.q)
			got := []string{}
			for _, r := range list {
				got = append(got, fmt.Sprintf("%s:%s", r.Event, r.Request))
			}
			if err != nil || fmt.Sprint(got) != c.want {
				t.Errorf("%s: %v, %v; want %s", c.name, got, err, c.want)
			}
		}
	})
}

func TestIDsOfAStream(t *testing.T) {
	for _, c := range []struct{ id, before, after string }{
		{"5-3", "5-2", "5-4"},
		{"5-0", "4-18446744073709551615", "5-1"},
		{"5-18446744073709551615", "5-18446744073709551614", "6-0"},
		{"0-0", "0-0", "0-1"},
	} {
		if before(c.id) != c.before || after(c.id) != c.after {
			t.Errorf("%s stands between %s and %s", c.id, before(c.id), after(c.id))
		}
	}
}

func TestLongLinesAreCut(t *testing.T) {
	long := make([]byte, 1<<20)
	for i := range long {
		long[i] = "ä"[i%2]
	}
	e := Entry{Line: string(long)}.bounded(func(s string) string { return s })
	if len(e.Line) > maxLine+40 {
		t.Errorf("%d bytes are left", len(e.Line))
	}
}
