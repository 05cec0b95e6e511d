package guard_test

import (
	"fmt"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/permissions"

	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/internal/redistest"
)

// TestScansArePacedAndFollowed holds that every way to scan leaves the server
// its share of the time, and tells how far it is.
func TestScansArePacedAndFollowed(t *testing.T) {
	server := redistest.Any(t)
	target, err := dial.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	pool := dial.NewPool(target, dial.Options{PoolSize: 2})
	t.Cleanup(func() { pool.Close() })
	policy, err := permissions.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	var last keyspace.Progress
	g := guard.New(pool, policy, guard.Options{Share: func() int { asked++; return 90 }}).
		WithProgress(func(p keyspace.Progress) { last = p })
	for i := range 500 {
		if err := server.Client().Set(t.Context(), fmt.Sprintf("session:%d", i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"keys", "session:*"}, {"--no-raw", "keys", "session:*"}, {"--scan", "--pattern", "session:*"}} {
		asked, last = 0, keyspace.Progress{}
		var out sink
		if _, err := g.Do(t.Context(), everyone, args, &out, &out); err != nil {
			t.Fatal(err)
		}
		if asked == 0 || last.Keys != 500 || last.Total != 500 {
			t.Errorf("%q: the share was asked for %d times; at last it was told %+v", args, asked, last)
		}
	}
}
