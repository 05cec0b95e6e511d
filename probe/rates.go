package probe

import (
	"time"

	"github.com/helix-collective/helix/sample"
)

// reading is where the counters of a server stood.
type reading struct {
	server   string // its run id: another one counts from 0
	at       time.Time
	counters map[sample.Name]float64
}

// counted are the counters of INFO whose rates are values.
var counted = map[string]sample.Name{
	"evicted_keys":         sample.EvictedPerMin,
	"expired_keys":         sample.ExpiredPerMin,
	"rejected_connections": sample.RejectedPerMin,
}

func read(n *node) reading {
	r := reading{server: n.info["run_id"], at: n.now, counters: make(map[sample.Name]float64)}
	for field, name := range counted {
		if value, ok := n.info.number(field); ok {
			r.counters[name] = value
		}
	}
	if n.info.has("Errorstats") {
		oom, _ := n.info.partNumber("errorstat_OOM", "count") // it is not listed before the first
		r.counters[sample.OOMErrorsPerMin] = oom
	}
	return r
}

// addRates adds what a server's counters say happened since the probe before,
// scaled to a minute.
func (p *Prober) addRates(n *node) {
	if n.err != nil || n.now.IsZero() {
		return
	}
	before, known := p.last[n.address]
	now := read(n)
	p.last[n.address] = now
	uptime, _ := n.info.number("uptime_in_seconds")
	if !known {
		return
	}
	for name, rate := range since(before, now, time.Duration(uptime)*time.Second) {
		n.values[name] = rate
	}
}

// since answers the rates between two readings, by the minute. Counters that
// began anew, because the server was started again or somebody had them begin,
// have counted at least what they show. Another server that was there before
// tells nothing of the time between.
func since(before, now reading, uptime time.Duration) map[sample.Name]float64 {
	span := now.at.Sub(before.at)
	other := now.server != before.server
	if span <= 0 || other && uptime > span+time.Second {
		return nil
	}
	rates := make(map[sample.Name]float64)
	for name, value := range now.counters {
		start, known := before.counters[name]
		if !known {
			continue
		}
		if other || value < start {
			start = 0
		}
		rates[name] = (value - start) / span.Minutes()
	}
	return rates
}

// forget drops the readings of servers that are no more.
func (p *Prober) forget(nodes []*node) {
	for address := range p.last {
		if !contains(nodes, address) {
			delete(p.last, address)
		}
	}
}

func contains(nodes []*node, address string) bool {
	for _, n := range nodes {
		if n.address == address {
			return true
		}
	}
	return false
}
