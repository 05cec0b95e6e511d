package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

// typedMark stands in all that people type and name in this conversation.
const typedMark = "zqmark"

// hostileLines are lines of which each has the mark where it could become a name:
// of a command, a key, a setting, an alias, a file, a filter.
var hostileLines = []string{
	"!" + typedMark, "!redis " + typedMark, "!redis config " + typedMark, "!redis get " + typedMark, "!redis --" + typedMark + " ping",
	"!redis set " + typedMark + ":key " + typedMark + "-value", "!redis set k '" + typedMark + "\n{\"level\":\"error\",\"msg\":\"" + typedMark + "\"}'",
	"!config set " + typedMark + "=1", "!config set redis.session_ttl=" + typedMark, "!alias " + typedMark + " = redis dbsize", "!" + typedMark,
	"!every 1h: echo " + typedMark, "!" + typedMark + " | " + typedMark, "!echo " + typedMark + " | grep " + typedMark + " | awk '" + typedMark + "'",
	"!echo $(" + typedMark + ")", "!echo '" + typedMark, "!help " + typedMark, "!guide " + typedMark, "!why @" + typedMark + " redis get x", "!silence " + typedMark + " 1h",
	"!alerts show " + typedMark, "!undo " + typedMark, "!approve " + typedMark, "!audit --by " + typedMark, "!sessions list --user " + typedMark, "!redis eval 'return " + typedMark + "' 0",
	"!redis incr " + typedMark + ":key", "!redis keys " + typedMark + "* | xargs redis " + typedMark, "!chart " + typedMark, "!config set alerts.rules='" + typedMark + ": nothing'",
}

// What people type, and what keys and values hold, labels no metric, names no
// field of the log, is no message of the log, and begins no line of it.
func TestWhatPeopleTypeIsALabelNowhere(t *testing.T) {
	server := redistest.Any(t)
	client := server.Client()
	for _, key := range []string{"session:user:" + typedMark + ":1", typedMark + "\n" + typedMark, "session:" + typedMark} {
		if err := client.Set(t.Context(), key, typedMark, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.ConfigSet(t.Context(), "maxmemory", "1gb").Err(); err != nil {
		t.Fatal(err)
	}
	acme := newPlace(t)
	acme.Join(typedMark, "oncall")
	i := acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_LOG_LEVEL=debug", "HELIX_ALERTS_INTERVAL=1", "HELIX_HEALTH_LISTEN=127.0.0.1:0")
	acme.discord.Gateway().AwaitReady(1)
	for _, who := range []string{typedMark, "guest"} {
		for _, line := range hostileLines {
			acme.As(who).Says("#ops", line).Sees("")
		}
	}
	metrics := metricsOf(t, i)
	i.stop(t)
	if !strings.Contains(metrics, `command="get"`) && !strings.Contains(metrics, `command="redis`) {
		t.Errorf("no command is counted:\n%s", metrics)
	}
	for line := range strings.Lines(metrics) {
		if strings.Contains(line, typedMark) {
			t.Errorf("a metric: %s", line)
		}
	}
	marked := 0
	for line := range strings.Lines(i.log.String()) {
		marked += strings.Count(line, typedMark)
		if name := labelled(line); name != "" {
			t.Errorf("%s: %s", name, line)
		}
	}
	if marked == 0 {
		t.Error("the log holds no line that was typed, so this looked at nothing")
	}
}

// labelled answers what is wrong with a line of the log: it is none, or what was
// typed stands in the place of a name.
func labelled(line string) string {
	var entry map[string]any
	if json.Unmarshal([]byte(line), &entry) != nil {
		return "no entry"
	}
	for name := range entry {
		if strings.Contains(name, typedMark) {
			return "a field's name"
		}
	}
	for _, name := range []string{"level", "ts", "msg", "logger", "caller"} {
		if text, _ := entry[name].(string); strings.Contains(text, typedMark) {
			return name
		}
	}
	if levels := []string{"debug", "info", "warn", "error"}; !slices.Contains(levels, entry["level"].(string)) {
		return "a level of its own"
	}
	return ""
}
