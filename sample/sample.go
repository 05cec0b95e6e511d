// Package sample says what one measurement of Redis and its sessions is. It
// measures nothing and judges nothing.
package sample

import "time"

// Sample is what was measured at one moment. What could not be measured is left
// out, which is not the same as 0.
type Sample struct {
	At     time.Time        `json:"at"`             // by the clock of Redis, or if it is away by ours
	Values map[Name]float64 `json:"values"`         // of all masters together
	Texts  map[Name]string  `json:"texts,omitzero"` // what is no number
	Nodes  []Node           `json:"nodes,omitzero"` // each server that was asked, where there are several

	// People and Addresses are those with the most sessions, or the most made
	// within the hour, beginning with the one with the most; at most ten each.
	People    []Share `json:"people,omitzero"`
	Addresses []Share `json:"addresses,omitzero"`

	// Problem says why Redis did not answer; empty if it did.
	Problem string `json:"problem,omitzero"`
}

// Node is one server.
type Node struct {
	Address string           `json:"address"`
	Role    string           `json:"role"` // master or replica
	Values  map[Name]float64 `json:"values"`
	Problem string           `json:"problem,omitzero"`
}

// Share is what one person or one address has of something.
type Share struct {
	Name  string  `json:"name"`
	Count float64 `json:"count"`
}

// Name is what a value is called, in rules of the configuration as well.
type Name string

// The values. Rates are over the time since the sample before, scaled to a minute.
const (
	Up         Name = "up"          // 1 if Redis answered, else 0
	LatencyMS  Name = "latency_ms"  // of the slowest master's answer to a PING, milliseconds
	Keys       Name = "keys"        // in all databases of all masters
	OpsPerSec  Name = "ops_per_sec" // as Redis tells it
	UptimeSecs Name = "uptime_seconds"

	Sessions           Name = "sessions"             // keys under session:
	SignedIn           Name = "signed_in"            // of them those that have a person
	WithoutTTL         Name = "sessions_without_ttl" // of them those that never end
	SessionsAge        Name = "sessions_age_seconds" // since they were all counted; since then their number follows that of the keys
	PeopleOverLimit    Name = "people_over_limit"    // with more than redis.max_sessions_per_user
	AddressesOverLimit Name = "addresses_over_limit" // with more than redis.max_sessions_per_ip_per_hour within the hour
	CreatedPerMin      Name = "created_per_min"      // new sessions; Texts says from which source

	MemoryUsed      Name = "memory_used_bytes"
	MaxMemory       Name = "maxmemory_bytes" // 0: no limit
	MemoryPercent   Name = "memory_percent"  // of maxmemory, of the fullest master; left out without a limit
	MemorySystem    Name = "memory_system_bytes"
	SystemPercent   Name = "memory_system_percent" // resident memory of what the machine has
	Fragmentation   Name = "fragmentation_ratio"
	EvictedPerMin   Name = "evicted_per_min"
	ExpiredPerMin   Name = "expired_per_min"
	RejectedPerMin  Name = "rejected_per_min"   // connections
	OOMErrorsPerMin Name = "oom_errors_per_min" // commands refused because memory was full

	Clients        Name = "clients"
	ClientsPercent Name = "clients_percent" // of maxclients

	Replicas       Name = "replicas"                // connected, of all masters
	ReplicaLag     Name = "replication_lag_seconds" // of the replica that is farthest behind
	LinksDown      Name = "replication_links_down"  // replicas that lost their master
	SaveAge        Name = "rdb_last_save_age_seconds"
	SaveFailed     Name = "rdb_last_save_failed" // 1 or 0
	AppendFailed   Name = "aof_last_write_failed"
	ChangesUnsaved Name = "rdb_changes_unsaved"
	ClusterOK      Name = "cluster_ok" // 1 or 0; left out outside a Cluster
)

// The texts.
const (
	Policy        Name = "maxmemory_policy"
	CreatedSource Name = "created_source" // counters, events, or deltas
	Version       Name = "redis_version"
	Topology      Name = "topology" // standalone, sentinel, or cluster
)

// Where the rate of new sessions comes from, the most to be trusted first.
const (
	FromCounters = "counters" // what Helix made itself; others may make more
	FromEvents   = "events"   // the server's notifications of new keys
	FromDeltas   = "deltas"   // of counts, which deletions hide: at least so many
)

// Get answers a value; ok is false if it was not measured.
func (s Sample) Get(name Name) (value float64, ok bool) {
	value, ok = s.Values[name]
	return value, ok
}
