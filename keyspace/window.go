package keyspace

import "hash/maphash"

// windowSize is how many keys one generation of a window remembers.
const windowSize = 512 << 10

// window remembers the keys added last: at least one generation of them, at
// most two. It grows with what it holds.
type window struct {
	seed          maphash.Seed
	size          int
	current, last map[uint64]struct{}
}

func newWindow(size int) *window {
	return &window{seed: maphash.MakeSeed(), size: size, current: make(map[uint64]struct{})}
}

// add remembers a key and reports whether it was not remembered already.
func (w *window) add(key []byte) bool {
	h := maphash.Bytes(w.seed, key)
	if _, ok := w.last[h]; ok {
		return false
	}
	before := len(w.current)
	w.current[h] = struct{}{}
	if len(w.current) == before {
		return false
	}
	if len(w.current) >= w.size {
		w.last, w.current = w.current, make(map[uint64]struct{}, w.size)
	}
	return true
}
