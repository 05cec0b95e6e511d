package change

import (
	"slices"
	"time"

	"github.com/helix-collective/helix/journal"
)

// outcome is what became of a transaction.
type outcome int

const (
	conflicted outcome = iota // nothing was done: a key changed before it could be
	refused                   // nothing was done: the server took one of the commands for wrong
	made
)

// unit is one transaction.
type unit struct {
	session *session
	number  int64 // counts the transactions of an engine
	marked  bool  // it notes that number in Redis
	marker  place // where
	note    note  // and what stands there afterwards
	steps   []Step
	names   []string        // of the keys, each once
	fates   []fated         // what becomes of each
	index   map[string]int  // where each stands; nil while the unit has a single step
	images  []journal.Image // what the keys held, one for each name
	large   []bool          // of those, which are too large to be kept
	heavy   []bool          // which may become too large to be compared afterwards; nil: none
	at      int64           // when that was, in Unix milliseconds by the server's clock

	commands  [][]string // one for each step, or for each key of one that has Each; nil leaves it alone
	outcome   outcome
	doubtful  bool     // its answer got lost, and it was not made when that was asked
	replies   [][]byte // one for each command; nil where they got lost
	states    []journal.State
	scripted  bool            // it was sent as a script
	unwatched bool            // its keys are: a script compares them with the images
	texts     []string        // what these hold, if that is compared; nil: only when they end
	late      []journal.Image // what the keys held right before, where that is not what images say
}

// fated is what the steps of a transaction do to a key.
type fated struct {
	alters bool          // it may get another value
	ends   bool          // it does not exist afterwards
	close  bool          // it is looked at although it is large
	lives  time.Duration // only its time to live changes, to this; 0: anything else
	by     int           // the command that does that
}

func newUnit() *unit { return &unit{} }

func (u *unit) add(s Step) {
	u.steps = append(u.steps, s)
	switch {
	case len(u.steps) == 1:
		u.names, u.fates = make([]string, 0, len(s.Keys)), make([]fated, 0, len(s.Keys))
	case u.index == nil:
		u.index = make(map[string]int, 2*len(u.names))
		for i, name := range u.names {
			u.index[name] = i
		}
	}
	for i, k := range s.Keys {
		command := len(u.steps) - 1
		if s.Each {
			command = i
		}
		u.meet(k, command)
	}
}

// meet takes in what a command does to a key.
func (u *unit) meet(k Key, command int) {
	i, known := u.index[k.Name]
	if !known {
		i = len(u.names)
		u.names, u.fates = append(u.names, k.Name), append(u.fates, fated{lives: k.Lives, by: command})
	} else {
		u.fates[i].lives = 0
	}
	if u.index != nil {
		u.index[k.Name] = i
	}
	f := &u.fates[i]
	f.alters, f.ends, f.close = f.alters || k.Alters, k.Ends, f.close || k.Compared
}

// place answers where a key stands.
func (u *unit) place(name string) int {
	if i, ok := u.index[name]; ok {
		return i
	}
	return slices.Index(u.names, name)
}

// lost lists the keys of a step that are another now, and whose value before is
// not in the journal. Each key is told with the first step that changes it.
func (u *unit) lost(step int) []string {
	if !slices.Contains(u.large, true) {
		return nil
	}
	var list []string
	for _, k := range u.steps[step].Keys {
		i := u.place(k.Name)
		if !u.large[i] || !u.images[i].Exists || u.states[i].Exists && !u.fates[i].alters {
			continue
		}
		if !slices.ContainsFunc(u.steps[:step], func(s Step) bool { return s.changes(k.Name) }) {
			list = append(list, k.Name)
		}
	}
	return list
}

func (s Step) changes(name string) bool {
	return slices.ContainsFunc(s.Keys, func(k Key) bool { return k.Name == name })
}

// limit is how large a key may be for its value to be asked for, in bytes.
func (u *unit) limit(i int) int64 { return Key{Compared: u.fates[i].close}.limit() }

func (k Key) limit() int64 {
	if k.Compared {
		return MaxCompared
	}
	return MaxKept
}

// weigh tells which keys are too large to be kept, and which must not be asked
// for their values after the change either: what changes them may make them too
// large for that.
func (u *unit) weigh(sizes map[string]int64) {
	u.large, u.heavy = make([]bool, len(u.names)), make([]bool, len(u.names))
	totals := make(map[string]int64, len(u.names))
	for _, name := range u.names {
		totals[name] = sizes[name]
	}
	for _, s := range u.steps {
		added := int64(s.bytes())
		for _, k := range s.Keys {
			if k.Alters {
				continue
			}
			added += totals[k.Name] // its value may go to another
			if sizes[k.Name] > MaxKept {
				added += MaxCompared
			}
		}
		for _, k := range s.Keys {
			totals[k.Name] += added
		}
	}
	for i, name := range u.names {
		u.large[i], u.heavy[i] = sizes[name] > u.limit(i), totals[name] > MaxCompared
	}
}

// decide settles what the commands are, now that it is known what the keys hold.
func (u *unit) decide() {
	if u.steps[0].Each {
		u.commands = u.steps[0].each()
		return
	}
	u.commands = make([][]string, len(u.steps))
	for i, s := range u.steps {
		u.commands[i] = s.Argv
		if s.Decide != nil {
			u.commands[i] = s.Decide(u.imageOf(s.Keys[0].Name), u.at)
		}
		if slices.ContainsFunc(s.Absent, func(name string) bool { return u.imageOf(name).Exists }) {
			u.commands[i] = nil
		}
	}
}

func (u *unit) imageOf(name string) journal.Image { return u.images[u.place(name)] }

// idle reports whether there is nothing to be done.
func (u *unit) idle() bool {
	for _, c := range u.commands {
		if c != nil {
			return false
		}
	}
	return true
}

// unchanged answers the states of keys that nothing was done to.
func (u *unit) unchanged() []journal.State {
	states := make([]journal.State, len(u.images))
	for i, image := range u.images {
		states[i] = journal.State{Exists: image.Exists, Deadline: image.Deadline}
	}
	return states
}

// left answers what the journal is to tell of the keys afterwards.
func (u *unit) left() []journal.State {
	if u.outcome != made || u.late != nil {
		return slices.Repeat([]journal.State{{Deadline: journal.Voided}}, len(u.images))
	}
	return u.states
}
