package change

import (
	"hash/maphash"
	"strconv"

	"github.com/helix-collective/helix/dump"
	"github.com/helix-collective/helix/journal"
)

// Verdict is what became of a key that was to be as before.
type Verdict int

// The verdicts, the graver behind.
const (
	Same     Verdict = iota // it was as before already
	Restored                // it is as before
	Since                   // somebody changed it since, so it was left
	Unkept                  // what it held was too large to be kept
	Unsure                  // it was given a value too large to be looked at, so it was left
	Failed                  // the server refused
)

// Entry is what a journal tells of one key: what it held before a change, and
// what it held right after it.
type Entry struct {
	Before journal.Image
	After  journal.State
}

// Void reports whether there is nothing to take back: nothing was done to the
// key, or it was left as it had been.
func (e Entry) Void() bool {
	switch {
	case e.After.Deadline == journal.Voided:
		return true
	case !e.Before.Exists || !e.After.Exists:
		return e.Before.Exists == e.After.Exists
	case !near(e.Before.Deadline, e.After.Deadline):
		return false
	}
	return !e.After.Altered || isSummed(e.After) && e.After.Sum == digestOf(e.Before)
}

// Changed reports whether the key is not what it was before. One that was
// written to counts, whether or not it got another value.
func (e Entry) Changed() bool {
	return !e.Void() && (e.Before.Exists != e.After.Exists || e.After.Altered || e.After.Exists && e.Before.Deadline != e.After.Deadline)
}

// Overwritten reports whether somebody changed the key after the change, so that
// what they did is lost where this is taken back all the same.
func (e Entry) Overwritten(now journal.Image, at int64) bool {
	unsure := now.Exists && e.After.Exists && e.After.Altered && !isSummed(e.After)
	same := !now.Exists && !e.Before.Exists || e.Before.Exists && equal(e.Before, now)
	return !unsure && !same && !e.stands(now, at)
}

// Undoing takes changes back, the last one first.
type Undoing struct {
	force bool
	seed  maphash.Seed
	fates map[uint64]fate // of keys, as the last step for them left it
}

// fate is what became of a key so far.
type fate struct {
	verdict Verdict
	known   bool // a step has been made for it
	adrift  bool // somebody changed it since: it is not to be touched any more
}

// NewUndoing returns an Undoing; with force it also takes back what somebody
// changed since.
func NewUndoing(force bool) *Undoing {
	return &Undoing{force: force, seed: maphash.MakeSeed(), fates: make(map[uint64]fate)}
}

// Step answers the step that makes a key what it was. Its Note is a *Verdict,
// which holds once the step is done. Steps have to be made in the order in
// which their entries come from the journal, from its end on.
func (u *Undoing) Step(e Entry) Step {
	verdict := new(Verdict)
	return Step{
		DB:   e.Before.DB,
		Keys: []Key{{Name: string(e.Before.Name), Alters: true, Compared: isSummed(e.After)}},
		Note: verdict,
		Decide: func(now journal.Image, at int64) (argv []string) {
			id := u.id(now.DB, string(now.Name))
			was := u.fates[id]
			is := fate{known: true, adrift: was.adrift || !was.known && !u.force && !e.stands(now, at)}
			argv, is.verdict = u.decide(e, now, at, was.verdict, is.adrift)
			if is.verdict == Same && was.verdict == Restored {
				is.verdict = Restored
			}
			u.fates[id], *verdict = is, is.verdict
			return argv
		},
	}
}

// Fail notes that the server refused a step.
func (u *Undoing) Fail(s Step) {
	*s.Note.(*Verdict) = Failed
	u.fates[u.id(s.DB, s.Keys[0].Name)] = fate{verdict: Failed, known: true}
}

// Forget takes in that a step was not made.
func (u *Undoing) Forget(s Step) { delete(u.fates, u.id(s.DB, s.Keys[0].Name)) }

// Counts answers how many keys came to each verdict, each key once.
func (u *Undoing) Counts() map[Verdict]int64 {
	counts := make(map[Verdict]int64)
	for _, f := range u.fates {
		counts[f.verdict]++
	}
	return counts
}

func (u *Undoing) id(db int, name string) uint64 {
	return maphash.String(u.seed, strconv.Itoa(db)+" "+name)
}

// decide answers how to make a key what it was before an entry, if it may be.
// last is what the entry after it came to.
func (u *Undoing) decide(e Entry, now journal.Image, at int64, last Verdict, adrift bool) ([]string, Verdict) {
	before := e.Before
	gone := !before.Exists || before.Deadline != 0 && before.Deadline <= at
	name := string(now.Name)
	switch {
	case last == Unsure || last == Failed:
		return nil, last
	case gone && !now.Exists, !gone && equal(before, now), !gone && untouched(e, now):
		return nil, Same
	case now.Exists && e.After.Exists && e.After.Altered && !isSummed(e.After):
		return nil, Unsure // it may be the only place where a large value is now
	case adrift, !u.force && last != Unkept && !e.stands(now, at):
		return nil, Since
	case gone:
		return []string{"UNLINK", name}, Restored
	case now.Exists && (!e.After.Altered && !u.force && last != Unkept || sameContent(before, now)):
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
	sum := digestOf(a)
	return sum != dump.Sum{} && sum == digestOf(b)
}

// digestOf answers the sum of what a key held, and the zero Sum where that is
// not known.
func digestOf(image journal.Image) dump.Sum {
	sum, err := dump.Digest(image.Content)
	if err != nil {
		return dump.Sum{}
	}
	return sum
}

// isSummed reports whether it is known what value a change left.
func isSummed(after journal.State) bool { return after.Altered && dump.Sum(after.Sum) != dump.Sum{} }

// stands reports whether a key is what a change left. One that the change gave
// a time may have reached it. Of a value too large to be kept, where only the
// deadline was changed, it is not known.
func (e Entry) stands(now journal.Image, at int64) bool {
	after := e.After
	switch {
	case !now.Exists:
		return !after.Exists || after.Deadline != 0 && after.Deadline <= at
	case !after.Exists || !near(after.Deadline, now.Deadline):
		return false
	case after.Altered:
		return isSummed(after) && after.Sum == digestOf(now)
	}
	return len(e.Before.Content) == 0 || sameContent(e.Before, now)
}
