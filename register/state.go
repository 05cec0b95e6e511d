package register

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/script"
)

// state is what Redis holds under the key: the records, and which change made them
// so. The zero state is that of a key that is not there.
type state struct {
	revision int64  // how many changes have led to it
	id       string // of the last one, which tells apart what a failover gave one revision
	records  map[string]string
	newer    bool // some of them a later release has written
}

// Fields of the hash that are no records.
const (
	revisionField = "@revision"
	idField       = "@id"
)

// revisionOf reads a revision as the scripts do: 0 for what none of ours is.
func revisionOf(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || len(text) > maxDigits || strconv.FormatInt(n, 10) != text {
		return 0
	}
	return n
}

// maxDigits is how long a revision may be; there cannot have been that many.
const maxDigits = 15

// decode reads names and what they have, alternating.
func (r *Register) decode(list []string) state {
	s := state{records: make(map[string]string, len(list)/2)}
	for i := 0; i+1 < len(list); i += 2 {
		name, text := list[i], list[i+1]
		switch {
		case name == revisionField:
			s.revision = revisionOf(text)
		case name == idField:
			s.id = text
		case !strings.HasPrefix(name, "@"):
			s.records[name] = text
			s.newer = s.newer || r.isNewer(text)
		}
	}
	return s
}

// isNewer reports whether a later release has written a record.
func (r *Register) isNewer(text string) bool {
	var layout struct {
		Schema int `json:"schema"`
	}
	return r.bounds.Schema > 0 && json.Unmarshal([]byte(text), &layout) == nil && layout.Schema > r.bounds.Schema
}

// with is the state after one change more.
func (s state) with(id, name, record string) state {
	next := state{revision: s.revision + 1, id: id, records: maps.Clone(s.records)}
	if next.records == nil {
		next.records = make(map[string]string)
	}
	if record == "" {
		delete(next.records, name)
	} else {
		next.records[name] = record
	}
	return next
}

// heal answers what Redis should hold, and whether that is other than what it does.
//
// A later release keeps its own books. What is behind us, or lacks its id, was lost,
// and so was what
// the same change has left here and not there. Of two changes with one revision, as
// a failover makes them, the one that Redis has is in force; and so is what stands
// there besides.
func (r *Register) heal(stored state) (state, bool) {
	held := r.held
	switch {
	case stored.newer || held.newer || stored.revision > held.revision:
		return stored, false
	case stored.revision < held.revision, stored.id == "" && held.id != "":
		return held, true
	case stored.id != held.id:
		return stored, false
	}
	both := stored
	both.records = maps.Clone(stored.records)
	maps.Copy(both.records, held.records)
	if maps.Equal(both.records, stored.records) {
		return stored, false
	}
	if len(both.records) > r.bounds.Records {
		return held, true
	}
	return both, true
}

// unhealedError says that Redis refuses to store again what it has lost. What is
// held here stands all the same.
type unhealedError struct{ err error }

func (e *unhealedError) Error() string { return e.err.Error() }

func (e *unhealedError) Unwrap() error { return e.err }

// follow takes over what Redis holds, or stores again what it has lost. The error
// is an *unhealedError where Redis refuses that. The caller has the turn.
func (r *Register) follow(ctx context.Context) error {
	for range maxTries {
		list, err := r.read.Run(ctx, r.client, []string{r.key}, r.bounds.Records, r.bounds.Bytes).StringSlice()
		if err != nil {
			return fmt.Errorf("read %s: %w", r.key, err)
		}
		stored := r.decode(list)
		want, lost := r.heal(stored)
		if !lost {
			r.held = want
			return nil
		}
		done, err := r.put(ctx, stored, want)
		if err != nil {
			err = fmt.Errorf("store %s again: %w", r.key, err)
		}
		switch {
		case script.Refused(err):
			return &unhealedError{err}
		case err != nil:
			return err
		case done:
			r.held, r.restored = want, true
			return nil
		}
	}
	return fmt.Errorf("read %s: others keep changing it", r.key)
}

// put stores a whole state in the place of another, if that is still there.
func (r *Register) put(ctx context.Context, stored, want state) (bool, error) {
	args := []any{stored.revision, stored.id, want.revision, want.id}
	for name, record := range want.records {
		args = append(args, name, record)
	}
	return r.restore.Run(ctx, r.client, []string{r.key}, args...).Bool()
}
