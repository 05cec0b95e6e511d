package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

const testRoles = `permissions:
  roles:
    reader:
      discord: ["300000000000000001"]
      allow: ["read session:*"]
    destroyer:
      discord: ["300000000000000002"]
      allow: [read, destroy]
`

func writeFile(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExecStatus(t *testing.T) {
	server := redistest.Standalone(t)
	dir := t.TempDir()
	config := writeFile(t, dir, "roles.yaml", testRoles)
	nowhere := "redis://127.0.0.1:1"
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		stdout string
		stderr string // a part of it
	}{
		{"a program's output", []string{"!echo hello"}, 0, "hello\n", ""},
		{"without the prefix", []string{"echo hello"}, 0, "hello\n", ""},
		{"a program's status", []string{"!exit 7"}, 7, "", ""},
		{"several lines", []string{"!echo a", "!echo b"}, 0, "a\nb\n", ""},
		{"the first failure counts", []string{"!exit 7", "!echo b", "!exit 9"}, 7, "b\n", ""},
		{"a Redis command", []string{"!redis dbsize"}, 0, "0\n", ""},
		{"syntax", []string{"!echo 'a"}, 2, "", "^"},
		{"unknown verb", []string{"!reids dbsize"}, 2, "", "Did you mean `redis`?"},
		{"unknown Redis command", []string{"!redis dbsise"}, 2, "", "dbsize"},
		{"denied by name", []string{"--config", config, "--role", "reader", "!redis flushdb"}, 3, "", "destroy"},
		{"denied by key", []string{"--config", config, "--role", "reader", "!redis get other"}, 3, "", "read"},
		{"denied behind xargs", []string{"--config", config, "--role", "reader", "!echo other | xargs redis get"}, 3, "", "read"},
		{"a change of one key", []string{"!redis set a 1"}, 0, "OK\n", "`!undo` takes it back"},
		{"a change that waits", []string{"!redis mset a 2 b 2"}, 4, "", "Plan: create 1 key; write to 1 key."},
		{"the plan alone", []string{"--plan", "!redis set a 2"}, 0, "", "Plan: write to 1 key."},
		{"nothing was changed", []string{"!redis mget a b"}, 0, "1\n\n", ""},
		{"a change that is confirmed", []string{"--yes", "!redis mset a 2 b 2"}, 0, "OK\n", ""},
		{"the change was made", []string{"!redis mget a b"}, 0, "2\n2\n", ""},
		{"out of reach", []string{"--redis", nowhere, "!redis dbsize"}, 5, "", "does not answer"},
		{"no such database", []string{"--redis", server.URL() + "/99", "!redis dbsize"}, 5, "", "answers: ERR DB index is out of range."},
		{"no Cluster", []string{"--redis", "redis+cluster://" + server.Addr, "!redis dbsize"}, 5, "", "cluster support disabled"},
		{"unknown role", []string{"--config", config, "--role", "boss", "!echo"}, 2, "", "boss"},
		{"a role in capitals", []string{"--config", config, "--role", "READER", "!echo"}, 2, "", "Did you mean \"reader\"?\n"},
		{"unknown flag", []string{"--frobnicate", "!echo"}, 2, "", "--frobnicate"},
		{"no line", nil, 2, "", "no line"},
		{"the timeout", []string{"--timeout", "100ms", "!while true; do true; done"}, 1, "", "after 100ms, the time limit"},
		{"a timeout of nothing", []string{"--timeout", "-5s", "!echo"}, 2, "", "above 0"},
		{"nothing is flushed", []string{"!redis keys '[a-z]' | sort"}, 0, "a\nb\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"exec", "--redis", server.URL()}, tt.args...)
			got := runHelixIn(t, dir, nil, "", args...)
			if got.status != tt.status || got.stdout != tt.stdout || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("%q: status %d, stdout %q, stderr %q", tt.args, got.status, got.stdout, got.stderr)
			}
		})
	}
}

func TestExecNeedsARedis(t *testing.T) {
	got := runHelix(t, "", "exec", "!redis dbsize")
	if got.status != 1 || !strings.Contains(got.stderr, "REDIS_URL") {
		t.Errorf("%+v", got)
	}
	got = runHelix(t, "", "exec", "--demo", "!redis keys session:* | wc -l")
	if got.status != 0 || len(got.stdout) < 3 {
		t.Errorf("with --demo: %+v", got)
	}
}

func TestExecJSON(t *testing.T) {
	got := runHelix(t, "", "exec", "--demo", "--json", "!echo '<a>'", "!reids", `!printf '\377'`)
	lines := strings.Split(strings.TrimSpace(got.stdout), "\n")
	if len(lines) != 3 || got.status != 2 {
		t.Fatalf("%+v", got)
	}
	var replies [3]jsonReply
	for i, line := range lines {
		if err := json.Unmarshal([]byte(line), &replies[i]); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if replies[0].Output != "<a>\n" || replies[0].Outcome != "ok" {
		t.Errorf("%+v", replies[0])
	}
	if replies[1].Status != 2 || !strings.Contains(replies[1].Problem, "redis") {
		t.Errorf("%+v", replies[1])
	}
	if string(replies[2].Base64) != "\xff" {
		t.Errorf("%+v", replies[2])
	}
}

// A plan goes beside the output, and says with its status whether it was what
// had been asked for.
func TestExecShowsPlans(t *testing.T) {
	until := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	reply := commands.Reply{Outcome: commands.Unconfirmed, Hints: []string{"A hint."},
		Plan: &commands.Plan{ID: "abc", Text: "3 keys are deleted\n", Word: "delete", Until: until}}
	for _, tt := range []struct {
		flags  execFlags
		mode   commands.Mode
		status int
		stderr string
	}{
		{execFlags{}, commands.Ask, 4, "3 keys are deleted\nNothing was changed. With --yes the line runs at once.\nhint: A hint.\n"},
		{execFlags{plan: true}, commands.Only, 0, "3 keys are deleted\nhint: A hint.\n"},
		{execFlags{yes: true}, commands.Direct, 4, "3 keys are deleted\nhint: A hint.\n"},
	} {
		var stderr, stdout strings.Builder
		tt.flags.writeNotes(&stderr, reply)
		if stderr.String() != tt.stderr || tt.flags.status(reply) != tt.status || tt.flags.mode() != tt.mode {
			t.Errorf("%+v: mode %d, status %d, %q", tt.flags, tt.flags.mode(), tt.flags.status(reply), stderr.String())
		}
		status, err := tt.flags.writeJSON(&stdout, "!redis del a", reply)
		want := `"plan":{"id":"abc","text":"3 keys are deleted\n","word":"delete","until":"2026-11-27T12:00:00Z"}}`
		if err != nil || status != tt.status || !strings.Contains(stdout.String(), want) {
			t.Errorf("%+v: status %d, %v, %s", tt.flags, status, err, stdout.String())
		}
	}
	if status := (execFlags{plan: true}).status(commands.Reply{Outcome: commands.Denied}); status != 3 {
		t.Errorf("a denial under --plan ends with %d", status)
	}
	if status := (execFlags{plan: true}).status(commands.Reply{Outcome: commands.Unconfirmed}); status != 4 {
		t.Errorf("a plan that could not be made ends with %d", status)
	}
}

func TestExecReadsAMessageFromStandardInput(t *testing.T) {
	got := runHelix(t, "!redis\n```bash\nredis-cli DBSIZE | grep -c .\n```\n", "exec", "--demo", "-")
	if got.stdout != "1\n" || got.status != 0 {
		t.Errorf("%+v", got)
	}
}

func TestAFullDiskIsNotTakenForRedis(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		return // only Linux has one
	}
	defer full.Close()
	for _, line := range []string{"!redis ping", "!seq 1 100000 | cat", "!redis keys session:* | head -5"} {
		cmd := helixCommand(t, t.TempDir(), nil, "exec", "--demo", line)
		var stderr strings.Builder
		cmd.Stdout, cmd.Stderr = full, &stderr
		_ = cmd.Run() // its status is looked at
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(stderr.String(), "could not be written") {
			t.Errorf("%s: status %d, %s", line, cmd.ProcessState.ExitCode(), stderr.String())
		}
	}
}

func TestExecRefusesAMessageThatIsTooLong(t *testing.T) {
	got := runHelix(t, "echo begun\n"+strings.Repeat("#", maxMessage), "exec", "--demo", "-")
	if got.stdout != "" || got.status != 2 || !strings.Contains(got.stderr, "at most 1048576 bytes") {
		t.Errorf("status %d, stdout %q, stderr %.200q", got.status, got.stdout, got.stderr)
	}
}

func TestExecWaitsForASilentRedisNoLongerThanTold(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	got := runHelixIn(t, t.TempDir(), []string{"HELIX_REDIS_TIMEOUT=5m"}, "",
		"exec", "--redis", "redis://"+silent.Addr().String(), "--timeout", "100ms", "!redis dbsize")
	if got.status != 1 || !strings.Contains(got.stderr, "after 100ms, the time limit") {
		t.Errorf("%+v", got)
	}
	got = runHelixIn(t, t.TempDir(), []string{"HELIX_REDIS_TIMEOUT=1"}, "",
		"exec", "--redis", "rediss://"+silent.Addr().String(), "!redis dbsize")
	if got.status != 5 || !strings.Contains(got.stderr, "does not answer") {
		t.Errorf("%+v", got)
	}
}

func TestASignalEndsExecAtOnce(t *testing.T) {
	for _, tt := range []struct {
		signal os.Signal
		status int
	}{{os.Interrupt, 130}, {syscall.SIGTERM, 143}} {
		cmd := helixCommand(t, t.TempDir(), nil, "exec", "--demo", "!echo begun; while true; do redis get none | cat; done", "!echo second")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stdout := bufio.NewReader(out)
		if begun, err := stdout.ReadString('\n'); begun != "begun\n" {
			t.Fatal(begun, err)
		}
		if err := cmd.Process.Signal(tt.signal); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(stdout)
		_ = cmd.Wait() // its status is looked at
		if strings.Contains(string(rest), "second") || cmd.ProcessState.ExitCode() != tt.status {
			t.Errorf("%s: status %d, then %q", tt.signal, cmd.ProcessState.ExitCode(), rest)
		}
	}
}

func TestTheEnvironmentConfigures(t *testing.T) {
	server := redistest.Any(t)
	for _, variable := range []string{"REDIS_URL", "HELIX_REDIS_URL"} {
		got := runHelixIn(t, t.TempDir(), []string{variable + "=" + server.URL()}, "", "exec", "!redis ping")
		if got.stdout != "PONG\n" {
			t.Errorf("%s: %+v", variable, got)
		}
	}
	dir := t.TempDir()
	secret := writeFile(t, dir, "url", server.URL()+"\n")
	got := runHelixIn(t, dir, []string{"REDIS_URL_FILE=" + secret}, "", "exec", "!redis ping")
	if got.stdout != "PONG\n" {
		t.Errorf("REDIS_URL_FILE: %+v", got)
	}
}

func TestAWrongPasswordIsSaidAndNotShown(t *testing.T) {
	server := redistest.Standalone(t, "--requirepass", "right")
	for _, password := range []string{"hunter2", ""} {
		url := "redis://:" + password + "@" + server.Addr
		got := runHelix(t, "", "exec", "--redis", url, "!redis dbsize")
		if got.status != 5 || !strings.Contains(got.stderr, "password") {
			t.Errorf("password %q: %+v", password, got)
		}
		if strings.Contains(got.stdout+got.stderr, "hunter2") {
			t.Errorf("the password is shown: %+v", got)
		}
	}
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"exce"}, 2, `Did you mean "exec"?`},
		{[]string{"nothing-like-it"}, 2, "helix help"},
		{[]string{"version", "--nope"}, 2, "--nope"},
		{[]string{"console", "argument"}, 2, "takes no arguments"},
		{[]string{"check", "argument"}, 2, "takes no arguments"},
		{[]string{"exec", "--redis", "nonsense", "!echo"}, 1, "no scheme"},
		{[]string{"exec", "--config", "missing.yaml", "!echo"}, 1, "missing.yaml"},
	} {
		got := runHelix(t, "", tt.args...)
		if got.status != tt.status || !strings.Contains(got.stderr, tt.says) {
			t.Errorf("%q: %+v", tt.args, got)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		if got := runHelix(t, "", arg); !strings.HasPrefix(got.stdout, "helix ") || got.status != 0 {
			t.Errorf("%s: %+v", arg, got)
		}
	}
	for _, args := range [][]string{{"help"}, {"--help"}, {"exec", "--help"}, {"check", "--help"}, {"run", "--help"}} {
		if got := runHelix(t, "", args...); !strings.Contains(got.stdout, "Usage: helix") || got.status != 0 {
			t.Errorf("%q: %+v", args, got)
		}
	}
}

func TestTheConsoleSpeaksThroughAPipe(t *testing.T) {
	got := runHelix(t, "!redis keys session:* | wc -l\n!config set redis.session_ttl=86400\n")
	if got.status != 0 || !strings.Contains(got.stdout, "redis.session_ttl = 86400 (as before)") {
		t.Errorf("%+v", got)
	}
	if first, _, _ := strings.Cut(got.stdout, "\n"); len(first) != 3 {
		t.Errorf("the count of sample sessions is %q", first)
	}
}

// TestLongKeysTakeLittleMemory streams keys of almost a mebibyte, the longest
// that a line may be, through what holds them.
func TestLongKeysTakeLittleMemory(t *testing.T) {
	server := redistest.Any(t)
	client := server.Client()
	long := strings.Repeat("k", 1<<20-20)
	for i := range 60 {
		if err := client.Set(t.Context(), fmt.Sprintf("long:%02d%s", i, long), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	most := 120.0 // MiB, of which some 25 are Helix at rest
	if raceDetector {
		most *= 8
	}
	for _, line := range []string{
		"!redis keys long:* | cut -c 1-7 | sort | tail -1",
		"!redis keys long:* | xargs -n 7 redis exists | sort | uniq -c",
		"!redis keys long:* | xargs -I {} echo {} | wc -l",
		`!redis keys long:* | while read k; do redis ttl "$k"; done | sort | uniq -c`,
	} {
		cmd := helixCommand(t, t.TempDir(), nil, "exec", "--redis", server.URL(), line)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		peak, err := peakMemory(cmd)
		if err != nil {
			t.Fatalf("%s: %v: %s", line, err, out.String())
		}
		if peak == 0 || peak > most {
			t.Errorf("%s: a peak of %.1f MiB, want at most %.0f", line, peak, most)
		}
	}
}
