package chaos

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/redis/go-redis/v9"
)

// Some of the keys that a plan changes were there before.
const (
	before     = "before"
	beforeIn   = 24 // of how many plans of a round
	beforeUpTo = 60 // of each: every third key up to this one
)

// earlier answers what the nth key of a plan held before; empty: it was not there.
func (a *ask) earlier(n int) string {
	if a.nth <= beforeIn && n <= beforeUpTo && n%3 == 0 {
		return before
	}
	return ""
}

func (a *ask) key(n int) string { return fmt.Sprintf("%s:%d", a.mark, n) }

// lay puts there what some of the plans of a round are to change, and waits until
// all replicas have it.
func (g *ground) lay(round int) {
	g.t.Helper()
	ctx := context.Background()
	_, err := g.judge.Pipelined(ctx, func(p redis.Pipeliner) error {
		for nth := 1; nth <= beforeIn; nth++ {
			a := &ask{mark: markOf(round, "#plan", nth), nth: nth}
			for n := 3; n <= beforeUpTo; n += 3 {
				p.Set(ctx, a.key(n), a.earlier(n), 0)
			}
		}
		return nil
	})
	g.must(err)
	for _, n := range g.nodes {
		_, at := n.offsets(ctx)
		redistest.Eventually(g.t, "the replicas have what was laid", func(ctx context.Context) bool {
			replicas, _ := n.offsets(ctx)
			return !slices.ContainsFunc(replicas, func(offset int) bool { return offset < at })
		})
	}
}

// offsets answers how far the replicas of a server have come, as far as it knows, and
// how far itself.
func (n *node) offsets(ctx context.Context) (replicas []int, own int) {
	info, _ := n.direct.Info(ctx, "replication").Result() // without an answer there are none
	for _, found := range replicaOffset.FindAllStringSubmatch(info, -1) {
		offset, _ := strconv.Atoi(found[1]) // they are digits
		replicas = append(replicas, offset)
	}
	own, _ = number(masterOffset, info)
	return replicas, own
}

var (
	masterOffset  = regexp.MustCompile(`master_repl_offset:(\d+)`)
	replicaOffset = regexp.MustCompile(`slave\d+:.*,offset=(\d+),`)
)
