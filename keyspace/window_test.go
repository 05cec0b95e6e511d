package keyspace

import (
	"fmt"
	"testing"
)

func TestAWindowRemembersAGeneration(t *testing.T) {
	const size = 100
	w := newWindow(size)
	key := func(i int) []byte { return fmt.Appendf(nil, "key:%d", i) }
	for i := range 1000 {
		if !w.add(key(i)) {
			t.Fatalf("key %d is taken for an earlier one", i)
		}
		for back := range min(i+1, size) {
			if w.add(key(i - back)) {
				t.Fatalf("after key %d, key %d is forgotten", i, i-back)
			}
		}
		if whole := i+1 < 2*size; w.whole() != whole {
			t.Fatalf("after %d keys it is whole: %v", i+1, w.whole())
		}
	}
	if !w.add(key(0)) {
		t.Error("the first key is remembered for ever")
	}
}
