package probe

import (
	"cmp"
	"time"

	"github.com/helix-collective/helix/sample"
)

// way is how the values of several servers become one.
type way int

const (
	sum way = iota
	most
	least
)

// ways say how masters are put together. What is not named here is left to each.
var ways = map[sample.Name]way{
	sample.LatencyMS: most, sample.Keys: sum, sample.OpsPerSec: sum, sample.UptimeSecs: least,
	sample.MemoryUsed: sum, sample.MaxMemory: sum, sample.MemoryPercent: most,
	sample.MemorySystem: sum, sample.SystemPercent: most, sample.Fragmentation: most,
	sample.EvictedPerMin: sum, sample.ExpiredPerMin: sum, sample.RejectedPerMin: sum, sample.OOMErrorsPerMin: sum,
	sample.Clients: sum, sample.ClientsPercent: most,
	sample.Replicas: sum, sample.SaveAge: most, sample.SaveFailed: most, sample.AppendFailed: most, sample.ChangesUnsaved: sum,
	sample.ClusterOK: least,
}

// combine answers a sample of what the servers said, without the sessions.
func (p *Prober) combine(nodes []*node) sample.Sample {
	s := sample.Sample{
		At:     time.Now(),
		Values: map[sample.Name]float64{sample.Up: 0},
		Texts:  map[sample.Name]string{sample.Topology: p.topology()},
	}
	for _, n := range nodes {
		n.values = n.measure()
		p.addRates(n)
	}
	p.forget(nodes)
	masters, away := split(nodes)
	if len(masters) > 0 {
		first := masters[0]
		s.Values[sample.Up] = 1
		if !first.now.IsZero() {
			s.At = first.now
		}
		setText(&s, sample.Policy, first.info["maxmemory_policy"])
		setText(&s, sample.Version, cmp.Or(first.info["valkey_version"], first.info["redis_version"]))
		merge(s.Values, masters, away)
		p.addReplicas(s.Values, nodes, s.At)
	}
	if len(nodes) > 1 {
		s.Nodes = listed(nodes)
	}
	return s
}

// split answers the masters that answered, and whether others did not.
func split(nodes []*node) (masters []*node, away bool) {
	for _, n := range nodes {
		switch {
		case !n.master:
		case n.err != nil:
			away = true
		default:
			masters = append(masters, n)
		}
	}
	return masters, away
}

func setText(s *sample.Sample, name sample.Name, text string) {
	if text != "" {
		s.Texts[name] = text
	}
}

// merge puts the values of masters together. A sum that lacks one is none.
func merge(into map[sample.Name]float64, masters []*node, away bool) {
	for name, how := range ways {
		value, known := masters[0].values[name]
		for _, n := range masters[1:] {
			next, ok := n.values[name]
			switch how {
			case sum:
				value, known = value+next, known && ok
			case most:
				value, known = max(value, next), known || ok
			case least:
				value = min(value, next)
			}
		}
		if known && !(away && how == sum) {
			into[name] = value
		}
	}
	if _, cluster := into[sample.ClusterOK]; cluster && away {
		into[sample.ClusterOK] = 0
	}
	for _, n := range masters { // one without a limit has room
		if limit, ok := into[sample.MaxMemory]; ok && limit > 0 && n.values[sample.MaxMemory] == 0 {
			into[sample.MaxMemory] = 0
		}
	}
}

// listed answers what each server said.
func listed(nodes []*node) []sample.Node {
	var all []sample.Node
	for _, n := range nodes {
		role := map[bool]string{true: "master", false: "replica"}[n.master]
		all = append(all, sample.Node{Address: n.address, Role: role, Values: n.values, Problem: worded(cmp.Or(n.err, n.refused))})
	}
	return all
}
