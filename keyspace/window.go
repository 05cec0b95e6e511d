package keyspace

import (
	"hash/maphash"
	"math/bits"
)

// generation is how many keys each half of a scan's window remembers.
const generation = 512 << 10

// window remembers the keys that were visited last: at least one generation,
// at most two, which costs at most 16 MiB (and 128 bytes for a small scan).
//
// Why that suffices. SCAN walks the buckets of a hash table so that those which
// a smaller table would hold together follow each other. A table that grows
// therefore repeats nothing. One that shrinks to n buckets repeats at most what
// was visited of the one small bucket that the cursor stands in: keys visited
// within the last 1/n of the table. So a repetition gets past the window only
// if a table of more than half a million times n keys shrinks to n buckets at
// once, as when twenty million keys become thirty. In a Cluster a key may also
// come again because its slot moved to a master that was not done; that is
// recognised within the window only.
//
// Kept are 64-bit hashes under a seed of the scan's own, so no choice of key
// names can make them collide on purpose. Two different keys are taken for one,
// and the later left out, with odds of one in 2^64 for each pair of a key and a
// remembered one: for a million keys below one in 3·10^7 for the whole scan.
type window struct {
	seed          maphash.Seed
	size          int
	newest, older hashes
	dropped       bool // a generation has been forgotten
}

func newWindow(size int) *window {
	return &window{seed: maphash.MakeSeed(), size: size}
}

// add remembers a key and reports whether it is new to the window.
func (w *window) add(key []byte) bool {
	h := max(maphash.Bytes(w.seed, key), 1) // 0 marks a free place
	if w.older.has(h) || !w.newest.add(h) {
		return false
	}
	if w.newest.held >= w.size {
		w.dropped = w.dropped || w.older.held > 0
		w.newest, w.older = w.older.emptied(), w.newest
	}
	return true
}

// whole reports whether every key ever added is still remembered.
func (w *window) whole() bool { return !w.dropped }

// hashes is a set of non-zero hashes, open to linear probing. It doubles as it
// fills and is never more than half full, so a look-up ends soon.
type hashes struct {
	places []uint64 // a power of two of them; 0 is free
	held   int
}

// place answers where h is or belongs. A hash is even in all its bits; its
// upper ones choose the place.
func (s *hashes) place(h uint64) int {
	mask := len(s.places) - 1
	at := int(h >> (64 - bits.Len(uint(mask))))
	for s.places[at] != 0 && s.places[at] != h {
		at = (at + 1) & mask
	}
	return at
}

func (s *hashes) has(h uint64) bool {
	return s.held > 0 && s.places[s.place(h)] == h
}

func (s *hashes) add(h uint64) bool {
	if 2*s.held >= len(s.places) {
		s.double()
	}
	at := s.place(h)
	if s.places[at] == h {
		return false
	}
	s.places[at] = h
	s.held++
	return true
}

func (s *hashes) double() {
	old := s.places
	s.places = make([]uint64, max(16, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			s.places[s.place(h)] = h
		}
	}
}

// emptied answers the set without its hashes, in the same memory.
func (s hashes) emptied() hashes {
	clear(s.places)
	return hashes{places: s.places}
}
