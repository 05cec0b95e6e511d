package guard

import (
	"hash/maphash"
	"sync"

	"github.com/helix-collective/helix/hashes"
)

// listedKeys is how many keys of a database a listing remembers at least, which
// are more than pipes and xargs hold between a scan and what takes its keys.
const listedKeys = 48 << 10

// listing remembers which keys the scans of a program found last, in at most
// 1 MiB a database. Its methods may be called from several goroutines.
type listing struct {
	seed maphash.Seed

	mu sync.Mutex
	in map[int]*hashes.Recent
}

// newListing returns an empty listing, which tells keys apart by their hashes
// under seed.
func newListing(seed maphash.Seed) *listing {
	return &listing{seed: seed, in: make(map[int]*hashes.Recent)}
}

// add notes keys that a scan has just found.
func (l *listing) add(db int, keys [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.in[db]
	if found == nil {
		found = hashes.NewRecent(listedKeys)
		l.in[db] = found
	}
	for _, key := range keys {
		found.Add(maphash.Bytes(l.seed, key))
	}
}

// has reports whether a scan found a key with this hash of late.
func (l *listing) has(db int, id uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.in[db]
	return found != nil && found.Has(id)
}
