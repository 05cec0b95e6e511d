package main

import (
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/outbound"
)

func TestTheWayToDiscordIsMeasured(t *testing.T) {
	got := map[string]float64{}
	for _, r := range outboundReadings(outbound.Stats{
		Sent: 5, Refused: 1, GivenUp: 2, Limited: 7, Retried: 3, Waiting: 4,
		Latency: outbound.Latency{Bounds: []time.Duration{5 * time.Millisecond, time.Second}, Counts: []uint64{3, 1, 1}, Sum: 9 * time.Second},
	}) {
		got[r.Name+r.With["outcome"]+r.With["le"]] = r.Value
	}
	for name, want := range map[string]float64{
		"helix_discord_requests_totalsent": 5, "helix_discord_requests_totalrefused": 1, "helix_discord_requests_totalgiven up": 2,
		"helix_discord_rate_limited_total": 7, "helix_discord_retries_total": 3, "helix_discord_queue_depth": 4,
		"helix_discord_request_seconds_bucket0.005": 3, "helix_discord_request_seconds_bucket1": 4,
		"helix_discord_request_seconds_bucket+Inf": 5, "helix_discord_request_seconds_count": 5, "helix_discord_request_seconds_sum": 9,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
}
