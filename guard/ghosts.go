package guard

import (
	"hash/maphash"
	"strings"
	"time"

	"github.com/helix-collective/helix/hashes"
)

// ghost is what a plan knows of a key: what it is, or will be once the plan is
// carried out as far as it has been recorded.
type ghost struct {
	deadline int64 // Unix ms; 0: never
	flags    ghostFlags
}

type ghostFlags uint8

const (
	present ghostFlags = 1 << iota // it exists
	touched                        // the plan changes it
	there                          // it existed before the plan
	copied                         // its value is in the shadow, altered
	opaque                         // what it will hold cannot be told
	vague                          // nor whether it will exist; then opaque and present are set as well
)

func (g ghost) is(f ghostFlags) bool { return g.flags&f != 0 }

// packed is a ghost in eight bytes: its deadline, below that its flags.
type packed uint64

const (
	flagBits = 6
	// farthest is the last deadline that there is room for, millions of years
	// ahead; a later one is taken for it.
	farthest = 1<<(63-flagBits) - 1
)

func (g ghost) packed() packed {
	return packed(min(uint64(g.deadline), farthest)<<flagBits | uint64(g.flags))
}

func (p packed) ghost() ghost {
	return ghost{deadline: int64(p >> flagBits), flags: ghostFlags(p & (1<<flagBits - 1))}
}

// takenAway is a key that was there and will not be.
func takenAway() ghost { return ghost{flags: touched | there} }

// ghosts are all the keys that a plan knows something of. Names are kept as
// hashes, since there may be millions: some thirty bytes a key, or half as much
// for one that is taken away.
type ghosts struct {
	seed maphash.Seed
	in   map[int]*realm
	all  bool // every database that is not in it will be empty
}

// realm is what is known of one database.
type realm struct {
	taken hashes.Set        // keys that are takenAway
	known map[uint64]packed // all others that the plan knows
	empty bool              // the plan has flushed it
	other bool              // the plan changes some of its keys
	delta int64             // how many keys more there will be than there are, or than a flush leaves
	vague int               // keys of which nobody can tell whether they will exist
}

func newGhosts() *ghosts { return &ghosts{seed: maphash.MakeSeed(), in: make(map[int]*realm)} }

func (gs *ghosts) realm(db int) *realm {
	r := gs.in[db]
	if r == nil {
		r = &realm{known: make(map[uint64]packed), empty: gs.all}
		gs.in[db] = r
	}
	return r
}

func (gs *ghosts) id(key string) uint64 { return maphash.String(gs.seed, key) }

// find answers what is known of a key. All keys of a flushed database are, but
// for Helix' own.
func (gs *ghosts) find(db int, key string) (ghost, bool) {
	return gs.realm(db).find(gs.id(key), key)
}

func (r *realm) find(id uint64, key string) (ghost, bool) {
	if r.taken.Has(id) {
		return takenAway(), true
	}
	g, ok := r.known[id]
	if !ok && r.empty && !isKept(key) {
		return takenAway(), true
	}
	return g.ghost(), ok
}

// isKept reports whether a flush leaves a key.
func isKept(key string) bool { return strings.HasPrefix(key, "{helix}:") }

// set notes what a key will be.
func (gs *ghosts) set(db int, key string, g ghost) {
	was, _ := gs.find(db, key)
	gs.become(db, key, was, g)
}

// become notes what a key will be that would be something else until then.
func (gs *ghosts) become(db int, key string, was, g ghost) {
	r := gs.realm(db)
	r.count(was, g)
	r.keep(gs.id(key), g)
}

// count notes that a key that would be one thing will be another.
func (r *realm) count(was, g ghost) {
	r.other = true
	switch {
	case was.is(present) && !g.is(present):
		r.delta--
	case !was.is(present) && g.is(present) && g.is(touched):
		r.delta++
	}
	if was.is(vague) {
		r.vague--
	}
	if g.is(vague) {
		r.vague++
	}
}

// keep notes what a key is, in the place of what was known of it.
func (r *realm) keep(id uint64, g ghost) {
	if g == takenAway() {
		delete(r.known, id)
		r.taken.Add(id)
		return
	}
	r.taken.Remove(id)
	r.known[id] = g.packed()
}

// seen notes what a key is, before the plan does anything to it.
func (gs *ghosts) seen(db int, key string, exists bool, deadline int64) {
	g := ghost{deadline: deadline}
	if exists {
		g.flags = present | there
	}
	gs.realm(db).keep(gs.id(key), g)
}

// flush notes that a database will be empty.
func (gs *ghosts) flush(db int) { gs.in[db] = &realm{known: make(map[uint64]packed), empty: true} }

// flushAll notes that all databases will be.
func (gs *ghosts) flushAll() { gs.in, gs.all = make(map[int]*realm), true }

// left answers how much longer a key will live, as PTTL does.
func (g ghost) left(now time.Time) int64 {
	switch {
	case !g.is(present):
		return -2
	case g.deadline == 0:
		return -1
	}
	return max(g.deadline-now.UnixMilli(), 0)
}
