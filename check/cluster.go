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

const clusterName = "Redis Cluster"

// masters looks at each master of a Cluster, and at the Cluster as a whole.
func masters(ctx context.Context, cluster *redis.ClusterClient) []Finding {
	var mu sync.Mutex
	byNode := make(map[string][]Finding)
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, client *redis.Client) error {
		found := node(ctx, client, kind{member: true})
		mu.Lock()
		defer mu.Unlock()
		byNode[client.Options().Addr] = found
		return nil
	})
	whole := Finding{Name: clusterName, Level: Fatal, Mend: "Look at it with redis-cli --cluster check."}
	state, stateErr := cluster.ClusterInfo(ctx).Result()
	switch {
	case err != nil:
		whole.Detail = fmt.Sprintf("Its masters cannot be asked: %v.", err)
	case stateErr != nil:
		whole.Level, whole.Detail = Warning, fmt.Sprintf("Its state cannot be asked: %v.", stateErr)
	case parseFields(state)["cluster_state"] != "ok":
		whole.Detail = "It is not whole: some sessions are out of reach, and others may be refused."
	default:
		whole = Finding{Name: whole.Name, Level: OK, Detail: fmt.Sprintf("Whole; %d masters.", len(byNode))}
	}
	findings := []Finding{whole}
	//lint:ignore SA1019 CLUSTER SHARDS is not there before Redis 7.
	if ranges, err := cluster.ClusterSlots(ctx).Result(); err == nil {
		findings = append(findings, shape(ranges)...)
	}
	findings = append(findings, versions(ctx, cluster)...)
	return append(findings, merge(byNode)...)
}

// merge says once what all nodes have in common, and names the node of the rest.
func merge(byNode map[string][]Finding) []Finding {
	nodes := make(map[Finding][]string)
	var names []string // of what was looked at, in their order
	var distinct []Finding
	for _, node := range slices.Sorted(maps.Keys(byNode)) {
		for _, f := range byNode[node] {
			if !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
			if nodes[f] == nil {
				distinct = append(distinct, f)
			}
			nodes[f] = append(nodes[f], node)
		}
	}
	for i, f := range distinct {
		if len(nodes[f]) < len(byNode) {
			distinct[i].Detail = strings.Join(nodes[f], ", ") + ": " + f.Detail
		}
	}
	slices.SortFunc(distinct, func(a, b Finding) int {
		if a.Name != b.Name {
			return slices.Index(names, a.Name) - slices.Index(names, b.Name)
		}
		return strings.Compare(a.Detail, b.Detail)
	})
	return distinct
}
