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

func newListing() *listing {
	return &listing{seed: maphash.MakeSeed(), in: make(map[int]*hashes.Recent)}
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

// has reports whether a scan found a key of late.
func (l *listing) has(db int, key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.in[db]
	return found != nil && found.Has(maphash.String(l.seed, key))
}
