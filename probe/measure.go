package probe

import (
	"time"

	"github.com/helix-collective/helix/sample"
)

// measure answers what one server says of itself, without its rates.
func (n *node) measure() map[sample.Name]float64 {
	v := map[sample.Name]float64{sample.Up: 0}
	if n.err != nil {
		return v
	}
	v[sample.Up] = 1
	v[sample.LatencyMS] = n.latency.Seconds() * 1000
	if n.address != "" {
		v[sample.ClusterOK] = one(n.healthy)
	}
	for field, name := range fields {
		if value, ok := n.info.number(field); ok {
			v[name] = value
		}
	}
	if n.info.has("Keyspace") {
		v[sample.Keys] = n.info.allKeys()
	}
	n.share(v, sample.MemoryPercent, sample.MemoryUsed, "maxmemory")
	n.share(v, sample.ClientsPercent, sample.Clients, "maxclients")
	if rss, ok := n.info.number("used_memory_rss"); ok && v[sample.MemorySystem] > 0 {
		v[sample.SystemPercent] = 100 * rss / v[sample.MemorySystem]
	}
	n.persistence(v)
	n.replication(v)
	return v
}

// fields are those fields of INFO that are values as they are.
var fields = map[string]sample.Name{
	"instantaneous_ops_per_sec":   sample.OpsPerSec,
	"uptime_in_seconds":           sample.UptimeSecs,
	"used_memory":                 sample.MemoryUsed,
	"maxmemory":                   sample.MaxMemory,
	"total_system_memory":         sample.MemorySystem,
	"mem_fragmentation_ratio":     sample.Fragmentation,
	"connected_clients":           sample.Clients,
	"connected_slaves":            sample.Replicas,
	"rdb_changes_since_last_save": sample.ChangesUnsaved,
}

// share adds what part of a limit is used, in per cent, where there is a limit.
func (n *node) share(v map[sample.Name]float64, name, used sample.Name, limit string) {
	most, _ := n.info.number(limit)
	if value, ok := v[used]; ok && most > 0 {
		v[name] = 100 * value / most
	}
}

// persistence adds how the server keeps its data. How old its last save is counts
// only where it is to save at all, which one that does not tell its parameters is
// taken to be if it ever has.
func (n *node) persistence(v map[sample.Name]float64) {
	saved, ok := n.info.number("rdb_last_save_time")
	ever, _ := n.info.number("rdb_saves")
	if to := n.saves != "" || !n.told && ever > 0; ok && to && !n.now.IsZero() {
		v[sample.SaveAge] = max(n.now.Sub(time.Unix(int64(saved), 0)).Seconds(), 0)
	}
	if status, ok := n.info["rdb_last_bgsave_status"]; ok {
		v[sample.SaveFailed] = one(status != "ok")
	}
	if status, ok := n.info["aof_last_write_status"]; ok {
		v[sample.AppendFailed] = one(status != "ok")
	}
}

// replication adds what a server says of its replicas, or of its master.
func (n *node) replication(v map[sample.Name]float64) {
	for _, r := range n.info.replicas() {
		v[sample.ReplicaLag] = max(v[sample.ReplicaLag], r.lag)
	}
	if status, ok := n.info["master_link_status"]; ok {
		v[sample.LinksDown] = one(status != "up")
		if down, ok := n.info.number("master_link_down_since_seconds"); ok && down > 0 {
			v[sample.ReplicaLag] = down
		}
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
