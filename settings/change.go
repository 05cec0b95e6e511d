package settings

import (
	"context"
	"crypto/rand"
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
}

// Change is what happened to one setting.
type Change struct {
	Key   string `json:"key"`
	Old   string `json:"old"` // canonical value in force before
	New   string `json:"new"` // and after
	Unset bool   `json:"unset,omitempty"`
}

// String answers "86400 (was 3600)".
func (c Change) String() string { return c.New + " (was " + c.Old + ")" }

// Result is what a change did.
type Result struct {
	// Revision is the one in force; it is a new one only if something changed.
	Revision int64

	// Changes has every setting that was asked for or changed, by key; one
	// that had the value already has Old equal to New.
	Changes []Change
}

// edit is a wish that can be applied to whatever live values there are.
type edit struct {
	note  string
	asked []string // keys

	// apply answers the live values to have; it may change and keep its
	// argument.
	apply func(overrides map[string]string) map[string]string

	// lenient lets values pass that today's table refuses: they stay unused.
	lenient bool
}

// Set gives settings live values, all or none. Errors: *UnknownError,
// *ValueError, *StartOnlyError (joined if several), *CombinationError,
// *Conflict, *Unavailable, *ReadOnlyError, or what Who.May or a Subscriber
// answered.
func (l *Live) Set(ctx context.Context, wishes []Assignment, who Who) (Result, error) {
	return l.set(ctx, wishes, who, NoteSet)
}

func (l *Live) set(ctx context.Context, wishes []Assignment, who Who, note string) (Result, error) {
	values, err := parseWishes(wishes)
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

// parseWishes answers the canonical value for each key.
func parseWishes(wishes []Assignment) (map[string]string, error) {
	values := make(map[string]string)
	var errs []error
	for _, w := range wishes {
		v, err := parseLive(w.Key, w.Value)
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

// Rollback makes a new revision with the live values as of an older one;
// revision 0 has none. Values that today's table refuses come back too, unused
// (see Warnings). The error may be a *RevisionError.
func (l *Live) Rollback(ctx context.Context, revision int64, who Who) (Result, error) {
	if l.client == nil {
		return Result{}, &Unavailable{}
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
	row, err := Lookup(string(Profile))
	if err != nil {
		return Result{}, err
	}
	profile, err := row.Parse(name)
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

// change carries out an edit: at once if nobody else changes anything, again
// on top of changes to other settings, and not at all if somebody changed the
// same ones since this process last looked.
func (l *Live) change(ctx context.Context, who Who, e edit) (Result, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return Result{}, err
	}
	defer leave()
	seen, id := l.current.Load(), rand.Text()
	for {
		held := l.current.Load()
		c, err := l.prepare(ctx, who, e, held, id)
		if err != nil || len(c.changed) == 0 {
			return c.result(held), err
		}
		if err := l.conflict(ctx, seen, held, c.changed); err != nil {
			return Result{}, err
		}
		done, err := l.attempt(ctx, held, c)
		if err != nil || done {
			return c.result(c.next), err
		}
	}
}

// enter waits for this process's turn to change something.
func (l *Live) enter(ctx context.Context) (leave func(), err error) {
	if l.client == nil {
		return nil, &Unavailable{}
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	leave = func() { <-l.turn }
	if err := l.ready(ctx); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// ready makes sure that a record has been read and that it is ours to change.
func (l *Live) ready(ctx context.Context) error {
	l.applying.Lock()
	loaded := l.loaded
	l.applying.Unlock()
	if !loaded {
		if err := l.synchronize(ctx); err != nil {
			return err
		}
	}
	return l.current.Load().writable()
}

// candidate is a change that has passed every check but the store's.
type candidate struct {
	next    *state
	changed []string // keys whose live value changes
	changes []Change // those and the others that were asked for
	entry   Entry
}

func (c candidate) result(s *state) Result {
	return Result{Revision: s.record.revision, Changes: c.changes}
}

func (l *Live) prepare(ctx context.Context, who Who, e edit, held *state, id string) (candidate, error) {
	if err := held.writable(); err != nil {
		return candidate{}, err
	}
	overrides := e.apply(maps.Clone(held.record.overrides))
	c := candidate{
		next:    newState(l.base.snapshot, held.record.next(overrides, id)),
		changed: changedKeys(held.record.overrides, overrides),
	}
	touched := union(e.asked, c.changed)
	if err := who.allows(touched); err != nil {
		return candidate{}, err
	}
	if err := c.next.accepts(c.changed, e.lenient); err != nil {
		return candidate{}, err
	}
	if len(c.changed) > 0 {
		if err := l.ask(ctx, held.snapshot, c.next.snapshot); err != nil {
			return candidate{}, err
		}
	}
	c.changes = changesBetween(held, c.next, touched)
	c.entry = Entry{
		Revision: c.next.record.revision, ID: id, Who: Author{who.ID, who.Name}, Note: e.note,
		Overrides: overrides, Changes: changesBetween(held, c.next, c.changed),
	}
	return c, nil
}

func (w Who) allows(keys []string) error {
	if w.May == nil {
		return nil
	}
	var errs []error
	for _, key := range keys {
		errs = append(errs, w.May(key))
	}
	return errors.Join(errs...)
}

// accepts refuses a state in which one of the changed values would not be used.
func (s *state) accepts(changed []string, lenient bool) error {
	var errs []error
	for _, u := range s.unused {
		var combination *CombinationError
		switch {
		case errors.As(u.err, &combination):
			if slices.ContainsFunc(combination.Keys, func(k string) bool { return slices.Contains(changed, k) }) {
				return combination
			}
		case !lenient && slices.Contains(changed, u.key):
			errs = append(errs, u.err)
		}
	}
	return errors.Join(errs...)
}

func (l *Live) ask(ctx context.Context, old, new *Snapshot) error {
	for _, s := range l.everySubscriber() {
		if s.Check == nil {
			continue
		}
		if err := s.Check(ctx, old, new); err != nil {
			return err
		}
	}
	return nil
}

// attempt stores a candidate. done is false if somebody else was faster; what
// they did is in force then.
func (l *Live) attempt(ctx context.Context, held *state, c candidate) (done bool, err error) {
	ok, err := l.commit(ctx, held.record.stamp, c.next, c.entry)
	if err != nil {
		return false, notStored(err)
	}
	if ok {
		l.putInForce(c.next)
		return true, nil
	}
	if err := l.synchronize(ctx); err != nil {
		return false, err
	}
	// A lost reply makes the client send the script again, and the second one
	// finds the first one's change.
	return l.storedBefore(ctx, c.entry, held.record.revision)
}

// putInForce installs a stored state unless a poll has done so already, or has
// seen a later one.
func (l *Live) putInForce(next *state) {
	l.applying.Lock()
	defer l.applying.Unlock()
	if l.current.Load().record.revision < next.record.revision {
		l.install(next)
	}
}
