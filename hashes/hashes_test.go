package hashes_test

import (
	"math/rand/v2"
	"testing"

	"github.com/helix-collective/helix/hashes"
)

// near are hashes that want the same few places, in a set of any size, among
// them the least and the greatest.
func near(r *rand.Rand) uint64 {
	low := uint64(r.IntN(40))
	if r.IntN(2) == 0 {
		return low
	}
	return ^low
}

func TestASetIsAsAMap(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		var s hashes.Set
		want := make(map[uint64]bool)
		for step := range 2000 {
			h := near(r)
			if r.IntN(4) == 0 {
				h = r.Uint64() >> r.IntN(3)
			}
			is := max(h, 1)
			switch r.IntN(3) {
			case 0:
				s.Remove(h)
				delete(want, is)
			default:
				if added := s.Add(h); added == want[is] {
					t.Fatalf("seed %d, step %d: adding %d answers %v", seed, step, h, added)
				}
				want[is] = true
			}
			if s.Len() != len(want) {
				t.Fatalf("seed %d, step %d: %d hashes, want %d", seed, step, s.Len(), len(want))
			}
		}
		for h := range want {
			if !s.Has(h) {
				t.Errorf("seed %d: %d is not found", seed, h)
			}
		}
		for range 1000 {
			if h := near(r); s.Has(h) != want[max(h, 1)] {
				t.Errorf("seed %d: %d is found: %v", seed, h, s.Has(h))
			}
		}
	}
}

func TestAnEmptySetHasNothing(t *testing.T) {
	var s hashes.Set
	s.Remove(5)
	if s.Has(0) || s.Has(5) || s.Len() != 0 {
		t.Error("an empty set has something")
	}
	s.Add(5)
	s.Clear()
	if s.Has(5) || s.Len() != 0 {
		t.Error("a set that was cleared has something")
	}
}

func TestRecentRemembersAGeneration(t *testing.T) {
	const generation = 100
	r := hashes.NewRecent(generation)
	hash := func(i int) uint64 { return uint64(i+1) * 0x9e3779b97f4a7c15 }
	for i := range 1000 {
		if !r.Add(hash(i)) {
			t.Fatalf("hash %d is taken for an earlier one", i)
		}
		for back := range min(i+1, generation) {
			if !r.Has(hash(i-back)) || r.Add(hash(i-back)) {
				t.Fatalf("after hash %d, %d is forgotten", i, i-back)
			}
		}
		if whole := i+1 < 2*generation; r.Whole() != whole {
			t.Fatalf("after %d hashes it is whole: %v", i+1, r.Whole())
		}
	}
	if r.Has(hash(0)) {
		t.Error("the first hash is remembered for ever")
	}
}
