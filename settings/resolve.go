package settings

import (
	"fmt"
	"maps"
	"slices"
)

// unused is a live value that is kept in Redis but not in force, since today's
// table or rules refuse it: it was stored by another release, or the values
// below it have changed.
type unused struct {
	key string
	err error
}

// resolve puts live values over the base ones.
func resolve(base *Snapshot, overrides map[string]string, revision int64) (*Snapshot, []unused) {
	live := make(map[string]inForce)
	var left []unused
	for _, key := range sortedKeys(overrides) {
		v, err := parseLive(key, overrides[key])
		if err != nil {
			left = append(left, unused{key, err})
			continue
		}
		live[key] = inForce{v, Origin{Source: FromLive}}
	}
	for _, broken := range brokenRules(base.with(live, revision)) {
		for _, key := range broken.Keys {
			if _, ok := live[key]; ok {
				left = append(left, unused{key, broken})
			}
			delete(live, key)
		}
	}
	return base.with(live, revision), left
}

// parseLive reads a live value: of a setting that is known and may have one.
func parseLive(key, text string) (Value, error) {
	s, err := Lookup(key)
	if err != nil {
		return Value{}, err
	}
	if !s.changeable() {
		return Value{}, &StartOnlyError{Setting: s}
	}
	return s.Parse(text)
}

// state is a record with what it means here.
type state struct {
	record   record
	snapshot *Snapshot
	unused   []unused
}

func newState(base *Snapshot, r record) *state {
	s, left := resolve(base, r.overrides, r.revision)
	return &state{record: r, snapshot: s, unused: left}
}

// maxWarnings bounds how many unused values are named one by one.
const maxWarnings = 10

func (s *state) warnings() []string {
	var texts []string
	for i, u := range s.unused {
		if i == maxWarnings {
			return append(texts, fmt.Sprintf("%d more live values are kept but not used.", len(s.unused)-i))
		}
		texts = append(texts, fmt.Sprintf("The live value of %s is kept but not used. %s", quote(u.key), u.err))
	}
	return texts
}

// changedKeys answers the keys that have a value in only one of the maps, or
// different ones, in order.
func changedKeys(a, b map[string]string) []string {
	var keys []string
	for k, v := range a {
		if w, ok := b[k]; !ok || v != w {
			keys = append(keys, k)
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// changesBetween answers what changes in force from one state to another, for
// these keys.
func changesBetween(from, to *state, keys []string) []Change {
	var changes []Change
	for _, key := range keys {
		_, had := from.record.overrides[key]
		_, has := to.record.overrides[key]
		changes = append(changes, Change{
			Key: key, Unset: had && !has,
			Old: from.inForce(key), New: to.inForce(key),
		})
	}
	return changes
}

// inForce answers the canonical value of a key; for one that the table does
// not know, the text that is stored.
func (s *state) inForce(key string) string {
	if held, ok := s.snapshot.values[key]; ok {
		return held.value.String()
	}
	return s.record.overrides[key]
}

func union(a, b []string) []string {
	all := make(map[string]bool)
	for _, k := range slices.Concat(a, b) {
		all[k] = true
	}
	return slices.Sorted(maps.Keys(all))
}
