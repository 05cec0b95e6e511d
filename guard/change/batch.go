package change

import (
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/helix-collective/helix/journal"
)

// batch is what is kept at once in the journal, and then made, one transaction
// after another; in a Cluster side by side.
type batch struct {
	db        int
	steps     []Step
	units     []*unit
	scattered bool          // over several servers
	blind     bool          // what its keys hold is neither kept nor looked at
	attempt   int           // how often others were in its way
	took      time.Duration // of the transactions
}

func newBatch(steps []Step) *batch { return &batch{db: steps[0].DB, steps: steps} }

// apart reports whether the batch is a single step without keys.
func (b *batch) apart() bool { return len(b.steps[0].Keys) == 0 }

// alone reports whether what comes next must not be looked at before the batch
// is made: steps decide by what they find.
func (b *batch) alone() bool {
	return b.apart() || slices.ContainsFunc(b.steps, Step.looks)
}

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

// voided is the deadline in a state that says that nothing was done to a key,
// and that what was kept of it is not what it held then.
const voided = -1

func (b *batch) images() [][]journal.Image {
	list := make([][]journal.Image, len(b.units))
	for i, u := range b.units {
		list[i] = u.images
	}
	return list
}

// left answers what the journal is to tell of the keys afterwards.
func (u *unit) left() []journal.State {
	if u.outcome != made || u.late != nil {
		return slices.Repeat([]journal.State{{Deadline: voided}}, len(u.images))
	}
	return u.states
}

func (b *batch) keys() int {
	n := 0
	for _, u := range b.units {
		n += len(u.names)
	}
	return n
}

// unmade lists the steps that nothing was done of.
func (b *batch) unmade() []Step {
	var list []Step
	for _, u := range b.units {
		if u.outcome != made {
			list = append(list, u.steps...)
		}
	}
	return list
}

// refused reports whether the server took one of the commands for wrong.
func (b *batch) refused() bool {
	for _, u := range b.units {
		if u.outcome == refused {
			return true
		}
	}
	return false
}

// name is what a step is called in messages.
func (s Step) name() string {
	if len(s.Argv) == 0 {
		return "a change"
	}
	return s.Argv[0]
}

// gather takes the next steps that may go together.
func (r *run) gather() (*batch, error) {
	var g gathering
	for g.bytes < maxBatch {
		s, ok, err := r.source.take()
		if err != nil && len(g.steps) == 0 {
			return nil, err
		}
		if !ok { // an error comes again, once the steps before it are made
			break
		}
		s = r.fit(s, r.capacity(s)-g.keys)
		if !g.add(s) {
			r.source.giveBack(s)
			break
		}
		if len(s.Keys) == 0 || g.keys >= r.capacity(s) {
			break
		}
	}
	if len(g.steps) == 0 {
		return nil, nil
	}
	return newBatch(g.steps), nil
}

// capacity is how many keys of such steps go in a batch.
func (r *run) capacity(s Step) int {
	if r.scriptable(s) && !r.odd.Load() {
		return r.size.keys()
	}
	return min(r.size.keys(), mostWatched)
}

// fit answers a step, or where it has Each as much of it as there is room for.
func (r *run) fit(s Step, room int) Step {
	if !s.Each || len(s.Keys) <= max(room, 1) {
		return s
	}
	s, rest := s.begun().split(max(room, 1))
	r.source.giveBack(rest)
	return s
}

// gathering is steps that may go together.
type gathering struct {
	steps       []Step
	keys, bytes int
	names       map[string]bool
	seed        maphash.Seed
	ids         map[uint64]struct{} // of the keys of steps that have Each, hashes
	repeated    bool                // a key is changed by several of them
}

// add takes a step, unless it has to wait for those before it: such as share a
// key go in one transaction, or else one after another.
func (g *gathering) add(s Step) bool {
	if s.Each || len(g.steps) > 0 && g.steps[0].Each {
		return g.addEach(s)
	}
	repeats := slices.ContainsFunc(s.Keys, func(k Key) bool { return g.names[k.Name] })
	switch {
	case len(g.steps) == 0:
		g.names = make(map[string]bool)
	case s.DB != g.steps[0].DB, len(s.Keys) == 0:
		return false
	case repeats && s.looks():
		return false
	case (repeats || g.repeated) && g.keys+len(s.Keys) > perUnit:
		return false
	}
	g.steps = append(g.steps, s)
	g.keys += len(s.Keys)
	g.bytes += s.bytes()
	g.repeated = g.repeated || repeats
	for _, k := range s.Keys {
		g.names[k.Name] = true
	}
	return true
}

// addEach takes a step that has Each, which go only with their like, and with
// other keys.
func (g *gathering) addEach(s Step) bool {
	if len(g.steps) > 0 && (!g.steps[0].Each || !s.Each || s.DB != g.steps[0].DB || g.meets(s)) {
		return false
	}
	g.note(s)
	g.steps = append(g.steps, s.begun())
	g.keys += len(s.Keys)
	g.bytes += s.bytes()
	return true
}

// meets reports whether a step that has Each may share a key with those before.
func (g *gathering) meets(s Step) bool {
	return slices.ContainsFunc(s.Keys, func(k Key) bool {
		_, known := g.ids[maphash.String(g.seed, k.Name)]
		return known
	})
}

func (g *gathering) note(s Step) {
	if g.ids == nil {
		g.seed, g.ids = maphash.MakeSeed(), make(map[uint64]struct{}, most)
	}
	for _, k := range s.Keys {
		g.ids[maphash.String(g.seed, k.Name)] = struct{}{}
	}
}

// looks reports whether a step depends on what its keys hold.
func (s Step) looks() bool { return s.Decide != nil || len(s.Absent) > 0 }

// maxBatch bounds the bytes of a batch's words, and of what its keys hold.
const maxBatch = 4 << 20

func (s Step) bytes() int {
	n := 0
	for _, w := range s.Argv {
		n += len(w)
	}
	if !s.Each {
		return n
	}
	n *= len(s.Keys)
	for _, k := range s.Keys {
		n += len(k.Name)
	}
	return n
}

var errNoKeys = errors.New("the step has no keys")

// sizer finds how many keys keep the server busy for about as long as they may.
// It is asked while a batch goes on from which it learns.
type sizer struct {
	mu  sync.Mutex
	now float64
}

const (
	aim     = 25 * time.Millisecond // for a batch, the ways there and back included
	fewest  = 16
	most    = 4096
	inFirst = 64

	mostWatched = 1600 // if the keys are watched, or each has commands of its own

	// perUnit bounds the keys of one transaction whose keys are watched: WATCH
	// compares every key with all that its connection watches already.
	perUnit = 100
)

func newSizer() *sizer { return &sizer{now: inFirst} }

func (s *sizer) keys() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.now)
}

// learn takes in how long a transaction over so many keys took. The number
// never more than doubles at once, and one that was held up by something else
// halves it at most.
func (s *sizer) learn(keys int, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if keys == 0 || keys < int(s.now)/2 && took < aim {
		return // too few to tell
	}
	want := float64(keys) * float64(aim) / float64(max(took, time.Microsecond))
	s.now = min(max(want, s.now/2, fewest), 2*s.now, most)
}
