package alerts

import (
	"maps"
	"slices"
)

// merge takes over what Redis holds. Of two versions the higher one is newer.
// What Redis has lost is kept to be saved again, if this instance is the one
// that speaks; else it is not ours to know better.
func (b *book) merge(incidents map[string]Incident, silences map[string]Silence, speaks bool) {
	before := maps.Clone(b.incidents)
	mergeRecords(b, b.incidents, incidents, speaks, func(in Incident) int64 { return in.Version })
	for id, mine := range before {
		if in, ok := b.incidents[id]; ok && speaks && in.Version != mine.Version {
			b.put(in.shownAs(mine))
		}
	}
	mergeRecords(b, b.silences, silences, speaks, func(s Silence) int64 { return s.Version })
	for rule := range b.waiting {
		if in := b.of(rule); in.Open() {
			delete(b.waiting, rule)
		}
	}
}

// shownAs keeps what this instance knows of the message of an incident that
// another one has changed. What it says may be what was known here.
func (in Incident) shownAs(mine Incident) Incident {
	d := &in.Delivery
	if d.Message == "" && mine.Delivery.Message != "" {
		d.Message, d.Thread, d.Made, d.Tried, in.Withheld = mine.Delivery.Message, mine.Delivery.Thread, mine.Delivery.Made, 0, false
	}
	d.Ring = max(d.Ring, mine.Delivery.Ring)
	d.Revision = 0
	return in
}

func mergeRecords[T any](b *book, held, stored map[string]T, speaks bool, version func(T) int64) {
	for id, r := range stored {
		if slices.Contains(b.removed, id) {
			continue
		}
		b.saved[id] = version(r)
		if mine, ok := held[id]; !ok || version(mine) < version(r) {
			held[id] = r
		}
	}
	for id := range held {
		if _, ok := stored[id]; ok {
			continue
		}
		delete(b.saved, id)
		if !speaks {
			delete(held, id)
		}
	}
}

// unsaved answers what Redis does not hold as it is.
func unsaved[T any](b *book, held map[string]T, version func(T) int64) []record {
	var records []record
	for id, r := range held {
		if v := version(r); b.saved[id] != v {
			records = append(records, record{id, v, r})
		}
	}
	return records
}

// yield makes a record older than any that Redis may hold.
func (b *book) yield(id string) {
	if in, ok := b.incidents[id]; ok {
		in.Version = 0
		b.incidents[id] = in
	}
	if s, ok := b.silences[id]; ok {
		s.Version = 0
		b.silences[id] = s
	}
}
