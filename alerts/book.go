package alerts

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// The bounds of what is kept.
const (
	maxHistory  = 100 // resolved incidents
	maxUntold   = 500 // of them if they could not be delivered
	maxSilences = 100
)

// book is what is known of incidents and silences. It never waits for anything.
type book struct {
	incidents map[string]Incident // by id: open ones, and the last resolved ones
	waiting   map[string]Incident // pending ones, by rule
	silences  map[string]Silence  // by id: those that go on, or whose end is untold

	saved   map[string]int64 // the version of each record that is in Redis, by id
	removed []string         // incidents and silences to remove there
}

func newBook() *book {
	return &book{
		incidents: make(map[string]Incident), waiting: make(map[string]Incident),
		silences: make(map[string]Silence), saved: make(map[string]int64),
	}
}

func (b *book) knows(id string) bool {
	_, incident := b.incidents[id]
	_, silence := b.silences[id]
	return incident || silence
}

// put keeps an incident as it is now, as a new version.
func (b *book) put(in Incident) Incident {
	in.Version++
	b.incidents[in.ID] = in
	return in
}

func (b *book) putSilence(s Silence) Silence {
	s.Version++
	b.silences[s.ID] = s
	return s
}

// of answers the incident of a rule that decide goes on from: the open one, or
// one that waits, or the one that was resolved last.
func (b *book) of(rule string) Incident {
	var last Incident
	for _, in := range b.incidents {
		switch {
		case in.Rule != rule || !in.Drill.IsZero():
		case in.Open():
			return in
		case in.Resolved.After(last.Resolved) || in.Resolved.Equal(last.Resolved) && in.ID > last.ID:
			last = in
		}
	}
	if waiting, ok := b.waiting[rule]; ok {
		return waiting
	}
	return last
}

// leader answers the incident of the same cause that fired first and is open,
// if it is another one.
func (b *book) leader(in Incident) *Incident {
	if in.Cause == CauseCustom || !in.Drill.IsZero() {
		return nil
	}
	var first *Incident
	for _, other := range b.incidents {
		if other.Cause != in.Cause || other.State != Active && other.State != Acknowledged || !other.Drill.IsZero() {
			continue
		}
		if first == nil || earlier(other, *first) {
			first = &other
		}
	}
	if first == nil || first.ID == in.ID || in.Open() && !earlier(*first, in) {
		return nil
	}
	return first
}

// earlier says which of two incidents leads. Of those that fired at once it is
// the one whose rule stands first in the table, as that one called.
func earlier(a, b Incident) bool {
	return cmp.Or(a.Fired.Compare(b.Fired), rank()[a.Rule]-rank()[b.Rule], strings.Compare(a.ID, b.ID)) < 0
}

// rank answers the place of each rule in the table. It is never changed.
var rank = sync.OnceValue(func() map[string]int {
	places := make(map[string]int)
	for i, r := range Rules() {
		places[r.Name] = i
	}
	return places
})

// silence answers the silence that covers an incident for the longest.
func (b *book) silence(in Incident) *Silence {
	var longest *Silence
	for _, s := range b.silences {
		if !s.covers(in) {
			continue
		}
		if longest == nil || longer(s, *longest) {
			longest = &s
		}
	}
	return longest
}

// longer says whether a silence lasts longer than another; equal ones are told
// apart by their ids, so that the answer does not change between two looks.
func longer(a, b Silence) bool {
	if a.Until.IsZero() != b.Until.IsZero() {
		return a.Until.IsZero()
	}
	return cmp.Or(a.Until.Compare(b.Until), strings.Compare(a.ID, b.ID)) > 0
}

// list answers the incidents, open ones first, then the newest first.
func (b *book) list() []Incident {
	return slices.SortedFunc(maps.Values(b.incidents), func(x, y Incident) int {
		if x.Open() != y.Open() {
			return one(y.Open()) - one(x.Open())
		}
		return cmp.Or(y.Fired.Compare(x.Fired), strings.Compare(x.ID, y.ID))
	})
}

// passSilences ends the silences whose time is over.
func (b *book) passSilences(now time.Time) {
	for _, s := range b.silences {
		passed := s.pass(now, func(id string) bool { return b.incidents[id].Open() })
		if passed != s {
			b.putSilence(passed)
		}
	}
}

// trim forgets the oldest of what is over and told, and of what is over and
// could not be told for very long. It answers how many of the latter.
func (b *book) trim() (untold int) {
	told, all := 0, 0
	for _, in := range b.list() {
		if in.Open() {
			continue
		}
		all++
		told += one(!in.due())
		switch {
		case in.due() && all > maxUntold:
			untold++
		case in.due() || told <= maxHistory:
			continue
		}
		delete(b.incidents, in.ID)
		b.forget(in.ID)
	}
	for id, s := range b.silences {
		if s.Over() && !s.due() {
			delete(b.silences, id)
			b.forget(id)
		}
	}
	return untold
}

func (b *book) forget(id string) {
	if _, there := b.saved[id]; there {
		b.removed = append(b.removed, id)
		delete(b.saved, id)
	}
}
