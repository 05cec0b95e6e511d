package commands

import (
	"context"
	"strings"
	"time"

	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/sessions"
)

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

// survey looks at every session that the caller may see.
func (t *turn) survey(ctx context.Context) (*survey, error) {
	v := newSurvey()
	err := t.sessionsSeen().Each(ctx, func(batch []sessions.Session) error {
		now := t.Now()
		for _, s := range batch {
			v.add(s, now)
		}
		return nil
	})
	return v, err
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

// histogram shows how old sessions are and how long they last, side by side.
func (v *survey) histogram() Table {
	most := max(v.unsaid, v.noTTL, 1)
	for i := range v.age {
		most = max(most, v.age[i], v.ttl[i])
	}
	h := Table{Columns: []Column{{}, {"age", 2}, {}, {"TTL", 1}, {}}}
	for i, name := range []string{"< 1 min", "< 5 min", "< 1 h", "< 6 h", "< 24 h", "more"} {
		h.Rows = append(h.Rows, []string{name, bar(v.age[i], most), grouped(v.age[i]), bar(v.ttl[i], most), grouped(v.ttl[i])})
	}
	h.Rows = append(h.Rows, []string{"none said", bar(v.unsaid, most), grouped(v.unsaid), bar(v.noTTL, most), grouped(v.noTTL)})
	return h
}

// barWidth is how wide the longest bar is, in characters.
const barWidth = 16

// bar shows a part of most; what there is at all is seen.
func bar(n, most int64) string {
	width := int(n * barWidth / most)
	if n > 0 {
		width = max(width, 1)
	}
	return strings.Repeat("█", width) + strings.Repeat("·", barWidth-width)
}
