package change

import (
	"hash/maphash"
	"strconv"

	"github.com/helix-collective/helix/dump"
	"github.com/helix-collective/helix/journal"
)

// Verdict is what became of a key that was to be as before.
type Verdict int

// The verdicts.
const (
	Restored Verdict = iota // it is as before
	Same                    // it was already
	Since                   // somebody changed it since, so it was left
	Unkept                  // what it held was too large to be kept
)

// Entry is what a journal tells of one key: what it held before a change, and
// what it held right after it.
type Entry struct {
	Before journal.Image
	After  journal.State
}

// Void reports whether nothing was done to the key then.
func (e Entry) Void() bool { return e.After.Deadline == voided }

// Undoing takes changes back, the last one first.
type Undoing struct {
	force bool
	seed  maphash.Seed
	left  map[uint64]bool // keys that somebody changed since
}

// NewUndoing returns an Undoing; with force it also takes back what somebody
// changed since.
func NewUndoing(force bool) *Undoing {
	return &Undoing{force: force, seed: maphash.MakeSeed(), left: make(map[uint64]bool)}
}

// Step answers the step that makes a key what it was. Its Note is a *Verdict,
// which holds once the step is done. Steps have to be made in the order in
// which their entries come from the journal, from its end on.
func (u *Undoing) Step(e Entry) Step {
	verdict := new(Verdict)
	return Step{
		DB:   e.Before.DB,
		Keys: []Key{{Name: string(e.Before.Name), Alters: true}},
		Note: verdict,
		Decide: func(now journal.Image, at int64) (argv []string) {
			argv, *verdict = u.decide(e, now, at)
			return argv
		},
	}
}

func (u *Undoing) decide(e Entry, now journal.Image, at int64) ([]string, Verdict) {
	before := e.Before
	gone := !before.Exists || before.Deadline != 0 && before.Deadline <= at
	id := maphash.Bytes(u.seed, append([]byte(strconv.Itoa(now.DB)+" "), now.Name...))
	name := string(now.Name)
	switch {
	case gone && !now.Exists, !gone && equal(before, now), !gone && untouched(e, now):
		return nil, Same
	case !u.force && (u.left[id] || !stands(e.After, now, at)):
		u.left[id] = true
		return nil, Since
	case gone:
		return []string{"UNLINK", name}, Restored
	case now.Exists && (!e.After.Altered && !u.force || sameContent(before, now)):
		return deadlineCommand(name, before.Deadline), Restored
	case len(before.Content) == 0:
		return nil, Unkept
	}
	return []string{"RESTORE", name, strconv.FormatInt(before.Deadline, 10), string(before.Content), "REPLACE", "ABSTTL"}, Restored
}

func deadlineCommand(name string, deadline int64) []string {
	if deadline == 0 {
		return []string{"PERSIST", name}
	}
	return []string{"PEXPIREAT", name, strconv.FormatInt(deadline, 10)}
}

// equal reports whether a key is what it was before.
func equal(before, now journal.Image) bool {
	return now.Exists && near(before.Deadline, now.Deadline) && sameContent(before, now)
}

// untouched reports whether a key has the time that it had before, where that is
// all that the change was to change.
func untouched(e Entry, now journal.Image) bool {
	return len(e.Before.Content) == 0 && e.After.Exists && !e.After.Altered && now.Exists && near(e.Before.Deadline, now.Deadline)
}

func sameContent(a, b journal.Image) bool {
	if len(a.Content) == 0 || len(b.Content) == 0 {
		return false
	}
	x, err1 := dump.Digest(a.Content)
	y, err2 := dump.Digest(b.Content)
	return err1 == nil && err2 == nil && x == y
}

// stands reports whether a key is what a change left. One that the change gave
// a time may have reached it.
func stands(after journal.State, now journal.Image, at int64) bool {
	if !now.Exists {
		return !after.Exists || after.Deadline != 0 && after.Deadline <= at
	}
	if !after.Exists || !near(after.Deadline, now.Deadline) {
		return false
	}
	if !after.Altered {
		return true
	}
	sum, err := dump.Digest(now.Content)
	return err == nil && sum == after.Sum
}
