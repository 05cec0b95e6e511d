package probe

import (
	"time"

	"github.com/helix-collective/helix/sample"
)

// seen remembers how many replicas one master had.
type seen struct {
	master string      // its run id; empty for those of a Cluster together
	last   []time.Time // when it last had at least one, two, …
}

// missedFor is for how long a replica that left is missed, and mostReplicas how
// many are remembered.
const (
	missedFor    = time.Hour
	mostReplicas = 100
)

// addReplicas adds how far the replicas are behind, and how many have lost their
// master: as they say themselves where they are asked, as in a Cluster, or as it
// shows in that their masters have fewer than within the last hour.
func (p *Prober) addReplicas(v map[sample.Name]float64, nodes []*node, at time.Time) {
	down, lag, online := 0.0, 0.0, 0
	for _, n := range nodes {
		down += n.values[sample.LinksDown]
		lag = max(lag, n.values[sample.ReplicaLag])
		for _, r := range n.info.replicas() {
			if n.master && r.online {
				online++
			}
		}
	}
	id := nodes[0].info["run_id"]
	if len(nodes) > 1 {
		id = "" // of a Cluster, whose servers come and go
	}
	if v[sample.Replicas] > 0 || lag > 0 {
		v[sample.ReplicaLag] = lag
	}
	v[sample.LinksDown] = max(down, p.replicas.missing(id, online, at))
}

// missing answers how many replicas fewer are connected to a master than were.
func (s *seen) missing(master string, online int, now time.Time) float64 {
	if s.master != master {
		*s = seen{master: master}
	}
	online = min(online, mostReplicas)
	for len(s.last) < online {
		s.last = append(s.last, now)
	}
	for i := range online {
		s.last[i] = now
	}
	n := 0.0
	for _, at := range s.last[online:] {
		if now.Sub(at) <= missedFor {
			n++
		}
	}
	return n
}
