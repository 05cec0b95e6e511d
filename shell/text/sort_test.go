package text_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/helix-collective/helix/shell"
)

// TestSortHoldsCopiesOnce sorts far more lines than it may hold, of few different
// ones that come back late: what counts who has the most sessions does so.
func TestSortHoldsCopiesOnce(t *testing.T) {
	const different, each = 150_000, 6
	lines := make([][]byte, 0, different*each)
	for i := range different * each {
		lines = append(lines, fmt.Appendf(nil, "u%d@example.com\n", i/each))
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(lines), func(i, k int) { lines[i], lines[k] = lines[k], lines[i] })
	in := bytes.Join(lines, nil)
	got := runWithin(t.Context(), t, shell.Limits{Held: int64(len(in) / 2), Output: int64(2 * len(in))}, string(in), "sort")
	slices.SortFunc(lines, bytes.Compare)
	if want := bytes.Join(lines, nil); got.err != nil || got.stdout != string(want) {
		t.Errorf("%d of %d bytes, status %d, %v %s", len(got.stdout), len(want), got.status, got.err, got.stderr)
	}
}
