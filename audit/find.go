package audit

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Query narrows what Find answers. Its zero fields narrow nothing.
type Query struct {
	By     string    // a person's id or name
	Since  time.Time // not older
	Verb   string    // a command, or the first word of one: "config", "redis del"
	Denied bool      // only what was denied
	N      int       // how many at most; the newest
}

// Find answers what was asked, the oldest first. What was opened and closed is
// one record, the closing one; what is still open is the opening one.
func (l *Log) Find(ctx context.Context, q Query) ([]Record, error) {
	f := finding{q: q, closed: make(map[string]bool), opened: make(map[string]int)}
	if err := l.store.newestFirst(ctx, f.visit); err != nil {
		return nil, err
	}
	slices.Reverse(f.found)
	return f.found, nil
}

// slack is how much later a record may stand in the chain than what it tells
// of, because it waited for Redis.
const slack = time.Hour

// further is how many records beyond enough are looked through for the end of
// what seems to be open.
const further = 200

type finding struct {
	q      Query
	found  []Record
	closed map[string]bool // requests whose end was seen
	opened map[string]int  // requests whose beginning alone stands among found, and where
	beyond int             // records seen since there were enough
}

// visit takes records, the newest first, until there are enough.
func (f *finding) visit(it item) bool {
	r, ok := decode(it.body)
	if !ok {
		return true
	}
	if !f.q.Since.IsZero() && r.Time().Before(f.q.Since.Add(-slack)) {
		return false
	}
	if !f.joined(r) && f.q.matches(r) && !f.enough() {
		if r.Event == Opened {
			f.opened[r.Request] = len(f.found)
		}
		f.found = append(f.found, r)
	}
	if !f.enough() {
		return true
	}
	f.beyond++
	return len(f.opened) > 0 && f.beyond < further
}

// joined reports whether a record belongs to one that was found already.
func (f *finding) joined(r Record) bool {
	switch r.Event {
	case Opened:
		return f.closed[r.Request]
	case Closed, Done: // one that was not stored in time is done, not closed
		f.closed[r.Request] = true
		at, ok := f.opened[r.Request]
		if ok {
			f.found[at] = r
			delete(f.opened, r.Request)
		}
		return ok
	}
	return false
}

func (f *finding) enough() bool { return f.q.N > 0 && len(f.found) >= f.q.N }

func (q Query) matches(r Record) bool {
	switch {
	case q.Denied && r.Outcome != "denied":
		return false
	case !q.Since.IsZero() && r.Time().Before(q.Since):
		return false
	case q.By != "" && q.By != r.By && !strings.EqualFold(q.By, r.Name):
		return false
	}
	return q.Verb == "" || slices.ContainsFunc(r.Commands, q.asks)
}

// asks reports whether a command's name is the verb, or begins with it.
func (q Query) asks(command string) bool {
	verb := strings.ToLower(q.Verb)
	return command == verb || strings.HasPrefix(command, verb+" ") || strings.HasSuffix(command, " "+verb)
}
