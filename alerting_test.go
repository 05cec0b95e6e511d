package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// What the message of an incident shows beside words: a chart and the diagnosis. And
// what is deployed beside Helix asks for nothing that it does not tell.
func TestAnIncidentShowsItsChartAndDiagnosis(t *testing.T) {
	server := redistest.Standalone(t)
	k := knob{server.Client()}
	acme := newChangingPlace(t, "read, write, destroy, configure, admin, alerts", "")
	bot := acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_ALERTS_INTERVAL=1", "HELIX_ALERTS_HOLD=0",
		"HELIX_ALERTS_MEMORY_UNLIMITED_ENABLED=false", "HELIX_HEALTH_LISTEN=127.0.0.1:0")
	acme.discord.Gateway().AwaitReady(1)
	k.ballast(t, 50<<20) // so much that nothing else moves the share
	k.limit(t, 104)
	shown := acme.In("#ops").Sees("Memory is almost full", "firing", "CONFIG GET maxmemory → maxmemory, ")
	if f, ok := shown.Now().File("last-hour.png"); !ok || !strings.HasPrefix(string(f.Data), "\x89PNG") {
		t.Error("it has no chart")
	}
	k.set(t, "maxmemory", plenty)
	shown.Becomes("resolved after")
	metrics := metricsOf(t, bot)
	for _, file := range []string{"deploy/grafana-dashboard.json", "deploy/prometheus-rules.yaml", "docs/operations.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range metricNames.FindAllString(string(text), -1) {
			if !strings.Contains(metrics, name) && name != "helix_incidents" {
				t.Errorf("%s asks for %s, which there is not", file, name)
			}
		}
	}
	bot.stop(t)
}

// The buttons of an incident work after a restart, for those who may.
func TestAnIncidentOutlivesARestart(t *testing.T) {
	server := redistest.Any(t)
	client := server.Client()
	acme := newChangingPlace(t, "read, write, destroy, configure, admin, alerts", "")
	env := []string{"REDIS_URL=" + server.URL(), "HELIX_ALERTS_INTERVAL=1", "HELIX_ALERTS_HOLD=0"}
	first := acme.launch(t, env...)
	shown := acme.In("#ops").Sees("maxmemory is not set", "firing")
	first.crash(t)
	second := acme.launch(t, env...)
	acme.discord.Gateway().AwaitReady(2)
	acme.As("lea").Clicks(shown, "Acknowledge")
	acme.In("#ops").Sees("You need **alerts**")
	acme.As("ann").Clicks(shown, "Acknowledge")
	acme.In("#ops").Sees("ann sees to memory_unlimited-")
	shown.Becomes("acknowledged", "ann sees to it")
	acme.As("ann").Clicks(shown, "Set maxmemory")
	plan := acme.In("#ops").Sees("CONFIG SET maxmemory", "Plan")
	acme.As("ann").Clicks(plan, "Confirm")
	shown.Becomes("resolved after")
	if got := client.ConfigGet(t.Context(), "maxmemory").Val()["maxmemory"]; got == "0" {
		t.Error("maxmemory is not set")
	}
	incidents := 0
	for _, m := range acme.In("#ops").Messages() {
		if strings.Contains(m.Content, "maxmemory is not set") && strings.Contains(m.Content, "memory_unlimited-") && len(m.Buttons()) > 0 {
			incidents++
		}
	}
	if incidents != 1 {
		t.Errorf("the incident has %d messages", incidents)
	}
	second.stop(t)
}

// makeSessions puts sessions into Redis; without a time they never end.
func makeSessions(t *testing.T, client *redis.Client, n int, lasts time.Duration) {
	t.Helper()
	for i := range n {
		key := fmt.Sprintf("session:user:p%d@example.com:%016x", i, i+1)
		if err := client.Set(t.Context(), key, `{"user_id":"p"}`, lasts).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func endSessions(t *testing.T, client *redis.Client) {
	t.Helper()
	keys, err := client.Keys(t.Context(), "session:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Del(t.Context(), keys...).Err(); err != nil {
		t.Fatal(err)
	}
}

// infoOf answers a figure of INFO.
func infoOf(t *testing.T, client *redis.Client, section, name string) (n int64) {
	t.Helper()
	text, err := client.Info(t.Context(), section).Result()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			if _, err := fmt.Sscan(value, &n); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}
