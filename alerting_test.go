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

// Each trouble is made for real, is seen in the ops channel with what mends it,
// and is seen there to be over.
func TestTroubleShowsInTheOpsChannel(t *testing.T) {
	server := redistest.Standalone(t)
	client := server.Client()
	acme := newChangingPlace(t, "read, write, destroy, configure, admin, alerts", "")
	bot := acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_ALERTS_INTERVAL=1", "HELIX_ALERTS_HOLD=0",
		"HELIX_ALERTS_MEMORY_UNLIMITED_ENABLED=false", "HELIX_ALERTS_SESSION_COUNT=20", "HELIX_HEALTH_LISTEN=127.0.0.1:0")
	acme.discord.Gateway().AwaitReady(1)
	set := func(parameter, value string) {
		t.Helper()
		if err := client.ConfigSet(t.Context(), parameter, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, trouble := range []struct {
		what       string
		make, mend func()
	}{
		{"The eviction policy may end any session", func() {
			makeSessions(t, client, 3, time.Hour)
			set("maxmemory-policy", "allkeys-lru")
		}, func() { set("maxmemory-policy", "noeviction") }},
		{"Memory is almost full", func() {
			// So much that nothing else moves the share; the server makes it itself, so
			// that no buffer holds it as well.
			if err := client.SetRange(t.Context(), "ballast", 50<<20, "x").Err(); err != nil {
				t.Fatal(err)
			}
			set("maxmemory", fmt.Sprint(infoOf(t, client, "memory", "used_memory")*104/100))
		}, func() { set("maxmemory", "0") }},
		{"Too many sessions", func() { makeSessions(t, client, 40, time.Hour) }, func() { endSessions(t, client) }},
		{"Sessions that never end", func() { makeSessions(t, client, 2, 0) }, func() { endSessions(t, client) }},
		{"Redis does not answer", server.Kill, server.Restart},
	} {
		trouble.make()
		shown := acme.In("#ops").Sees(trouble.what, "firing")
		if got := len(shown.Buttons()); got < 5 {
			t.Errorf("%s: it has %d buttons", trouble.what, got)
		}
		trouble.mend()
		shown.Becomes(trouble.what, "resolved after")
		if trouble.what == "Memory is almost full" {
			if f, ok := shown.Now().File("last-hour.png"); !ok || !strings.HasPrefix(string(f.Data), "\x89PNG") {
				t.Errorf("%s: it has no chart", trouble.what)
			}
			if !strings.Contains(shown.Content, "CONFIG GET maxmemory → maxmemory, ") {
				t.Errorf("%s: it has no diagnosis: %s", trouble.what, shown.Content)
			}
		}
	}
	set("maxmemory", "1gb")
	metrics := metricsOf(t, bot)
	for _, file := range []string{"deploy/grafana-dashboard.json", "deploy/prometheus-rules.yaml"} {
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
	server := redistest.Standalone(t)
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
