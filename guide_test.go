package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/redis/go-redis/v9"
)

// guideLine is one reading line of the guide, as it stands there.
type guideLine struct {
	name string
	line string
	same func(t *testing.T, ours, theirs string)
}

// guideReading is every line of the guide that reads Redis, but for MONITOR.
var guideReading = []guideLine{
	{"count all active sessions", `redis-cli KEYS "session:*" | wc -l`, sameBytes},
	{"count via Helix", `!redis keys session:* | wc -l`, sameBytes},
	{"memory", `redis-cli INFO memory`, sameButFigures},
	{"one session", `redis-cli GET session:abc123`, sameBytes},
	{"its time to live", `redis-cli TTL session:abc123`, sameButSeconds},
	{"recent sessions", `redis-cli KEYS "session:*" | head -10`, tenSessions},
	{"size", `redis-cli DBSIZE`, sameBytes},
	{"is a TTL set", `redis-cli TTL session:$(redis-cli KEYS "session:*" | head -1)`, sameBytes},
	{"memory limit", `redis-cli CONFIG GET maxmemory`, sameBytes},
	{"memory in use", `redis-cli INFO memory | grep used_memory_human`, sameButFigures},
	{"one person's sessions", `redis-cli KEYS "session:user:john@example.com:*"`, sameLines},
	{"sessions per person", "redis-cli --scan --pattern \"session:user:*\" | \\\n  cut -d: -f3 | sort | uniq -c | sort -rn | head -10", sameBytes},
	{"longest TTL", "redis-cli KEYS \"session:*\" | \\\n  xargs -I {} sh -c 'echo \"$(redis-cli TTL {}) {}\"' | \\\n  sort -rn | head -1", sameButSeconds},
}

func sameBytes(t *testing.T, ours, theirs string) {
	if ours != theirs {
		t.Errorf("ours:\n%s\ntheirs:\n%s", ours, theirs)
	}
}

var figures = regexp.MustCompile(`[0-9][0-9.]*[KMG]?`)

// sameButFigures compares what the server measures anew for each reader.
func sameButFigures(t *testing.T, ours, theirs string) {
	sameBytes(t, figures.ReplaceAllString(ours, "N"), figures.ReplaceAllString(theirs, "N"))
}

// runOn is by how many seconds a time to live may have run on between the two:
// bash starts a process for each key, which takes long on a busy machine. The
// times to live of fillGuideSessions are hours apart.
const runOn = 600

// sameButSeconds compares answers that begin with a time to live.
func sameButSeconds(t *testing.T, ours, theirs string) {
	var a, b int
	if _, err := fmt.Sscan(ours, &a); err != nil {
		t.Fatalf("no number in %q", ours)
	}
	if _, err := fmt.Sscan(theirs, &b); err != nil {
		t.Fatalf("no number in %q", theirs)
	}
	if a-b > runOn || b-a > runOn {
		t.Errorf("ours %d s, theirs %d s", a, b)
	}
	sameBytes(t, strings.TrimPrefix(ours, fmt.Sprint(a)), strings.TrimPrefix(theirs, fmt.Sprint(b)))
}

// sameLines compares where the server's own order differs between KEYS and SCAN.
func sameLines(t *testing.T, ours, theirs string) {
	sorted := func(s string) string {
		lines := strings.SplitAfter(s, "\n")
		sort.Strings(lines)
		return strings.Join(lines, "")
	}
	sameBytes(t, sorted(ours), sorted(theirs))
}

func tenSessions(t *testing.T, ours, theirs string) {
	for who, out := range map[string]string{"ours": ours, "theirs": theirs} {
		lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		seen := make(map[string]bool)
		for _, line := range lines {
			seen[line] = strings.HasPrefix(line, "session:")
		}
		if len(lines) != 10 || len(seen) != 10 || seen[""] {
			t.Errorf("%s: not ten sessions:\n%s", who, out)
		}
	}
}

func TestGuideReadingLinesEqualBashAndRedisCLI(t *testing.T) {
	server := redistest.Standalone(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer client.Close()
	fillGuideSessions(t, client)
	bash := bashWithRedisCLI(t, server.Addr)

	for _, g := range guideReading {
		theirs := bash(g.line)
		for how, message := range asTyped(g.name, g.line) {
			t.Run(g.name+" "+how, func(t *testing.T) {
				result := runHelix(t, message, "exec", "--redis", server.URL(), "-")
				if result.status != 0 {
					t.Fatalf("status %d: %s", result.status, result.stderr)
				}
				g.same(t, result.stdout, theirs)
			})
		}
	}
}

// asTyped answers the ways in which a line of the guide is given to Helix. The
// race detector, under which a process takes many times as long to start, sees
// the first.
func asTyped(name, line string) map[string]string {
	ways := map[string]string{"behind the verb": "!redis " + line}
	if !raceDetector {
		ways["as a script"] = "!redis\n```bash\n# " + name + "\n" + line + "\n```"
	}
	return ways
}

func TestZeroMatchesPrintNothing(t *testing.T) {
	server := redistest.Any(t)
	for message, want := range map[string]string{
		`!redis keys session:*`:                "",
		`!redis keys session:* | wc -l`:        "0\n",
		`!redis --scan --pattern x* | wc -l`:   "0\n",
		`!redis keys x* | xargs redis-cli TTL`: "",
	} {
		result := runHelix(t, "", "exec", "--redis", server.URL(), message)
		if result.stdout != want || result.status != 0 {
			t.Errorf("%s: %q (status %d: %s), want %q", message, result.stdout, result.status, result.stderr, want)
		}
	}
}

// TestGuideReadingIsComplete holds the table against the guide itself, where
// the guide lies beside the repository.
func TestGuideReadingIsComplete(t *testing.T) {
	guide := readGuide(t)
	for _, g := range guideReading {
		if !strings.Contains(guide, g.line) {
			t.Errorf("%s: the guide has no such line:\n%s", g.name, g.line)
		}
	}
}

// readGuide answers the guide's text, and skips the test where there is none.
func readGuide(t *testing.T) string {
	t.Helper()
	guide, err := os.ReadFile(filepath.Join("..", "shared", "guide.md"))
	if err != nil {
		if os.Getenv("HELIX_REQUIRE_REDIS") != "" {
			t.Fatal(err)
		}
		t.Skip("the guide is not beside the repository")
	}
	return string(guide)
}

// fillGuideSessions makes 300 sessions of the guide's forms, every count and
// every TTL different enough that one answer only is right.
func fillGuideSessions(t *testing.T, client *redis.Client) {
	t.Helper()
	ctx := context.Background()
	pipe := client.Pipeline()
	value := `{"user_id": "u%d", "ip": "198.51.100.%d", "created_at": 1762500000.5, "last_accessed": 1762500000.5}`
	for i := range 100 {
		pipe.Set(ctx, fmt.Sprintf("session:%08d-0000-4000-8000-000000000000", i), fmt.Sprintf(value, i, i), time.Duration(1000+i)*time.Hour)
	}
	for user := range 19 {
		for n := range user + 1 {
			key := fmt.Sprintf("session:user:user%d@example.com:{t%d}%064d", user, user, n)
			pipe.Set(ctx, key, fmt.Sprintf(value, user, n), 24*time.Hour)
		}
	}
	for n := range 30 {
		pipe.Set(ctx, fmt.Sprintf("session:user:john@example.com:{tj}%064d", n), fmt.Sprintf(value, n, n), 0)
	}
	pipe.Set(ctx, "session:abc123", fmt.Sprintf(value, 1, 1), 5000*time.Hour)
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

// bashWithRedisCLI answers a function that runs a line in bash with the real
// tools, redis-cli pointing at addr, and answers its standard output.
func bashWithRedisCLI(t *testing.T, addr string) func(line string) string {
	t.Helper()
	cli, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := strings.Cut(addr, ":")
	bin := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nexec %s -h %s -p %s \"$@\"\n", cli, host, port)
	if err := os.WriteFile(filepath.Join(bin, "redis-cli"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return func(line string) string {
		t.Helper()
		line = strings.Replace(line, "!redis keys session:*", `redis-cli keys "session:*"`, 1)
		cmd := exec.Command("bash", "-c", line)
		cmd.Dir = bin
		cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "LC_ALL=C"}
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return string(out)
	}
}
