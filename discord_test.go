package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/longtest"
	"github.com/helix-collective/helix/internal/redistest"
)

// place is a guild with people, and what Helix needs to serve it.
type place struct {
	*discordtest.Guild
	discord *discordtest.Discord
	dir     string
}

// patience is how long an answer may take: large values are read and redacted,
// by a process that the race detector may slow down.
const patience = time.Minute

// newPlace is the guild Acme: ann is on call, guest is nobody.
func newPlace(t testing.TB) *place {
	t.Helper()
	return placeOn(t, discordtest.New(t, discordtest.WithPatience(patience)))
}

func placeOn(t testing.TB, d *discordtest.Discord) *place {
	t.Helper()
	g := d.Guild("Acme").Text("#ops").Text("#talk").Role("oncall").Join("ann", "oncall").Join("guest").Owner("olga")
	dir := t.TempDir()
	writeFile(t, dir, "config.yaml", fmt.Sprintf(`discord:
  ops_channel: %q
permissions:
  roles:
    oncall:
      discord: [%q]
      allow: [read, write, configure]
`, g.ChannelID("#ops"), g.RoleID("oncall")))
	return &place{g, d, dir}
}

// instance is a running helix.
type instance struct {
	cmd  *exec.Cmd
	log  *longtest.Output
	done chan error
}

// launch starts helix as a process of its own.
func (p *place) launch(t testing.TB, env ...string) *instance {
	t.Helper()
	i := p.launchAs(t, append([]string{"DISCORD_TOKEN=" + p.discord.Token(), "HELIX_DISCORD_API_URL=" + p.discord.URL()}, env...), "run")
	t.Cleanup(func() {
		if strings.Contains(i.log.String(), p.discord.Token()) {
			t.Error("the token is in the log")
		}
	})
	return i
}

// launchAs starts helix with arguments, knowing of no Discord but by env.
func (p *place) launchAs(t testing.TB, env []string, args ...string) *instance {
	t.Helper()
	cmd := helixCommand(t, p.dir, env, args...)
	i := &instance{cmd: cmd, log: &longtest.Output{}, done: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = i.log, i.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { i.done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		if t.Failed() {
			t.Logf("the log:\n%s", i.log)
		}
	})
	return i
}

// stop ends an instance as a supervisor does.
func (i *instance) stop(t testing.TB) {
	t.Helper()
	if err := i.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-i.done:
		if err != nil {
			t.Errorf("helix ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("helix does not end")
	}
}

// ended waits until an instance ends by itself and answers its status.
func (i *instance) ended(t *testing.T) int {
	t.Helper()
	select {
	case <-i.done:
		return i.cmd.ProcessState.ExitCode()
	case <-time.After(10 * time.Second):
		t.Fatal("helix does not end")
		return 0
	}
}

func TestTheFirstConversation(t *testing.T) {
	server := redistest.Any(t)
	client := server.Client()
	for i := range 3 {
		if err := client.Set(t.Context(), fmt.Sprintf("session:%d", i), "{}", time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
	redis := "REDIS_URL=" + server.URL()
	acme := newPlace(t)
	one := acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(1)
	ann := acme.As("ann")

	ann.Says("#ops", "!redis keys session:* | wc -l").Sees("```\n3\n```", "1 line")
	acme.As("guest").Says("#ops", "!redis keys session:* | wc -l").Sees("You need **read**", "@oncall")
	acme.As("guest").Says("#talk", "!redis dbsize").SeesNothing(100 * time.Millisecond)
	acme.As("olga").Says("#talk", "!redis keys session:* | wc -l").Sees("3")

	ann.Says("#ops", "!config set redis.session_ttl=7200").Sees("7200 (was 86400)")
	ann.Says("#ops", "!config set redis.session_ttl=86400").Sees("86400 (was 7200)")
	ann.Says("#ops", "!config set redis.session_ttl=2h redis.session_cleanup=off").Sees("7200 (was 86400)")
	elsewhere := func(want string) {
		t.Helper()
		if got := runHelixIn(t, t.TempDir(), []string{redis}, "", "exec", "!config get redis.session_ttl"); !strings.Contains(got.stdout, want) {
			t.Errorf("another process is answered %q, want %s", got.stdout, want)
		}
	}
	elsewhere("7200")

	one.stop(t)
	acme.discord.Gateway().AwaitGone()
	acme.launch(t, redis)
	acme.discord.Gateway().AwaitReady(2)
	ann.Says("#ops", "!config get redis.session_ttl").Sees("7200")
	ann.Says("#ops", "!config rollback 1").Sees("redis.session_cleanup = true (was false)")
	ann.Says("#ops", "!config rollback 2").Sees("86400 (was 7200)")
	elsewhere("86400")
	acme.As("guest").Says("#ops", "!config set redis.session_ttl=60").Sees("You need **configure**", "@oncall")
	ann.Says("#ops", "!redis del session:1").Sees("You need **destroy**")
	ann.Says("#ops", "!redis expire session:1 60").Sees("Plan: let 1 key end sooner", "CANNOT be taken back: no lasting state.dir is set")
	if n := client.Exists(t.Context(), "session:1").Val(); n != 1 {
		t.Error("a key is gone")
	}
}

// awaitAnswer asks until the answer has arrived: changes reach others within a
// second.
func awaitAnswer(t *testing.T, who *discordtest.Person, ask, want string) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Second)
	for {
		answer := who.Says("#ops", ask).Sees()
		if strings.Contains(answer.Content, want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s still answers %q", ask, answer.Content)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestBadInputOnDiscord holds that whatever comes in has an answer in words.
func TestBadInputOnDiscord(t *testing.T) {
	server := redistest.Any(t)
	client := server.Client()
	for key, value := range map[string]string{
		"@everyone": "ring @here", "`````": "```\n@everyone\n```", "binary": "a\x00b\xff\x1b[31m\u202e", "long": strings.Repeat("0123456789abcde\n", 50<<16),
	} {
		if err := client.Set(t.Context(), key, value, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	acme := newPlace(t)
	acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_SHELL_MAX_STEPS=100000")
	acme.discord.Gateway().AwaitReady(1)
	for _, c := range []struct {
		say  string
		sees []string
	}{
		{`!redis get "abc`, []string{"is never closed", "^"}},
		{"!redis keys “session:*”", []string{"curly", "^"}},
		{"!reids dbsize", []string{"`reids` is not a command", "Did you mean `redis`?"}},
		{"!redis gte x", []string{"Did you mean `redis get`?"}},
		{"!config set redis.sesion_ttl=5", []string{"redis.session_ttl"}},
		{"!config set redis.session_ttl=soon", []string{"redis.session_ttl", "Nothing was changed"}},
		{"!config set redis.session_ttl=-5", []string{"Nothing was changed"}},
		{"!redis keys * > /tmp/x", []string{"^"}},
		{"!cat /etc/passwd", []string{"standard input"}},
		{"!redis keys @* | head", []string{"@everyone"}},
		{"!redis get @everyone", []string{"ring @here"}},
		{"!redis keys '*`*'", []string{"`\u200b`\u200b`\u200b`\u200b`"}},
		{"!redis keys '*`*' | xargs redis get", []string{"`\u200b`\u200b`\n@everyone\n`\u200b`\u200b`"}},
		{"!redis get binary", []string{`a\x00b\xff\x1b[31m\u202e`}},
		{"!redis get long", []string{"0123456789abcde", "MiB", "left out", "head"}},
		{"!while true; do echo x; done", []string{"limit"}},
		{"!redis shutdown", []string{"`redis shutdown` is refused"}},
		{"!redis -h evil dbsize", []string{"redis.url"}},
		{"!help nonsense", []string{"nonsense"}},
		{"!", nil},
	} {
		t.Run(c.say, func(t *testing.T) {
			said := acme.As("ann").Says("#ops", c.say)
			if c.sees == nil {
				said.SeesNothing(50 * time.Millisecond)
				return
			}
			answer := said.Sees(c.sees...)
			if len(answer.Pings) > 0 {
				t.Errorf("it rings %q", answer.Pings)
			}
			if marks := strings.Count(answer.Content, "```"); marks%2 != 0 {
				t.Errorf("a block is broken: %q", answer.Content)
			}
		})
	}
}

func TestRedisLostAndFoundInAConversation(t *testing.T) {
	server := redistest.Standalone(t, "--enable-debug-command", "yes")
	if err := server.Client().Do(t.Context(), "DEBUG", "POPULATE", 100000, "session:user", 20).Err(); err != nil {
		t.Fatal(err)
	}
	acme := newPlace(t)
	acme.launch(t, "REDIS_URL="+server.URL())
	acme.discord.Gateway().AwaitReady(1)
	ann := acme.As("ann")
	ann.Says("#ops", "!redis dbsize").Sees("100")
	said := ann.Says("#ops", "!while true; do redis keys session:* | wc -l; done")
	time.Sleep(300 * time.Millisecond) // in the middle of one of them
	server.Kill()
	said.Sees("does not answer")
	ann.Says("#ops", "!redis dbsize").Sees("does not answer", "try again")
	ann.Says("#ops", "!config set redis.max_sessions_per_user=7").Sees("Redis")
	ann.Says("#ops", "!config get redis.session_ttl").Sees("86400")
	server.Restart()
	awaitHealed(t, ann)
}

func awaitHealed(t *testing.T, who *discordtest.Person) {
	t.Helper()
	for range 50 {
		if answer := who.Says("#ops", "!redis ping").Sees(); strings.Contains(answer.Content, "PONG") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("Redis is back, but nobody notices")
}

func TestRedisDownAtTheStart(t *testing.T) {
	server := redistest.Standalone(t)
	server.Kill()
	acme := newPlace(t)
	acme.launch(t, "REDIS_URL="+server.URL())
	acme.discord.Gateway().AwaitReady(1)
	acme.As("ann").Says("#ops", "!redis dbsize").Sees("Redis, which does not answer")
	server.Restart()
	awaitHealed(t, acme.As("ann"))
}

func TestWhatKeepsTheBotFromStarting(t *testing.T) {
	server := redistest.Any(t)
	for _, c := range []struct {
		name string
		env  []string
		says string
	}{
		{"no Redis", nil, "REDIS_URL"},
		{"a token that is refused", []string{"DISCORD_TOKEN=wrong", "REDIS_URL=" + server.URL()}, "Discord refuses the token"},
		{"a wrong address", []string{"HELIX_DISCORD_API_URL=nonsense", "REDIS_URL=" + server.URL()}, "discord.api_url"},
		{"a wrong Redis address", []string{"REDIS_URL=nonsense"}, "no scheme"},
	} {
		t.Run(c.name, func(t *testing.T) {
			acme := newPlace(t)
			i := acme.launch(t, c.env...)
			if status := i.ended(t); status == 0 || !strings.Contains(i.log.String(), c.says) {
				t.Errorf("status %d", status)
			}
			if strings.Contains(i.log.String(), "goroutine ") {
				t.Error("it panicked")
			}
		})
	}
}

func TestCheckOfDiscord(t *testing.T) {
	server := redistest.Any(t)
	acme := newPlace(t)
	env := []string{"DISCORD_TOKEN=" + acme.discord.Token(), "HELIX_DISCORD_API_URL=" + acme.discord.URL(), "REDIS_URL=" + server.URL()}
	got := runHelixIn(t, acme.dir, env, "", "check")
	for _, part := range []string{"Discord token", "message-content intent is on", "Helix has the rights", "https://discord.com/oauth2/authorize?client_id=" + acme.discord.BotID()} {
		if !strings.Contains(got.stdout, part) {
			t.Errorf("nothing says %q in\n%s", part, got.stdout)
		}
	}
	if strings.Contains(got.stdout+got.stderr, acme.discord.Token()) {
		t.Error("the token is shown")
	}
}

// TestLongWorkCanBeStoppedFromTheChannel scans a million keys at a hundredth of
// the server's time, sees how far that is, and stops it.
func TestLongWorkCanBeStoppedFromTheChannel(t *testing.T) {
	server := redistest.Standalone(t, "--enable-debug-command", "yes")
	if err := server.Client().Do(t.Context(), "DEBUG", "POPULATE", 1000000, "session", 10).Err(); err != nil {
		t.Fatal(err)
	}
	acme := newPlace(t)
	acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_REDIS_MAX_SHARE=1")
	acme.discord.Gateway().AwaitReady(1)
	shown := acme.As("ann").Says("#ops", "!redis keys session:* | wc -l").Sees("Running")
	shown.Becomes("of the keyspace looked at", "keys found", "left")
	acme.As("ann").Clicks(shown, "Stop")
	shown.Becomes("Stopped", "It came as far as this", "keys found")
}

// TestALiveViewInTheChannel watches Redis from a channel and stops when enough
// is seen.
// On one server: in a Cluster each line names its own.
func TestALiveViewInTheChannel(t *testing.T) {
	server := redistest.Standalone(t)
	acme := newPlace(t)
	config := fmt.Sprintf("discord:\n  ops_channel: %q\npermissions:\n  roles:\n    oncall:\n      discord: [%q]\n      allow: [read, admin]\n",
		acme.ChannelID("#ops"), acme.RoleID("oncall"))
	writeFile(t, acme.dir, "config.yaml", config)
	acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_ALERTS_INTERVAL=1h") // it would push what is looked for out of sight
	acme.discord.Gateway().AwaitReady(1)
	said := acme.As("ann").Says("#ops", "!redis monitor --for 60s | grep -E 'OK|live:'")
	redistest.Eventually(t, "it monitors", func(ctx context.Context) bool {
		return strings.Contains(server.Client().ClientList(ctx).Val(), "flags=O")
	})
	seen, over := make(chan struct{}), make(chan struct{})
	go func() { // what Helix asks at its start would push them out of sight
		defer close(over)
		for client := server.Client(); ; {
			client.Set(t.Context(), "live:1", `{"token":"hunter2"}`, 0)
			client.Set(t.Context(), "live:1", "```@everyone", 0)
			select {
			case <-seen:
				return
			case <-time.After(time.Second):
			}
		}
	}()
	shown := said.Sees("Running", `{\"token\":\"•••\"}`, "`\u200b`\u200b`@everyone", "\n```\n-# ", "lines seen")
	close(seen)
	<-over
	if err := server.Client().Get(t.Context(), "live:over").Err(); err == nil {
		t.Error("there is such a key")
	}
	shown.Becomes("Running", `"live:over"`)
	acme.As("ann").Clicks(shown, "Stop")
	answer := shown.Becomes("```\nOK\n", `"live:over"`, "Stopped after", "lines · ")
	if strings.Contains(answer.Content, "Running") || strings.Contains(answer.Content, "hunter2") || len(answer.Buttons()) > 0 || len(answer.Pings) > 0 {
		t.Errorf("it is answered\n%s", answer.Content)
	}
}
