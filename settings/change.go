package settings

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Assignment is one value that somebody asks for.
type Assignment struct {
	Key, Value string
	Line       int // of an import; 0 elsewhere
}

// Who asks for a change.
type Who struct {
	ID, Name string // for the history

	// May refuses a key that the person may not change; its error is what the
	// person reads. Every key that a change touches is asked for, also those
	// of a rollback. Nil allows everything.
	May func(key string) error

	// Only asks what the change would do, and changes nothing.
	Only bool
}

// Change is what happened to one setting.
type Change struct {
	Key   string `json:"key"`
	Old   string `json:"old"` // canonical value in force before
	New   string `json:"new"` // and after
	Unset bool   `json:"unset,omitempty"`
}

// String answers "86400 (was 3600)"; a dash stands for an empty value.
func (c Change) String() string {
	return cmp.Or(c.New, "-") + " (was " + cmp.Or(c.Old, "-") + ")"
}

// Result is what a change did.
type Result struct {
	// Revision is the one in force; it is a new one only if something changed.
	Revision int64

	// Changes has every setting that was asked for or changed, by key; one
	// that had the value already has Old equal to New.
	Changes []Change

	// Unreplicated says that something changed, and that not every replica has
	// confirmed it, so that a failover could lose it.
	Unreplicated bool
}

// Set gives settings live values, all or none. Errors: *UnknownError,
// *ValueError, *StartOnlyError (joined if several), *CombinationError,
// *Conflict, *Unavailable, *ReadOnlyError, or what Who.May or a Subscriber
// answered.
func (l *Live) Set(ctx context.Context, wishes []Assignment, who Who) (Result, error) {
	return l.set(ctx, wishes, who, NoteSet)
}

// SetUp does so with settings that Set refuses, as they are the guild's owner's
// to change. Who.May has to see to it that it is them.
func (l *Live) SetUp(ctx context.Context, wishes []Assignment, who Who) (Result, error) {
	return l.set(ctx, wishes, who, NoteSetup)
}

func (l *Live) set(ctx context.Context, wishes []Assignment, who Who, note string) (Result, error) {
	values, err := parseWishes(wishes, note == NoteSetup)
	if err != nil {
		return Result{}, err
	}
	return l.change(ctx, who, edit{
		note: note, asked: sortedKeys(values),
		apply: func(overrides map[string]string) map[string]string {
			maps.Copy(overrides, values)
			return overrides
		},
	})
}

// parseWishes answers the canonical value for each key. Those that only SetUp
// changes are refused unless it asks.
func parseWishes(wishes []Assignment, setup bool) (map[string]string, error) {
	values := make(map[string]string)
	var errs []error
	for _, w := range wishes {
		v, err := parseLive(w.Key, w.Value)
		if s, known := index()[canonicalKey(w.Key)]; known && s.Setup && !setup {
			err = &StartOnlyError{Setting: s}
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		key := canonicalKey(w.Key)
		if before, twice := values[key]; twice && before != v.String() {
			errs = append(errs, &ValueError{Key: key, Reason: "it is given two values, " + quote(before) + " and " + quote(v.String())})
		}
		values[key] = v.String()
	}
	return values, errors.Join(errs...)
}

func canonicalKey(key string) string { return strings.ToLower(strings.TrimSpace(key)) }

// Unset takes live values away, so that the ones below them are in force
// again. A key without a live value is not an error. It also takes away values
// of settings that this release does not know.
func (l *Live) Unset(ctx context.Context, keys []string, who Who) (Result, error) {
	var asked []string
	var errs []error
	for _, key := range keys {
		_, stored := l.current.Load().record.overrides[canonicalKey(key)]
		s, err := Lookup(key)
		switch {
		case stored:
		case err != nil:
			errs = append(errs, err)
		case !s.Live:
			errs = append(errs, &StartOnlyError{Setting: s})
		}
		asked = append(asked, canonicalKey(key))
	}
	if err := errors.Join(errs...); err != nil {
		return Result{}, err
	}
	return l.change(ctx, who, edit{
		note: NoteUnset, asked: asked,
		apply: func(overrides map[string]string) map[string]string {
			maps.DeleteFunc(overrides, func(k, _ string) bool { return slices.Contains(asked, k) })
			return overrides
		},
	})
}

// TakeBack gives settings the live values that they had, and takes away those of
// gone, all or none. Values that today's table refuses come back too, unused
// (see Warnings).
func (l *Live) TakeBack(ctx context.Context, had map[string]string, gone []string, who Who) (Result, error) {
	return l.change(ctx, who, edit{
		note: NoteUndo, asked: union(sortedKeys(had), gone), lenient: true,
		apply: func(overrides map[string]string) map[string]string {
			maps.Copy(overrides, had)
			maps.DeleteFunc(overrides, func(k, _ string) bool { return slices.Contains(gone, k) })
			return overrides
		},
	})
}

// Rollback makes a new revision with the live values as of an older one;
// revision 0 has none. Values that today's table refuses come back too, unused
// (see Warnings). The error may be a *RevisionError.
func (l *Live) Rollback(ctx context.Context, revision int64, who Who) (Result, error) {
	if l.client == nil {
		return Result{}, &Unavailable{}
	}
	if err := l.current.Load().writable(); err != nil {
		return Result{}, err
	}
	then, err := l.overridesAt(ctx, revision)
	if err != nil {
		return Result{}, err
	}
	return l.change(ctx, who, edit{
		note:    NoteRollback + " " + strconv.FormatInt(revision, 10),
		lenient: true,
		apply:   func(map[string]string) map[string]string { return maps.Clone(then) },
	})
}

// ApplyProfile gives every setting that takes part in profiles its value in
// the named one.
func (l *Live) ApplyProfile(ctx context.Context, name string, who Who) (Result, error) {
	profile, err := index()[string(Profile)].Parse(name)
	if err != nil {
		return Result{}, err
	}
	var wishes []Assignment
	for _, s := range Table() {
		if s.Profiled() {
			wishes = append(wishes, Assignment{Key: s.Key, Value: s.For(profile.text)})
		}
	}
	return l.set(ctx, wishes, who, NoteProfile+" "+profile.text)
}

// Import sets what a text assigns (see ParseImport), all or nothing. Besides
// the errors of Set there is *ImportError, which names every bad line.
func (l *Live) Import(ctx context.Context, text string, who Who) (Result, error) {
	wishes, err := ParseImport(text)
	if err != nil {
		return Result{}, err
	}
	return l.set(ctx, wishes, who, NoteImport)
}
