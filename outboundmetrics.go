package main

import (
	"strconv"

	"github.com/helix-collective/helix/bot/outbound"
	"github.com/helix-collective/helix/health"
)

// outboundReadings are the figures of the queue to Discord.
func outboundReadings(s outbound.Stats) []health.Reading {
	readings := []health.Reading{
		{Name: "helix_discord_retries_total", Help: "Attempts at a request beyond the first, those after a 429 left out.", Value: float64(s.Retried), Count: true},
		{Name: "helix_discord_rate_limited_total", Help: "Answers of Discord that were a 429.", Value: float64(s.Limited), Count: true},
		{Name: "helix_discord_queue_depth", Help: "Requests that wait to be sent to Discord.", Value: float64(s.Waiting)},
		{Name: "helix_discord_requests_in_flight", Help: "Requests that Discord has not answered yet.", Value: float64(s.Flying)},
		{Name: "helix_discord_refusals_recent", Help: "Requests that Discord refused in the last ten minutes; at 8,000 all of them pause.", Value: float64(s.Invalid)},
	}
	for _, end := range []struct {
		outcome string
		many    uint64
	}{{"sent", s.Sent}, {"refused", s.Refused}, {"given up", s.GivenUp}, {"superseded", s.Superseded}} {
		readings = append(readings, health.Reading{
			Name: "helix_discord_requests_total", Help: "Requests to Discord, by how they ended.",
			Value: float64(end.many), Count: true, With: map[string]string{"outcome": end.outcome},
		})
	}
	return append(readings, latencyReadings(s.Latency)...)
}

// latencyReadings are a histogram, each count with those of the shorter ones.
func latencyReadings(l outbound.Latency) []health.Reading {
	const name, help = "helix_discord_request_seconds", "Time until Discord took a request, waits included."
	var readings []health.Reading
	var sum uint64
	for i, n := range l.Counts {
		sum += n
		bound := "+Inf"
		if i < len(l.Bounds) {
			bound = strconv.FormatFloat(l.Bounds[i].Seconds(), 'g', -1, 64)
		}
		readings = append(readings, health.Reading{
			Name: name + "_bucket", Help: help, Value: float64(sum), Count: true, With: map[string]string{"le": bound},
		})
	}
	return append(readings,
		health.Reading{Name: name + "_sum", Help: help, Value: l.Sum.Seconds(), Count: true},
		health.Reading{Name: name + "_count", Help: help, Value: float64(sum), Count: true})
}
