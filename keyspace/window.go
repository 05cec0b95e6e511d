package keyspace

import (
	"hash/maphash"

	"github.com/helix-collective/helix/hashes"
)

// generation is how many keys each half of a scan's window remembers.
const generation = 768 << 10

// window remembers the keys that were visited last: at least one generation,
// at most two, which costs at most 16 MiB (and 128 bytes for a small scan).
//
// Why that suffices. SCAN walks the buckets of a hash table so that those which
// a smaller table would hold together follow each other. A table that grows
// therefore repeats nothing. One that shrinks to n buckets repeats at most what
// was visited of the one small bucket that the cursor stands in: keys visited
// within the last 1/n of the table. So a repetition gets past the window only
// if a table of more than three quarters of a million times n keys shrinks to n
// buckets at once, as when thirty million keys become thirty. In a Cluster a key
// may also come again because its slot moved to a master that was not done; that
// is recognised within the window only.
//
// Kept are 64-bit hashes under a seed of the scan's own, so no choice of key
// names can make them collide on purpose. Two different keys are taken for one,
// and the later left out, with odds of one in 2^64 for each pair of a key and a
// remembered one: for a million keys below one in 3·10^7 for the whole scan.
type window struct {
	seed   maphash.Seed
	hashes *hashes.Recent
}

func newWindow(size int) *window {
	return &window{seed: maphash.MakeSeed(), hashes: hashes.NewRecent(size)}
}

// add remembers a key and reports whether it is new to the window.
func (w *window) add(key []byte) bool { return w.hashes.Add(maphash.Bytes(w.seed, key)) }

// whole reports whether every key ever added is still remembered.
func (w *window) whole() bool { return w.hashes.Whole() }
