package guard

import (
	"hash/maphash"
	"strconv"
	"strings"
	"time"
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
)

func (g ghost) is(f ghostFlags) bool { return g.flags&f != 0 }

// ghosts are all the keys that a plan knows something of. Names are kept as
// hashes, some twenty bytes a key, since there may be millions.
type ghosts struct {
	seed  maphash.Seed
	known map[uint64]ghost
	empty map[int]int // how often the plan has flushed a database
	delta map[int]int64
}

func newGhosts() *ghosts {
	return &ghosts{seed: maphash.MakeSeed(), known: make(map[uint64]ghost), empty: make(map[int]int), delta: make(map[int]int64)}
}

func (gs *ghosts) id(db int, key string) uint64 {
	var h maphash.Hash
	h.SetSeed(gs.seed)
	h.WriteString(strconv.Itoa(db))
	h.WriteByte(' ')
	h.WriteString(strconv.Itoa(gs.empty[db])) // what was known before a flush is not any more
	h.WriteByte(' ')
	h.WriteString(key)
	return h.Sum64()
}

// find answers what is known of a key. All keys of a flushed database are, but
// for Helix' own.
func (gs *ghosts) find(db int, key string) (ghost, bool) {
	g, ok := gs.known[gs.id(db, key)]
	if !ok && gs.empty[db] > 0 && !strings.HasPrefix(key, "{helix}:") {
		return ghost{flags: touched | there}, true
	}
	return g, ok
}

// set notes what a key will be.
func (gs *ghosts) set(db int, key string, g ghost) {
	was, _ := gs.find(db, key)
	switch {
	case was.is(present) && !g.is(present):
		gs.delta[db]--
	case !was.is(present) && g.is(present) && g.is(touched):
		gs.delta[db]++
	}
	gs.known[gs.id(db, key)] = g
}

// seen notes what a key is, before the plan does anything to it.
func (gs *ghosts) seen(db int, key string, exists bool, deadline int64) {
	g := ghost{deadline: deadline}
	if exists {
		g.flags = present | there
	}
	gs.known[gs.id(db, key)] = g
}

// flush notes that a database will be empty.
func (gs *ghosts) flush(db int) {
	gs.empty[db]++
	gs.delta[db] = 0
}

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
