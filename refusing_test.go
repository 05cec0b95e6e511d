package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// fill uses up what memory a server may have, so that it refuses to take more.
func (w *twin) fill(t *testing.T) {
	t.Helper()
	if err := w.client.ConfigSet(t.Context(), "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if err := w.client.Set(t.Context(), "more", "x", time.Millisecond).Err(); err == nil || !strings.HasPrefix(err.Error(), "OOM ") {
		t.Fatalf("the server is not full: %v", err)
	}
}

// curesOfOOM are the lines with which the guide gets a full server going again,
// and others that give memory back.
func curesOfOOM() []guideChange {
	var cures []guideChange
	for _, g := range guideChanging {
		if !strings.Contains(g.line, "allkeys") { // which drops keys at once: see TestEvictionIsSaid
			cures = append(cures, g)
		}
	}
	return append(cures, guideChange{"unlink all sessions", `redis-cli KEYS "session:*" | xargs redis-cli UNLINK`, "", 0})
}

// TestTheCuresOfAFullServerRunOnAFullServer holds that each is planned,
// confirmed, carried out, reported, recorded and can be taken back.
func TestTheCuresOfAFullServerRunOnAFullServer(t *testing.T) {
	ours, theirs := newTwin(t), newTwin(t)
	bash := bashWithRedisCLI(t, theirs.Addr)
	for _, g := range curesOfOOM() {
		t.Run(g.name, func(t *testing.T) {
			theirs.reset(t, g.many)
			theirs.fill(t)
			printed := bash(g.typed())
			ours.reset(t, g.many)
			before := ours.state(t)
			ours.fill(t)
			ch := newChannel(t, ours.URL())
			plan := ch.plans("!redis " + g.line)
			done := ch.confirms(plan)
			if done.Outcome != commands.OK || done.Status != 0 || !strings.Contains(done.Footer, " carried out (") {
				t.Fatalf("it came to %+v", done)
			}
			sameBytes(t, string(done.Output), printed)
			sameState(t, ours.state(t), theirs.state(t), slow)
			isRecorded(t, ch, g.line)
			takesBack(t, ch, ours, before)
		})
	}
}

// isRecorded holds that a line is in the audit, carried out. The end of a
// command is recorded beside what follows it.
func isRecorded(t *testing.T, ch channel, line string) {
	t.Helper()
	first, _, _ := strings.Cut(line, "\n")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		records := string(ch.says("!audit --verb redis").Output)
		if strings.Contains(records, " ok !redis "+strings.TrimSuffix(first, " \\")) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the audit says\n%s", records)
		}
	}
}

// takesBack holds that `!undo` on a full server says what has to come first,
// and that it does its work after that.
func takesBack(t *testing.T, ch channel, on *twin, before state) {
	t.Helper()
	said := ch.says("!undo")
	if limited := on.parameters(t)["maxmemory"] == "1"; limited && said.Outcome == commands.Unreachable {
		for _, want := range []string{"no memory left", "redis config set maxmemory 2gb"} {
			if !strings.Contains(said.Problem, want) {
				t.Errorf("it says %q, not %q", said.Problem, want)
			}
		}
		_, next, _ := strings.Cut(string(said.Output), "`")
		next, _, _ = strings.Cut(next, "`")
		if raised := ch.confirms(ch.plans("!redis config set maxmemory 2gb")); raised.Outcome != commands.OK {
			t.Fatalf("maxmemory: %+v", raised)
		}
		said = ch.says(next)
	}
	if said.Outcome != commands.OK || said.Status != 0 || !strings.Contains(string(said.Output), " as before") {
		t.Fatalf("%q %+v", said.Output, said)
	}
	after := on.state(t)
	after.config = before.config
	sameState(t, after, before, 2*time.Second)
}

// TestEvictionIsSaid holds that a plan by which the server would drop keys says
// that nothing brings them back, and asks for a word.
func TestEvictionIsSaid(t *testing.T) {
	w := newTwin(t)
	w.reset(t, 0)
	ch := newChannel(t, w.URL())
	for _, c := range []struct {
		full bool
		line string
		word string
		says string
	}{
		{false, "redis-cli CONFIG SET maxmemory-policy allkeys-lru", "", "drop any key, sessions among them"},
		{true, "redis-cli CONFIG SET maxmemory-policy allkeys-lru", "forever", "drops keys at once"},
		{true, "redis-cli CONFIG SET maxmemory 2gb\nredis-cli CONFIG SET maxmemory-policy allkeys-lru", "", "`!undo` can take it back"},
		{false, "redis-cli CONFIG SET maxmemory 100kb\nredis-cli CONFIG SET maxmemory-policy volatile-ttl", "forever", "drops keys at once"},
		{true, "redis-cli CONFIG SET maxmemory 1kb", "", "`!undo` can take it back"},
		{true, "redis-cli CONFIG SET maxmemory 0", "", "maxmemory 0 means no limit"},
	} {
		w.reset(t, 0)
		if c.full {
			w.fill(t)
		}
		if plan := ch.plans("!redis " + c.line); plan.Word != c.word || !strings.Contains(plan.Text, c.says) {
			t.Errorf("%s: the word %q, the plan\n%s", c.line, plan.Word, plan.Text)
		}
	}
	w.fill(t)
	if done := ch.confirms(ch.plans("!redis redis-cli CONFIG SET maxmemory-policy allkeys-lru")); done.Outcome != commands.OK {
		t.Errorf("%+v", done)
	}
	if policy := w.parameters(t)["maxmemory-policy"]; policy != "allkeys-lru" {
		t.Errorf("the policy is %s", policy)
	}
}

// breakSaving makes a server refuse every write, since it cannot save.
func breakSaving(t *testing.T, dir string, w *twin) {
	t.Helper()
	file := filepath.Join(dir, "in-the-way.rdb")
	if err := os.RemoveAll(file); err != nil { // FLUSHALL saved
		t.Fatal(err)
	}
	if err := os.Mkdir(file, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := w.client.BgSave(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(w.client.Info(t.Context(), "persistence").Val(), "rdb_last_bgsave_status:err"); {
		if time.Now().After(deadline) {
			t.Fatal("the server still saves")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestTheCuresOfAServerThatCannotSave holds that a change says what is in its
// way, once, and that it runs when that is cured.
func TestTheCuresOfAServerThatCannotSave(t *testing.T) {
	dir := t.TempDir()
	w := newTwin(t, "--dir", dir, "--dbfilename", "in-the-way.rdb", "--save", "3600 1000000")
	w.reset(t, 1500)
	breakSaving(t, dir, w)
	before := w.state(t)
	ch := newChannel(t, w.URL())
	for _, g := range curesOfOOM() {
		if strings.Contains(g.line, "CONFIG SET") || g.bash != "" {
			continue
		}
		plan := ch.plans("!redis " + g.line)
		done := ch.confirms(plan)
		for _, want := range []string{"cannot save its data", "redis config set stop-writes-on-bgsave-error no", "0 of "} {
			if !strings.Contains(done.Problem, want) {
				t.Errorf("%s: it says %q, not %q", g.name, done.Problem, want)
			}
		}
		if done.Outcome != commands.Unreachable || len(done.Output) > 0 || len(done.Problem) > 1000 {
			t.Errorf("%s: %d bytes, %s, %s", g.name, len(done.Output), done.Outcome, done.Problem)
		}
	}
	sameState(t, w.state(t), before, 0)

	plan := ch.plans("!redis config set stop-writes-on-bgsave-error no")
	if done := ch.confirms(plan); done.Outcome != commands.OK || string(done.Output) != "OK\n" {
		t.Fatalf("%q %+v", done.Output, done)
	}
	done := ch.confirms(ch.plans(`!redis keys session:* | xargs redis del`))
	if want := fmt.Sprintf("%d\n", len(before.keys)-3); done.Outcome != commands.OK || string(done.Output) != want {
		t.Errorf("%q %+v, want %q", done.Output, done, want)
	}
	isRecorded(t, ch, "config set stop-writes-on-bgsave-error no")
	if undone := ch.says("!undo"); undone.Outcome != commands.OK {
		t.Errorf("%+v", undone)
	}
	sameState(t, w.state(t), state{before.keys, before.ends, nil, w.parameters(t)}, 2*time.Second)
}

// confirms has olga ask for a change on Discord and confirm its plan, and
// answers with what it came to.
func (p *place) confirms(line string, sees ...string) {
	shown := p.As("olga").Says("#ops", line).Sees("Plan: ")
	p.As("olga").Clicks(shown, "Confirm")
	shown.Becomes(sees...)
}

// TestTheCuresOnDiscord holds that servers that refuse writes are cured from a
// channel, and that what was done there is recorded.
func TestTheCuresOnDiscord(t *testing.T) {
	w, acme := newTwin(t), newPlace(t)
	w.reset(t, 0)
	w.fill(t)
	acme.launch(t, "REDIS_URL="+w.URL(), "HELIX_STATE_DIR="+t.TempDir())
	acme.discord.Gateway().AwaitReady(1)
	if refused := acme.As("olga").Says("#ops", "!redis set x 1").Sees("no memory left", "redis config set maxmemory 2gb"); strings.Contains(refused.Content, "OK\n") {
		t.Errorf("it shows what did not come about:\n%s", refused)
	}
	acme.confirms(`!redis redis-cli KEYS "session:*" | xargs -I {} redis-cli EXPIRE {} 86400`, "42 of 42 commands carried out", "!undo")
	acme.confirms("!redis redis-cli --scan --pattern \"session:*\" | \\\n  xargs -L 1000 redis-cli DEL", "42", "1 of 1 commands carried out", "!undo")
	acme.As("olga").Says("#ops", "!undo").Sees("0 are as before", "no memory left", "goes on")
	acme.confirms("!redis redis-cli CONFIG SET maxmemory 2gb", "OK", "1 of 1 commands carried out")
	acme.As("olga").Says("#ops", "!redis dbsize | grep -v '^0$'").Sees("1 line")
	if n := len(w.state(t).keys); n != 3 {
		t.Errorf("%d keys, want 3", n)
	}
	awaitAnswer(t, acme.As("olga"), "!audit --verb redis", "ok !redis redis-cli CONFIG SET maxmemory 2gb")
}

// TestTheCureOfAServerThatCannotSaveOnDiscord is the same for MISCONF.
func TestTheCureOfAServerThatCannotSaveOnDiscord(t *testing.T) {
	dir, acme := t.TempDir(), newPlace(t)
	w := newTwin(t, "--dir", dir, "--dbfilename", "in-the-way.rdb", "--save", "3600 1000000")
	w.reset(t, 0)
	breakSaving(t, dir, w)
	acme.launch(t, "REDIS_URL="+w.URL(), "HELIX_STATE_DIR="+t.TempDir())
	acme.discord.Gateway().AwaitReady(1)
	acme.confirms("!redis keys session:* | xargs redis del", "cannot save its data", "stop-writes-on-bgsave-error no", "0 of 1")
	acme.confirms("!redis config set stop-writes-on-bgsave-error no", "OK", "1 of 1 commands carried out")
	acme.confirms("!redis keys session:* | xargs redis del", "42", "1 of 1 commands carried out")
}

// TestAReplicaIsToldAtOnce holds that nobody waits for a server that takes no
// writes and never will, nor gets a plan for it; and that a change that it
// refused is none that undo finds.
func TestAReplicaIsToldAtOnce(t *testing.T) {
	server := redistest.Standalone(t)
	addSessions(t, server.Client())
	ch := newChannel(t, server.URL())
	ch.says("!redis set k v")
	before := ch.plans("!redis keys session:* | xargs redis del")
	if err := server.Client().ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	refuses := func(what string, ask func() commands.Reply) {
		begin := time.Now()
		reply := ask()
		if reply.Plan != nil || reply.Outcome != commands.Unreachable || !strings.Contains(reply.Problem, "This Redis is a replica that takes no writes") {
			t.Errorf("%s: %+v", what, reply)
		}
		if took := time.Since(begin); took > 4*time.Second {
			t.Errorf("%s: it takes %s", what, took)
		}
	}
	refuses("a plan of before", func() commands.Reply { return ch.confirms(before) })
	for _, line := range []string{"!redis keys session:* | xargs redis del", "!redis set k w", "!redis flushdb", "!redis mset a 1 b 2"} {
		refuses(line, func() commands.Reply { return ch.says(line) })
	}
	if n := countSessions(t, server.Client()); n != 3 {
		t.Errorf("%d sessions are left", n)
	}
	if set := ch.confirms(ch.plans("!redis config set maxmemory 1gb")); set.Outcome != commands.OK {
		t.Errorf("a parameter of a replica: %+v", set)
	}
	ch.says("!undo")
	if err := server.Client().ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	if back := ch.says("!undo"); !strings.Contains(string(back.Output), `1 is as before "!redis set k v"`) {
		t.Errorf("%q %+v", back.Output, back)
	}
}

// TestTheCuresOnDiscordWithoutAStateDirectory holds that who has set no place for
// what lasts is not left before a server that refuses writes without a next step.
func TestTheCuresOnDiscordWithoutAStateDirectory(t *testing.T) {
	saving, full := newTwin(t, "--dir", t.TempDir(), "--dbfilename", "in-the-way.rdb", "--save", "3600 1000000"), newTwin(t)
	saving.reset(t, 0)
	full.reset(t, 0)
	breakSaving(t, saving.client.ConfigGet(t.Context(), "dir").Val()["dir"], saving)
	full.fill(t)
	for _, c := range []struct {
		name, line string
		on         *twin
	}{
		{"cannot save", "!redis config set stop-writes-on-bgsave-error no", saving},
		{"full", "!redis config set maxmemory 2gb", full},
	} {
		t.Run(c.name, func(t *testing.T) {
			acme := newPlace(t)
			acme.launch(t, "REDIS_URL="+c.on.URL())
			acme.discord.Gateway().AwaitReady(1)
			olga := acme.As("olga")
			shown := olga.Says("#ops", c.line).Sees("Plan: ", "no lasting state.dir is set")
			olga.Submits(olga.Clicks(shown, "Confirm…"), map[string]string{"word": "forever"})
			shown.Becomes("OK", "1 of 1 commands carried out")
			olga.Says("#ops", "!redis set x 1").Sees("Plan: ")
			awaitAnswer(t, olga, "!audit --verb redis", "ok "+c.line)
		})
	}
}

// TestWhoCanRecordNothingIsToldWhatToDo holds that a change which nothing can
// record names the setting that mends that, and what cures the server meanwhile.
func TestWhoCanRecordNothingIsToldWhatToDo(t *testing.T) {
	dir := t.TempDir()
	w := newTwin(t, "--dir", dir, "--dbfilename", "in-the-way.rdb", "--save", "3600 1000000")
	w.reset(t, 0)
	breakSaving(t, dir, w)
	for _, home := range []string{"/", writeFile(t, t.TempDir(), "file", "")} {
		got := runHelixIn(t, t.TempDir(), []string{"HOME=" + home, "REDIS_URL=" + w.URL()}, "", "exec", "--yes", "!redis config set stop-writes-on-bgsave-error no")
		for _, want := range []string{"did not run", "MISCONF", "HELIX_STATE_DIR", "`redis-cli config set stop-writes-on-bgsave-error no`"} {
			if got.status != 5 || !strings.Contains(got.stderr, want) {
				t.Errorf("HOME=%s: status %d, it says %q, not %q", home, got.status, got.stderr, want)
			}
		}
	}
	set := runHelixIn(t, t.TempDir(), []string{"REDIS_URL=" + w.URL()}, "", "exec", "!config set redis.session_ttl=86400")
	if !strings.Contains(set.stderr, "The settings stay as they are. Redis refuses every write, since it cannot save") {
		t.Errorf("settings: %+v", set)
	}
}
