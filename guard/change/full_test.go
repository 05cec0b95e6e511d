package change_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/journal"
)

// full makes a server one whose memory is used up, or not any more.
func full(t *testing.T, c redis.UniversalClient, is bool) {
	t.Helper()
	limit := "0"
	if is {
		limit = "1"
	}
	if err := c.ConfigSet(t.Context(), "maxmemory", limit).Err(); err != nil {
		t.Fatal(err)
	}
	err := c.Set(t.Context(), "probe", "x", time.Millisecond).Err()
	if refused := err != nil && strings.HasPrefix(err.Error(), "OOM "); refused != is {
		t.Fatalf("the server is full: %t, want %t", refused, is)
	}
}

func on(key string, alters bool, argv ...string) change.Step {
	return change.Step{Argv: argv, Keys: []change.Key{{Name: key, Alters: alters}}}
}

func TestAFullServerMakesRoomAndGetsItBack(t *testing.T) {
	c := redistest.Standalone(t, "--enable-debug-command", "local").Client()
	pipe := c.Pipeline()
	for i := range 1000 {
		pipe.Set(t.Context(), fmt.Sprintf("s%d", i), strings.Repeat("abc", i%50), time.Duration(i%3)*time.Hour)
		pipe.HSet(t.Context(), fmt.Sprintf("h%d", i%20), strconv.Itoa(i), "v")
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := keyspace(t, c)
	full(t, c, true)
	var steps []change.Step
	for i := range 1000 {
		key, h := fmt.Sprintf("s%d", i), fmt.Sprintf("h%d", i%20)
		switch i % 3 {
		case 0:
			steps = append(steps, on(key, false, "EXPIRE", key, "50000"))
		case 1:
			steps = append(steps, on(key, false, "UNLINK", key))
		case 2:
			steps = append(steps, on(h, true, "HDEL", h, strconv.Itoa(i)))
		}
	}
	j, n := &memory{}, 0
	if err := run(t, c, j, from(steps), func(d change.Done) error {
		if n++; string(d.Reply) != ":1\r\n" || len(d.Lost) > 0 {
			return fmt.Errorf("%v answers %q", d.Step.Argv, d.Reply)
		}
		return nil
	}); err != nil || n != len(steps) {
		t.Fatalf("%d steps, %v", n, err)
	}
	full(t, c, false)
	if err := run(t, c, nil, from(j.backwards(change.NewUndoing(false))), func(change.Done) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if after := keyspace(t, c); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("%d keys, were %d, or others", len(after), len(before))
	}
}

func TestAFullServerRefusesWhatNeedsMemory(t *testing.T) {
	c := redistest.Standalone(t, "--enable-debug-command", "local").Client()
	c.Set(t.Context(), "a", "1", 0)
	full(t, c, true)
	absent := on("c", true, "SET", "c", "2")
	absent.Absent = []string{"c"}
	for _, s := range []change.Step{on("a", true, "SET", "a", "2"), on("b", true, "SET", "b", "2"), absent} {
		var reply string
		j := &memory{}
		err := run(t, c, j, from([]change.Step{s}), func(d change.Done) error { reply = string(d.Reply); return nil })
		var refused *change.RefusedError
		if !strings.HasPrefix(reply, "-OOM ") && (!errors.As(err, &refused) || refused.Why.Code() != "OOM") {
			t.Errorf("%v: %q, %v", s.Argv, reply, err)
		}
		if len(j.open) > 0 {
			t.Errorf("%v: of a batch the journal knows no end", s.Argv)
		}
	}
	if c.Get(t.Context(), "a").Val() != "1" || c.DBSize(t.Context()).Val() != 1 {
		t.Error("something was written")
	}
}

// meddling changes keys after they were looked at, before they are changed.
type meddling struct {
	memory
	meddle func()
}

func (m *meddling) Before(batches ...[]journal.Image) error {
	m.meddle()
	m.meddle = func() {}
	return m.memory.Before(batches...)
}

// TestTheJournalOfAFullServerIsRight holds that what somebody else changes in
// the moment between look and change is what the journal has.
func TestTheJournalOfAFullServerIsRight(t *testing.T) {
	c := redistest.Standalone(t, "--enable-debug-command", "local").Client()
	c.HSet(t.Context(), "h", "a", "1", "b", "2")
	c.Set(t.Context(), "s", "x", 0)
	full(t, c, true)
	j := &meddling{meddle: func() {
		c.HDel(t.Context(), "h", "a")
		c.Expire(t.Context(), "s", time.Hour)
	}}
	steps := []change.Step{on("h", false, "UNLINK", "h"), on("s", false, "UNLINK", "s")}
	if err := run(t, c, j, from(steps), func(change.Done) error { return nil }); err != nil {
		t.Fatal(err)
	}
	full(t, c, false)
	if err := run(t, c, nil, from(j.backwards(change.NewUndoing(false))), func(change.Done) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got := c.HGetAll(t.Context(), "h").Val(); len(got) != 1 || got["b"] != "2" {
		t.Errorf("h holds %v", got)
	}
	if got := c.TTL(t.Context(), "s").Val(); got < 50*time.Minute {
		t.Errorf("s lives for %s", got)
	}
}

// cannotSave makes a server one that cannot save what it holds.
func cannotSave(t *testing.T) *redis.Client {
	t.Helper()
	dir := t.TempDir()
	c := redistest.Standalone(t, "--dir", dir, "--dbfilename", "x.rdb", "--save", "3600 1000000").Client()
	c.MSet(t.Context(), "a", "1", "b", "2", "c", "3")
	if err := os.Mkdir(filepath.Join(dir, "x.rdb"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.BgSave(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(c.Info(t.Context(), "persistence").Val(), "rdb_last_bgsave_status:err"); {
		if time.Now().After(deadline) {
			t.Fatal("the server still saves")
		}
		time.Sleep(10 * time.Millisecond)
	}
	return c
}

// TestARunEndsWhereTheServerTakesNoChanges holds that it does not try one key
// after another, and that the journal knows that nothing was done.
func TestARunEndsWhereTheServerTakesNoChanges(t *testing.T) {
	replica := redistest.Standalone(t).Client()
	replica.MSet(t.Context(), "a", "1", "b", "2", "c", "3")
	if err := replica.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	for code, c := range map[string]*redis.Client{"MISCONF": cannotSave(t), "READONLY": replica} {
		for n := range 3 {
			var steps []change.Step
			for _, key := range []string{"a", "b", "c"}[:n+1] {
				steps = append(steps, on(key, false, "UNLINK", key))
			}
			j := &memory{}
			o := options(t, c, j)
			o.Patience = time.Millisecond
			e := change.New(o)
			err := e.Run(t.Context(), from(steps), func(d change.Done) error { return fmt.Errorf("%q", d.Reply) })
			e.Close()
			var refused *change.RefusedError
			if !errors.As(err, &refused) || refused.Why.Code() != code {
				t.Errorf("%s, %d steps: %v", code, len(steps), err)
			}
			if len(j.open) > 0 || len(j.backwards(change.NewUndoing(false))) > 0 {
				t.Errorf("%s: the journal has it that something was done", code)
			}
		}
	}
}

func TestAFullServerIsEmptiedButForOurOwn(t *testing.T) {
	c := redistest.Standalone(t).Client()
	c.Set(t.Context(), "{helix}:x", "ours", time.Hour)
	c.HSet(t.Context(), "{helix}:y", "a", "b")
	c.Set(t.Context(), "theirs", "x", 0)
	full(t, c, true)
	if err := change.Flush(t.Context(), c, change.Own{Prefix: "{helix}:"}); err != nil {
		t.Fatal(err)
	}
	if n := c.DBSize(t.Context()).Val(); n != 2 || c.Get(t.Context(), "{helix}:x").Val() != "ours" || c.TTL(t.Context(), "{helix}:x").Val() <= 0 || c.HGet(t.Context(), "{helix}:y", "a").Val() != "b" {
		t.Errorf("%d keys are left", n)
	}
}

// What the user may not do was not carried out.
func TestWhatAUserMayNotDoIsNotCounted(t *testing.T) {
	s := redistest.Standalone(t)
	if err := s.Client().Do(t.Context(), "ACL", "SETUSER", "reader", "on", ">pw", "~*", "&*", "+@all", "-append").Err(); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.Addr, Username: "reader", Password: "pw", Protocol: 2, DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	o, told := options(t, client, &memory{}), int64(0)
	o.Progress = func(commands int64) { told = commands }
	e := change.New(o)
	defer e.Close()
	err := e.Run(t.Context(), from([]change.Step{on("k", true, "SET", "k", "v"), on("k", true, "APPEND", "k", "x")}), func(d change.Done) error {
		if refused := strings.HasPrefix(string(d.Reply), "-NOPERM"); refused != (d.Step.Argv[0] == "APPEND") {
			t.Errorf("%s is answered %s", d.Step.Argv[0], d.Reply)
		}
		return nil
	})
	if err != nil || told != 1 {
		t.Errorf("%d commands are told of, %v", told, err)
	}
}
