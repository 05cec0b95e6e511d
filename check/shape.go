package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// allSlots is how many slots a Cluster divides its keys into.
const allSlots = 16384

// shape judges how a Cluster's slots lie on its masters, and whether each master
// has a replica.
func shape(ranges []redis.ClusterSlot) []Finding {
	covered, replicas := 0, make(map[string]int)
	for _, r := range ranges {
		covered += r.End - r.Start + 1
		if len(r.Nodes) > 0 {
			replicas[r.Nodes[0].Addr] = len(r.Nodes) - 1
		}
	}
	var findings []Finding
	if covered < allSlots {
		findings = append(findings, Finding{Name: clusterName, Level: Fatal,
			Detail: fmt.Sprintf("%d of %d slots belong to no master: the sessions in them are out of reach.", allSlots-covered, allSlots),
			Mend:   "Bring their master back, or give the slots to others: redis-cli --cluster fix."})
	}
	var alone []string
	for _, master := range slices.Sorted(maps.Keys(replicas)) {
		if replicas[master] == 0 {
			alone = append(alone, master)
		}
	}
	if len(alone) > 0 {
		findings = append(findings, Finding{Name: "Redis replicas", Level: Warning,
			Detail: "No replica takes over from " + strings.Join(alone, ", ") + ": if it fails, its part of the sessions is out of reach.",
			Mend:   "Add a replica for each: redis-cli --cluster add-node … --cluster-slave."})
	}
	return findings
}

// versions warns where the servers of a Cluster, replicas among them, do not run
// the same version.
func versions(ctx context.Context, cluster *redis.ClusterClient) []Finding {
	var mu sync.Mutex
	runs := make(map[string][]string)
	err := cluster.ForEachShard(ctx, func(ctx context.Context, client *redis.Client) error {
		info, err := readInfo(ctx, client)
		if err != nil {
			return nil // of one that is away another finding tells
		}
		mu.Lock()
		defer mu.Unlock()
		runs[versionOf(info)] = append(runs[versionOf(info)], client.Options().Addr)
		return nil
	})
	if err != nil || len(runs) < 2 {
		return nil
	}
	var parts []string
	for _, version := range slices.Sorted(maps.Keys(runs)) {
		slices.Sort(runs[version])
		parts = append(parts, version+" on "+strings.Join(runs[version], ", "))
	}
	return []Finding{{Name: "Redis version", Level: Warning,
		Detail: "The servers run different versions: " + strings.Join(parts, "; ") + ". A replica that is older than its master may not understand it, and what one server knows another refuses.",
		Mend:   "Finish the upgrade, replicas first."}}
}
