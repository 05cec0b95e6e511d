package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

var healthOn = regexp.MustCompile(`"health checks are answered".*"address":"([^"]+)"`)

// healthOf answers where a running program answers health checks.
func healthOf(t *testing.T, i *instance) string {
	t.Helper()
	var address string
	redistest.Eventually(t, "health checks are answered", func(context.Context) bool {
		if said := healthOn.FindStringSubmatch(i.log.String()); said != nil {
			address = "http://" + said[1]
		}
		return address != ""
	})
	return address
}

func page(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// A bot whose Redis is away is alive, but not ready; and it counts what it is
// asked under names of its own.
func TestHealthOfARunningBot(t *testing.T) {
	server := redistest.Standalone(t)
	acme := newPlace(t)
	bot := acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_HEALTH_LISTEN=127.0.0.1:0")
	acme.discord.Gateway().AwaitReady(1)
	at := healthOf(t, bot)
	for _, p := range []string{"/livez", "/readyz"} {
		if status, body := page(t, at+p); status != http.StatusOK || !strings.Contains(body, "ok   Discord gateway") {
			t.Errorf("%s: %d %s", p, status, body)
		}
	}
	acme.As("ann").Says("#ops", "!redis get session:s3cret-token").Sees("")
	acme.As("ann").Says("#ops", "!flurb s3cret-token").Sees("flurb")
	_, metrics := page(t, at+"/metrics")
	for _, line := range []string{
		`helix_commands_total{command="redis get",outcome="ok"} 1`, `helix_commands_total{command="(unknown)",outcome="unknown"} 1`,
		"helix_discord_connected 1", `helix_discord_requests_total{outcome="sent"} `, "helix_redis_connections ",
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %s:\n%s", line, metrics)
		}
	}
	if strings.Contains(metrics, "s3cret") || strings.Contains(metrics, "flurb") {
		t.Error("the metrics show what people typed")
	}
	server.Kill()
	redistest.Eventually(t, "it is not ready without Redis", func(context.Context) bool {
		status, body := page(t, at+"/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(body, "FAIL Redis: it does not answer")
	})
	if status, body := page(t, at+"/livez"); status != http.StatusOK {
		t.Errorf("without Redis it is to be restarted: %s", body)
	}
	bot.stop(t)
}

// metricNames are those of Helix's own.
var metricNames = regexp.MustCompile(`helix_[a-z0-9_]+`)

// metricsOf answers what a running program measures, once it has measured Redis.
func metricsOf(t *testing.T, i *instance) (metrics string) {
	t.Helper()
	at := healthOf(t, i)
	redistest.Eventually(t, "Redis is measured", func(context.Context) bool {
		_, metrics = page(t, at+"/metrics")
		return strings.Contains(metrics, "helix_memory_percent ") && strings.Contains(metrics, "helix_created_per_min{")
	})
	return metrics
}
