package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// fewSentinels is below how many the loss of one leaves no majority.
const fewSentinels = 3

// Sentinels asks each Sentinel about a master: whether it answers, whom it names,
// and whether enough of them agree that a replica could take over.
func Sentinels(ctx context.Context, all map[string]*redis.SentinelClient, master string) []Finding {
	f := Finding{Name: "Redis Sentinels", Level: Warning}
	var silent, noQuorum []string
	named := make(map[string]bool)
	known := 0
	for _, addr := range slices.Sorted(maps.Keys(all)) {
		is, err := all[addr].Master(ctx, master).Result()
		if err != nil {
			silent = append(silent, fmt.Sprintf("%s (%v)", addr, err))
			continue
		}
		named[is["ip"]+":"+is["port"]] = true
		others := int(fields(is).int("num-other-sentinels"))
		known = max(known, others+1)
		if err := all[addr].CkQuorum(ctx, master).Err(); err != nil {
			noQuorum = append(noQuorum, fmt.Sprintf("%s: %v", addr, err))
		}
	}
	switch {
	case len(silent) == len(all):
		f.Level, f.Detail = Fatal, "None answers: "+strings.Join(silent, ", ")+"."
		f.Mend = "Check that they run and that REDIS_URL names their ports (26379 by default) and the master's name; if they ask for a password, set redis.sentinel_password."
	case len(silent) > 0:
		f.Detail = "These do not answer: " + strings.Join(silent, ", ") + "."
		f.Mend = "Start them again, or take them out of REDIS_URL."
	case len(named) > 1:
		f.Detail = "They do not agree who is master: " + strings.Join(slices.Sorted(maps.Keys(named)), ", ") + "."
		f.Mend = "That passes within seconds after a failover; if it lasts, Sentinels are cut off from each other, or not all watch the same master."
	case len(noQuorum) > 0:
		f.Detail = "If the master fails now, nobody takes over: " + strings.Join(noQuorum, "; ") + "."
		f.Mend = "Start the missing Sentinels, or correct the quorum with SENTINEL SET."
	case known < fewSentinels:
		f.Detail = fmt.Sprintf("There are %d: without one of them the others are no majority, and nobody takes over.", known)
		f.Mend = "Run at least three, on machines that do not fail together."
	default:
		f.Level, f.Detail = OK, fmt.Sprintf("%d know each other and agree on the master; enough for a failover.", known)
	}
	return []Finding{f}
}
