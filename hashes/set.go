// Package hashes keeps sets of 64-bit hashes in little memory, where there are
// millions: eight bytes a place and no pointers for the collector to follow. It
// never hashes anything itself: what goes in must be even in all its bits, and
// not for others to choose, as maphash makes it.
package hashes

import "math/bits"

// Set is a set of hashes. The zero Set is empty. It is for one goroutine at a
// time. 0 and 1 count as the same hash.
//
// It is open to linear probing, doubles as it fills and is never more than three
// quarters full, so a look-up ends soon.
type Set struct {
	places []uint64 // a power of two of them; 0 is free
	held   int
}

// Len answers how many hashes are in the set.
func (s *Set) Len() int { return s.held }

// Has reports whether a hash is in the set.
func (s *Set) Has(h uint64) bool {
	if s.held == 0 {
		return false
	}
	h = max(h, 1)
	return s.places[s.place(h)] == h
}

// Add puts a hash into the set and reports whether it is new there.
func (s *Set) Add(h uint64) bool {
	if 4*s.held >= 3*len(s.places) {
		s.double()
	}
	h = max(h, 1)
	at := s.place(h)
	if s.places[at] == h {
		return false
	}
	s.places[at] = h
	s.held++
	return true
}

// Remove takes a hash out of the set, if it is there.
func (s *Set) Remove(h uint64) {
	if !s.Has(h) {
		return
	}
	mask := len(s.places) - 1
	gap := s.place(max(h, 1))
	s.places[gap] = 0
	s.held--
	// What stands behind the gap, up to the next free place, belongs elsewhere
	// or would no longer be found.
	for at := (gap + 1) & mask; s.places[at] != 0; at = (at + 1) & mask {
		moved := s.places[at]
		s.places[at] = 0
		s.places[s.place(moved)] = moved
	}
}

// Clear empties the set and keeps its memory.
func (s *Set) Clear() {
	clear(s.places)
	s.held = 0
}

// place answers where h is or belongs. Its upper bits choose where the search
// begins.
func (s *Set) place(h uint64) int {
	mask := len(s.places) - 1
	at := int(h >> (64 - bits.Len(uint(mask))))
	for s.places[at] != 0 && s.places[at] != h {
		at = (at + 1) & mask
	}
	return at
}

func (s *Set) double() {
	old := s.places
	s.places = make([]uint64, max(16, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			s.places[s.place(h)] = h
		}
	}
}
