package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
)

// guideChange is a line of the guide that changes Redis, as it stands there, or
// several that do one thing. What they print is compared byte for byte: however
// the order of keys is free, their answers are alike.
type guideChange struct {
	name string
	line string
	bash string // what says the same to bash; empty: the line itself
	many int    // sessions more than the few there are
}

// guideChanging is every line of the guide that changes Redis.
var guideChanging = []guideChange{
	{"set a TTL on all", `redis-cli KEYS "session:*" | xargs -I {} redis-cli EXPIRE {} 86400`, "", 0},
	{"clear everything", `redis-cli FLUSHDB`, "", 0},
	{"raise maxmemory", `redis-cli CONFIG SET maxmemory 2gb`, "", 0},
	{"choose an eviction policy", `redis-cli CONFIG SET maxmemory-policy allkeys-lru`, "", 0},
	{"clear old sessions", "redis-cli --scan --pattern \"session:*\" | \\\n  xargs -L 1000 redis-cli DEL", "", 2345},
	{"clean up after one person", "redis-cli KEYS \"session:user:john@example.com:*\" | \\\n  xargs redis-cli DEL", "", 0},
	{"delete what never expires", "redis-cli --scan --pattern \"session:*\" | \\\n  while read key; do\n    ttl=$(redis-cli TTL \"$key\")\n" +
		"    if [ \"$ttl\" -eq \"-1\" ]; then\n      redis-cli DEL \"$key\"\n    fi\n  done", "", 0},
	{"clear all sessions", `redis-cli KEYS "session:*" | xargs redis-cli DEL`, "", 0},
	{"one thing after another for a full server", "redis-cli CONFIG SET maxmemory 2gb\n\n# Option 2: Enable eviction policy\n" +
		"redis-cli CONFIG SET maxmemory-policy allkeys-lru\n\n# Option 3: Clear old sessions\nredis-cli --scan --pattern \"session:*\" | \\\n  xargs -L 1000 redis-cli DEL", "", 1000},
	{"lines of redis.conf", guideConf, guideConfTyped, 0},
}

const guideConf = "# Enable RDB persistence for session recovery\nsave 900 1\nsave 300 10\nsave 60 10000\n\n" +
	"# Use AOF for durability (optional, trades performance)\nappendonly yes\nappendfsync everysec\n\n" +
	"# Optimize memory\nmaxmemory-policy allkeys-lru\nmaxmemory 2gb"

const guideConfTyped = "redis-cli CONFIG SET save '900 1 300 10 60 10000'\nredis-cli CONFIG SET appendonly yes\n" +
	"redis-cli CONFIG SET appendfsync everysec\nredis-cli CONFIG SET maxmemory-policy allkeys-lru\nredis-cli CONFIG SET maxmemory 2gb"

// typed answers the line as bash takes it.
func (g guideChange) typed() string {
	if g.bash != "" {
		return g.bash
	}
	return g.line
}

// messages are the ways in which the line is put into a channel.
func (g guideChange) messages() map[string]string {
	ways := asTyped(g.name, g.line)
	if g.bash != "" && !raceDetector {
		ways["typed"] = "!redis\n```bash\n" + g.bash + "\n```"
	}
	return ways
}

// twin is one of two servers that hold the same.
type twin struct {
	*redistest.Server
	client *redis.Client
	config map[string]string // at its start
}

func newTwin(t *testing.T, args ...string) *twin {
	t.Helper()
	server := redistest.Standalone(t, append(args, "--enable-debug-command", "yes")...)
	w := &twin{Server: server, client: server.Client()}
	w.config = w.parameters(t)
	return w
}

// ofItsOwn are parameters by which any two servers differ.
var ofItsOwn = []string{"port", "dir", "pidfile"}

func (w *twin) parameters(t *testing.T) map[string]string {
	t.Helper()
	all, err := w.client.ConfigGet(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range ofItsOwn {
		delete(all, name)
	}
	return all
}

// reset makes a twin what it was at its start, with the guide's sessions and
// more of them.
func (w *twin) reset(t *testing.T, more int) {
	t.Helper()
	ctx := t.Context()
	for name, value := range w.parameters(t) {
		if value == w.config[name] {
			continue
		}
		if err := w.client.ConfigSet(ctx, name, w.config[name]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	pipe := w.client.Pipeline()
	pipe.FlushAll(ctx)
	for i := range 20 {
		pipe.Set(ctx, fmt.Sprintf("session:%08d-0000-4000-8000-000000000000", i), fmt.Sprintf(`{"user_id": "u%d"}`, i), time.Duration(i%3)*time.Hour)
		pipe.Set(ctx, fmt.Sprintf("session:user:john@example.com:{tj}%064d", i), `{"user_id": "john@example.com"}`, time.Duration(i%2)*time.Hour)
	}
	for i := range more {
		pipe.Set(ctx, fmt.Sprintf("session:more:%d", i), "{}", time.Hour)
	}
	pipe.HSet(ctx, "session:cart", "a", "1", "b", "2")
	pipe.RPush(ctx, "session:trail", "x", "y")
	pipe.ZAdd(ctx, "board", redis.Z{Score: 1.5, Member: "m"})
	pipe.Set(ctx, "other", "v", 2*time.Hour)
	pipe.Set(ctx, "sessions", "no session", 0)
	if _, err := pipe.Exec(ctx); err != nil {
		t.Fatal(err)
	}
}

// held is what a key holds, but for its time to live.
type held struct{ typ, digest string }

// state is what a server holds, Helix' own keys apart.
type state struct {
	keys   map[string]held
	ends   map[string]time.Duration // since 1970; -1ns: never
	own    []string                 // of Helix
	config map[string]string
}

func (w *twin) state(t *testing.T) state {
	t.Helper()
	ctx := t.Context()
	s := state{make(map[string]held), make(map[string]time.Duration), nil, w.parameters(t)}
	names := w.client.Keys(ctx, "*").Val()
	types, digests, ends := make([]*redis.StatusCmd, len(names)), make([]*redis.Cmd, len(names)), make([]*redis.DurationCmd, len(names))
	pipe := w.client.Pipeline()
	for i, name := range names {
		types[i], digests[i], ends[i] = pipe.Type(ctx, name), pipe.Do(ctx, "DEBUG", "DIGEST-VALUE", name), pipe.PExpireTime(ctx, name)
	}
	if _, err := pipe.Exec(ctx); err != nil && len(names) > 0 {
		t.Fatal(err)
	}
	for i, name := range names {
		if strings.HasPrefix(name, "{helix}:") {
			s.own = append(s.own, name)
			continue
		}
		s.keys[name], s.ends[name] = held{types[i].Val(), fmt.Sprint(digests[i].Val())}, ends[i].Val()
	}
	slices.Sort(s.own)
	return s
}

// sameState reports in what ours differs from theirs. Times to live may be a
// little apart: the two were made one after the other.
func sameState(t *testing.T, ours, theirs state, apart time.Duration) {
	t.Helper()
	if !maps.Equal(ours.keys, theirs.keys) {
		t.Errorf("%d keys, want %d, or other values", len(ours.keys), len(theirs.keys))
		return
	}
	if !maps.Equal(ours.config, theirs.config) {
		t.Errorf("parameters differ:\n%v\n%v", ours.config, theirs.config)
	}
	for name, want := range theirs.ends {
		if got := ours.ends[name]; (got < 0) != (want < 0) || got-want > apart || want-got > apart {
			t.Errorf("%s ends in %s, want %s", name, got, want)
		}
	}
}

// slow is how far times to live may be apart: bash starts a process for each
// key, on a machine that may be busy. Those that the guide sets are hours apart
// from those there were.
const slow = time.Minute

func TestGuideChangingLinesEqualBashAndRedisCLI(t *testing.T) {
	ours, theirs := newTwin(t), newTwin(t)
	bash := bashWithRedisCLI(t, theirs.Addr)
	for _, g := range guideChanging {
		t.Run(g.name, func(t *testing.T) {
			theirs.reset(t, g.many)
			printed := bash(g.typed())
			want := theirs.state(t)
			for how, message := range g.messages() {
				t.Run(how+", at once", func(t *testing.T) {
					ours.reset(t, g.many)
					got := runHelix(t, message, "exec", "--yes", "--redis", ours.URL(), "-")
					if got.status != 0 {
						t.Errorf("status %d: %s", got.status, got.stderr)
					}
					sameBytes(t, got.stdout, printed)
					sameState(t, ours.state(t), want, slow)
				})
				t.Run(how+", planned and confirmed", func(t *testing.T) {
					ours.reset(t, g.many)
					confirmGuideLine(t, ours, message, printed)
					sameState(t, ours.state(t), want, slow)
				})
				t.Run(how+", planned only", func(t *testing.T) {
					ours.reset(t, g.many)
					planGuideLine(t, ours, message)
				})
			}
		})
	}
}

// confirmGuideLine has a line planned and confirmed as in a channel.
func confirmGuideLine(t *testing.T, on *twin, message, printed string) {
	t.Helper()
	before := on.state(t)
	ch := newChannel(t, on.URL())
	plan := ch.plans(message)
	sameState(t, on.state(t), before, slow)
	done := ch.confirms(plan)
	if done.Outcome != commands.OK || done.Status != 0 {
		t.Errorf("it came to %+v", done)
	}
	sameBytes(t, string(done.Output), printed)
}

// channel is a channel of Discord in which ann speaks to Helix.
type channel struct {
	*testing.T
	app *app
	ann permissions.Member
}

func newChannel(t *testing.T, url string) channel {
	t.Helper()
	base, err := settings.Load(settings.Options{Flags: map[string]string{
		string(settings.RedisURL): url, string(settings.StateDir): t.TempDir(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(context.Background(), base, zap.NewNop(), false, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	return channel{t, a, permissions.Member{ID: "1", Name: "ann", Guild: "2", Channel: "3", Owner: true}}
}

func (c channel) says(message string) commands.Reply {
	return c.app.dispatcher.Handle(c.Context(), commands.Request{Text: message, Caller: c.ann})
}

// plans says what has to be answered with a plan and nothing else.
func (c channel) plans(message string) *commands.Plan {
	c.Helper()
	reply := c.says(message)
	if reply.Plan == nil || len(reply.Output) > 0 {
		c.Fatalf("%s: no plan, but %q %+v", message, reply.Output, reply)
	}
	return reply.Plan
}

// confirms confirms a plan, with its word where it asks for one.
func (c channel) confirms(plan *commands.Plan) commands.Reply {
	c.Helper()
	run, refusal := c.app.dispatcher.Confirm(c.Context(), commands.Confirmation{
		Request: commands.Request{Caller: c.ann}, Plan: plan.ID, Word: plan.Word,
	})
	if run == nil {
		c.Fatalf("not confirmed: %+v", refusal)
	}
	return run(c.Context())
}

// planGuideLine holds that the plan of a line is all that comes of it: nothing
// of the server is another afterwards but what is recorded of the asking.
func planGuideLine(t *testing.T, on *twin, message string) {
	t.Helper()
	before := on.state(t)
	got := runHelix(t, message, "exec", "--plan", "--redis", on.URL(), "-")
	after := on.state(t)
	if got.status != 0 || got.stdout != "" || !strings.HasPrefix(got.stderr, "Plan: ") {
		t.Errorf("status %d, printed %q, said %q", got.status, got.stdout, got.stderr)
	}
	sameState(t, after, before, 0)
	if own := slices.DeleteFunc(after.own, isAudit); len(own) > 0 {
		t.Errorf("a plan that is only shown left %v", own)
	}
}

func isAudit(key string) bool { return strings.HasPrefix(key, "{helix}:audit") }

// TestGuideSettingsAreChangedLive holds the lines with which the guide changes
// settings, between others of its block.
func TestGuideSettingsAreChangedLive(t *testing.T) {
	const lines = "!config set redis.session_ttl=86400\n!config set redis.session_cleanup=true"
	const block = "!redis\n```bash\n" +
		"# Option 1: Set TTL on existing sessions (non-destructive)\nredis-cli KEYS \"session:*\" | xargs -I {} redis-cli EXPIRE {} 86400\n\n" +
		"# Option 2: Enable automatic cleanup going forward\n" + lines + "\n\n" +
		"# Option 3: Clear all sessions (CAUTION: logs everyone out)\n# redis-cli FLUSHDB\n```"
	const before = "!config set redis.session_ttl=3600 redis.session_cleanup=false"
	const answer = "redis.session_ttl = 86400 (was 3600)\nredis.session_cleanup = true (was false)\n"
	w := newTwin(t)
	w.reset(t, 0)
	if got := runHelix(t, "", "exec", "--redis", w.URL(), before); got.status != 0 {
		t.Fatal(got.stderr)
	}
	for _, message := range []string{lines, block} {
		held := w.client.HGetAll(t.Context(), "{helix}:config").Val()
		if held["@revision"] == "" {
			t.Fatalf("the settings are %v", held)
		}
		keys := w.state(t)
		got := runHelix(t, message, "exec", "--plan", "--redis", w.URL(), "-")
		if got.status != 0 || got.stdout != "" || !strings.HasPrefix(got.stderr, "Plan: ") ||
			!strings.Contains(got.stderr, "redis.session_ttl = 86400 (was 3600)") || !strings.Contains(got.stderr, "redis.session_cleanup = true (was false)") {
			t.Errorf("planned only: %+v", got)
		}
		sameState(t, w.state(t), keys, 0)
		if now := w.client.HGetAll(t.Context(), "{helix}:config").Val(); !maps.Equal(now, held) {
			t.Errorf("a plan that is only shown changed the settings: %v, were %v", now, held)
		}
	}
	got := runHelix(t, block, "exec", "--yes", "--redis", w.URL(), "-")
	if want := strings.Repeat("1\n", 42) + answer; got.stdout != want || got.status != 0 {
		t.Errorf("at once: %+v", got)
	}
	if got := runHelix(t, "", "exec", "--redis", w.URL(), before); got.status != 0 {
		t.Fatal(got.stderr)
	}
	ch := newChannel(t, w.URL())
	reply := ch.says(block)
	if reply.Plan == nil || !strings.Contains(strings.Join(reply.Hints, "\n"), "in force already: redis.session_ttl, redis.session_cleanup.") {
		t.Errorf("%+v", reply)
	}
}

// TestGuideChangingIsComplete holds the tables against the guide itself, where
// it lies beside the repository: what they have stands there, and they have
// what stands there.
func TestGuideChangingIsComplete(t *testing.T) {
	guide := readGuide(t)
	var have strings.Builder
	for _, g := range guideReading {
		have.WriteString(g.line + "\n")
	}
	for _, g := range guideChanging {
		have.WriteString(g.line + "\n")
		if !strings.Contains(guide, g.line) {
			t.Errorf("%s: the guide has no such line:\n%s", g.name, g.line)
		}
	}
	elsewhere := []string{"redis-cli MONITOR", "!config set redis.session_ttl=86400", "!config set redis.session_cleanup=true"}
	for line := range strings.Lines(guide) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "# ")
		isLine := strings.HasPrefix(line, "redis-cli") || strings.HasPrefix(line, "!")
		if isLine && !slices.Contains(elsewhere, line) && !strings.Contains(have.String(), line) {
			t.Errorf("no test has the guide's line %q", line)
		}
	}
}
