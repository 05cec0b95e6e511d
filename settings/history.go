package settings

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// What an Entry's Note begins with.
const (
	NoteSet      = "set"
	NoteUnset    = "unset"
	NoteImport   = "import"
	NoteRollback = "rollback" // and the revision
	NoteProfile  = "profile"  // and its name
	NoteSetup    = "setup"
	NoteUndo     = "undo"
	NoteRestored = "restored" // Redis had lost the revision, an instance stored it again
)

// Author is who made a change; the zero Author is Helix itself.
type Author struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Entry is one change in the history.
type Entry struct {
	Revision  int64
	At        time.Time // by the clock of Redis
	ID        string    // of the change; a restored revision keeps that of its first entry
	Who       Author
	Note      string
	Changes   []Change
	Overrides map[string]string // every live value after the change
}

// wireEntry is an Entry as stored, less its time, which Redis puts in front.
type wireEntry struct {
	At        int64             `json:"at,omitempty"` // milliseconds since 1970
	Schema    int               `json:"schema"`
	Revision  int64             `json:"revision"`
	ID        string            `json:"id"`
	Who       Author            `json:"who"`
	Note      string            `json:"note"`
	Changes   []Change          `json:"changes"`
	Overrides map[string]string `json:"overrides"`
}

// encode answers the JSON object without its opening brace.
func (e Entry) encode() (string, error) {
	data, err := json.Marshal(wireEntry{
		Schema: schema, Revision: e.Revision, ID: e.ID, Who: e.Who, Note: e.Note,
		Changes: e.Changes, Overrides: e.Overrides,
	})
	if err != nil {
		return "", fmt.Errorf("encode the history entry: %w", err)
	}
	return strings.TrimPrefix(string(data), "{"), nil
}

// decodeEntry reads a stored entry; ok is false for what is not one of ours.
func decodeEntry(text string) (e Entry, ok bool) {
	var w wireEntry
	if err := json.Unmarshal([]byte(text), &w); err != nil || w.Schema > schema || w.Revision <= 0 || w.Overrides == nil {
		return Entry{}, false
	}
	return Entry{
		Revision: w.Revision, At: time.UnixMilli(w.At), ID: w.ID, Who: w.Who, Note: w.Note,
		Changes: w.Changes, Overrides: w.Overrides,
	}, true
}

// historyPage is how many entries are read at once.
const historyPage = 100

// walkHistory shows visit each entry, the newest first, until it answers false.
func (l *Live) walkHistory(ctx context.Context, visit func(Entry) bool) error {
	for start := int64(0); start < logSize; start += historyPage {
		page, err := l.client.LRange(ctx, logKey, start, start+historyPage-1).Result()
		if err != nil && !wrongType(err) {
			return unavailable(fmt.Errorf("read %s: %w", logKey, err))
		}
		for _, text := range page {
			if e, ok := decodeEntry(text); ok && !visit(e) {
				return nil
			}
		}
		if len(page) < historyPage {
			return nil
		}
	}
	return nil
}

// History answers the last n changes, the newest first; of one setting if key
// is not empty. With n 0 it answers all that are kept, which is the last 1,000.
// The error is an *UnknownError or an *Unavailable.
func (l *Live) History(ctx context.Context, key string, n int) ([]Entry, error) {
	if l.client == nil {
		return nil, &Unavailable{}
	}
	if key != "" {
		s, err := Lookup(key)
		if err != nil {
			return nil, err
		}
		key = s.Key
	}
	var found []Entry
	err := l.walkHistory(ctx, func(e Entry) bool {
		if key == "" || e.touches(key) {
			found = append(found, e)
		}
		return n <= 0 || len(found) < n
	})
	return found, err
}

func (e Entry) touches(keys ...string) bool {
	return slices.ContainsFunc(e.Changes, func(c Change) bool { return slices.Contains(keys, c.Key) })
}

// Diff answers what the live values change: Old is the value below, New the
// live one.
func (l *Live) Diff() []Change {
	s := l.current.Load()
	below := newState(l.base.snapshot, record{})
	var changes []Change
	for _, key := range keysOf(Setting.changeable) {
		if s.snapshot.Source(key) == FromLive {
			changes = append(changes, Change{Key: key, Old: below.inForce(key), New: s.inForce(key)})
		}
	}
	return changes
}

// DiffRevisions answers what changed in force from one revision to another,
// over today's base values.
func (l *Live) DiffRevisions(ctx context.Context, from, to int64) ([]Change, error) {
	if l.client == nil {
		return nil, &Unavailable{}
	}
	var states [2]*state
	for i, revision := range []int64{from, to} {
		overrides, err := l.overridesAt(ctx, revision)
		if err != nil {
			return nil, err
		}
		states[i] = newState(l.base.snapshot, record{revision: revision, overrides: overrides})
	}
	keys := changedKeys(states[0].record.overrides, states[1].record.overrides)
	return changesBetween(states[0], states[1], keys), nil
}

// overridesAt answers the live values as of a revision.
func (l *Live) overridesAt(ctx context.Context, revision int64) (map[string]string, error) {
	held := l.current.Load().record
	switch revision {
	case 0:
		return map[string]string{}, nil
	case held.revision:
		return maps.Clone(held.overrides), nil
	}
	unknown := &RevisionError{Revision: revision}
	var found *Entry
	err := l.walkHistory(ctx, func(e Entry) bool {
		unknown.Newest = max(unknown.Newest, e.Revision)
		unknown.Oldest = e.Revision
		if e.Revision == revision {
			found = &e
		}
		return found == nil
	})
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, unknown
	}
	return found.Overrides, nil
}

// storedBefore says whether the store took over an entry of ours although its
// reply said otherwise or was lost.
func (l *Live) storedBefore(ctx context.Context, mine Entry, seen int64) (bool, error) {
	if l.current.Load().record.stamp.id == mine.ID {
		return true, nil
	}
	found := false
	err := l.walkHistory(ctx, func(e Entry) bool {
		found = found || e.ID == mine.ID
		return !found && e.Revision > seen
	})
	return found, err
}

// conflict answers a *Conflict if a setting that we are about to change was
// changed by somebody else between two states.
func (l *Live) conflict(ctx context.Context, seen, held *state, changing []string) error {
	theirs := changedKeys(seen.record.overrides, held.record.overrides)
	both := slices.DeleteFunc(theirs, func(k string) bool { return !slices.Contains(changing, k) })
	if len(both) == 0 {
		return nil
	}
	c := &Conflict{Keys: both}
	// Without its history the conflict is one all the same.
	_ = l.walkHistory(ctx, func(e Entry) bool {
		if e.Revision > seen.record.revision && e.touches(both...) {
			c.Entries = append(c.Entries, e)
		}
		return e.Revision > seen.record.revision
	})
	return c
}
