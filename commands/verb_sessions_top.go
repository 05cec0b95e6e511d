package commands

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/shell"
)

// How many of the most sessions are shown.
const (
	usualTop = 10
	maxTop   = 1000
)

// topWords reads what the top is of, and how many are wanted.
func topWords(words []string) (what string, n int, ok bool) {
	n = usualTop
	switch len(words) {
	case 2:
		var err error
		if n, err = strconv.Atoi(words[1]); err != nil || n < 1 || n > maxTop {
			return "", 0, false
		}
	case 1:
	default:
		return "", 0, false
	}
	switch strings.ToLower(words[0]) {
	case "user", "users":
		return "users", n, true
	case "address", "addresses", "ip", "ips":
		return "addresses", n, true
	case "size", "sizes":
		return "size", n, true
	}
	return "", 0, false
}

// topNames lists the people, or the addresses, with the most sessions.
func (t *turn) topNames(ctx context.Context, byAddress bool, n int) (string, error) {
	counter := keyspace.NewCounter(max(n, maxTop))
	err := t.sessionsSeen().Each(ctx, func(batch []sessions.Session) error {
		for _, s := range batch {
			counter.Add(topName(s, byAddress))
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, g := range counter.Groups().Groups {
		if i == n {
			break
		}
		fmt.Fprintf(&b, "%7s %s%s\n", grouped(g.Keys), oneLine(g.Name, maxShownName), missed(g.Missed))
	}
	return b.String(), nil
}

// topName answers what a session counts towards; nil: nothing.
func topName(s sessions.Session, byAddress bool) []byte {
	switch {
	case byAddress && s.IP != "":
		return []byte(cmp.Or(sessions.Network(s.IP), s.IP))
	case !byAddress && s.UserID != "":
		return []byte(s.UserID)
	}
	return nil
}

func missed(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (or up to %s more)", grouped(n))
}

// topSizes lists the largest sessions, each a record that stands for its key.
func (t *turn) topSizes(ctx context.Context, call *shell.Call, n int) error {
	top, err := t.sessionsSeen().TopSizes(ctx, n)
	if err != nil {
		return err
	}
	for _, s := range top {
		line := fmt.Sprintf("%9s B %s", grouped(s.Bytes), t.guard.ShownKey(s.Key))
		if err := call.Stdout.WriteKey([]byte(line), []byte(s.Key)); err != nil {
			return err
		}
	}
	return nil
}

// visitors lists people, those with the most sessions first.
func visitors(people map[string]*visitor) string {
	list := slices.SortedFunc(maps.Values(people), func(a, b *visitor) int {
		return cmp.Or(cmp.Compare(b.sessions, a.sessions), cmp.Compare(a.name, b.name))
	})
	var b strings.Builder
	for _, v := range list {
		fmt.Fprintf(&b, "%7s %s, used %s\n", grouped(v.sessions), v.name, ago(v.used))
	}
	return b.String()
}

// survey is what one look at all sessions tells.
type survey struct {
	totals   sessions.Totals
	noTTL    int64
	people   *keyspace.Counter
	age, ttl []int64
	unsaid   int64 // whose age nobody knows
}

// spans are the ranges of the histograms: up to each, and beyond the last.
func spans() []time.Duration {
	return []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
}

// maxPeople is how many people an overview tells apart; above twice as many,
// those with the fewest sessions are left out.
const maxPeople = 50_000

func newSurvey() *survey {
	return &survey{people: keyspace.NewCounter(maxPeople), age: make([]int64, len(spans())+1), ttl: make([]int64, len(spans())+1)}
}

func (v *survey) add(s sessions.Session, now time.Time) {
	v.totals.Add(s.Key)
	if s.UserID != "" {
		v.people.Add([]byte(s.UserID))
	}
	switch {
	case s.CreatedAt.IsZero():
		v.unsaid++
	default:
		v.age[spanOf(now.Sub(s.CreatedAt))]++
	}
	if s.ExpiresIn == sessions.NoExpiry {
		v.noTTL++
		return
	}
	v.ttl[spanOf(s.ExpiresIn)]++
}

// spanOf answers in which range a time is.
func spanOf(d time.Duration) int {
	for i, most := range spans() {
		if d < most {
			return i
		}
	}
	return len(spans())
}

func (v *survey) over(most int) (people int64) {
	for _, g := range v.people.Groups().Groups {
		if g.Keys > int64(most) {
			people++
		}
	}
	return people
}
