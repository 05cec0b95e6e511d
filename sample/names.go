package sample

import "slices"

var numbers = [...]Name{
	Up, LatencyMS, Keys, OpsPerSec, UptimeSecs,
	Sessions, SignedIn, WithoutTTL, SessionsAge, PeopleOverLimit, AddressesOverLimit, CreatedPerMin,
	MemoryUsed, MaxMemory, MemoryPercent, MemorySystem, SystemPercent, Fragmentation,
	EvictedPerMin, ExpiredPerMin, RejectedPerMin, OOMErrorsPerMin,
	Clients, ClientsPercent,
	Replicas, ReplicaLag, LinksDown, SaveAge, SaveFailed, AppendFailed, ChangesUnsaved, ClusterOK,
}

var words = [...]Name{Policy, CreatedSource, Version, Topology}

// Numbers answers the names of all values that are numbers.
func Numbers() []Name { return slices.Clone(numbers[:]) }

// Words answers the names of all values that are texts.
func Words() []Name { return slices.Clone(words[:]) }
