package guard_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
)

// TestAProgramEndsWhereTheServerRefusesAllOfIt holds that a refused call prints
// what the server says, as redis-cli does, but that many are not tried in vain.
func TestAProgramEndsWhereTheServerRefusesAllOfIt(t *testing.T) {
	b := newBench(t, redistest.Standalone(t, "--maxmemory", "1").URL())
	b.making(t)
	owner := permissions.Member{Local: true}
	printed, done := 0, 0
	var halted *guard.Halted
	for ; done < 100 && halted == nil; done++ {
		r := b.do(t, owner, "set", "k", fmt.Sprint(done))
		if r.err != nil && !errors.As(r.err, &halted) {
			t.Fatal(r.err)
		}
		printed += strings.Count(r.stdout, "OOM command not allowed")
	}
	if halted == nil || halted.Code != "OOM" || printed != done-1 || printed > 20 {
		t.Errorf("%d calls, %d answers, %v", done, printed, halted)
	}
	var batch [][]string
	for i := range 5000 {
		batch = append(batch, []string{"set", fmt.Sprint(i), "v"})
	}
	var out sink
	if _, err := b.DoBatch(t.Context(), owner, batch, &out, io.Discard); !errors.As(err, &halted) || out.String() != "" {
		t.Errorf("many at once: %v, printed %q", err, out.String())
	}
}
