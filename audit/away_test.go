package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/helix-collective/helix/internal/redistest"
)

// hasty is a client that soon gives up.
func hasty(t *testing.T, addr string) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, DialerRetries: 1, DialTimeout: 200 * time.Millisecond,
		ReadTimeout: 200 * time.Millisecond, ContextTimeoutEnabled: true, DisableIdentity: true})
	t.Cleanup(func() { c.Close() })
	return c
}

func spooling(dir string) func(*Options) { return func(o *Options) { o.Dir = dir } }

func spooled(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+spoolSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestOutOfMemoryTheAuditGoesOn(t *testing.T) {
	s := redistest.Standalone(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
	l := open(t, s.Client())
	fill(t, l, 1, 10)
	wantIntact(t, l, 1, 10)
}

// refusing makes a server refuse every write; the answer undoes it.
var refusing = map[string]func(t *testing.T, s *redistest.Server) func(){
	"READONLY": func(t *testing.T, s *redistest.Server) func() {
		admin(t, s, "replicaof", "127.0.0.1", "1")
		return func() { admin(t, s, "replicaof", "no", "one") }
	},
	"MISCONF": func(t *testing.T, s *redistest.Server) func() {
		c, ctx := s.Client(), context.Background()
		// A folder in the place of the snapshot makes saving fail.
		if err := os.MkdirAll(filepath.Join(c.ConfigGet(ctx, "dir").Val()["dir"], "dump.rdb", "x"), 0o700); err != nil {
			t.Fatal(err)
		}
		admin(t, s, "config", "set", "save", "3600 1000000")
		admin(t, s, "bgsave")
		eventually(t, "the snapshot has failed", func() bool {
			return strings.Contains(c.Info(ctx, "persistence").Val(), "rdb_last_bgsave_status:err")
		})
		return func() { admin(t, s, "config", "set", "save", "") }
	},
}

func admin(t *testing.T, s *redistest.Server, words ...any) {
	t.Helper()
	if err := s.Client().Do(context.Background(), words...).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedRecordsWaitInAFile(t *testing.T) {
	for name, refuse := range refusing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := redistest.Standalone(t), filepath.Join(t.TempDir(), "state")
			l := open(t, s.Client(), spooling(dir))
			require(t, l, entry(1))
			accept := refuse(t, s)
			require(t, l, entry(2))
			l.Add(entry(3))
			require(t, l, entry(4))
			files := spooled(t, dir)
			if len(files) != 1 {
				t.Fatalf("files %q", files)
			}
			if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			wantIntact(t, l, 1, 1)
			accept()
			eventually(t, "the file is merged", func() bool { return len(spooled(t, dir)) == 0 })
			wantIntact(t, l, 1, 4)
			if r, _ := decode(stream(t, s.Client())[3].body); !r.Away || r.Request != "r4" {
				t.Errorf("merged: %+v", r)
			}
		})
	}
}

func TestRefusedWithoutAFileNothingRuns(t *testing.T) {
	for name, refuse := range refusing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := redistest.Standalone(t)
			l := open(t, s.Client())
			accept := refuse(t, s)
			l.Add(entry(1)) // waits in memory
			var refused *Unrecorded
			if err := l.Require(t.Context(), entry(2)); !errors.As(err, &refused) || refused.File {
				t.Fatalf("%v", err)
			}
			accept()
			eventually(t, "what waited is written", func() bool { return len(stream(t, s.Client())) == 1 })
			wantIntact(t, l, 1, 1)
		})
	}
}

func TestRedisAwayHoldsUpNobodyWhoReads(t *testing.T) {
	s := redistest.Standalone(t)
	l := open(t, hasty(t, s.Addr))
	s.Pause()
	began := time.Now()
	for i := range maxQueue * 2 {
		l.Add(entry(i))
	}
	if took := time.Since(began); took > 5*time.Second { // far below one timeout each
		t.Errorf("it took %v", took)
	}
	if l.Lost() == 0 {
		t.Error("nothing was given up, although more came than may wait")
	}
	s.Resume()
}

func TestWhatALostReplyHidIsNotWrittenTwice(t *testing.T) {
	s, dir := redistest.Standalone(t), t.TempDir()
	client := hasty(t, s.Addr)
	client.AddHook(&deaf{})
	l := open(t, client, spooling(dir))
	require(t, l, entry(1)) // Redis took it, the reply was lost, so it is in the file too
	require(t, l, entry(2))
	eventually(t, "the file is merged", func() bool { return len(spooled(t, dir)) == 0 })
	wantIntact(t, l, 1, 2)
}

// deaf loses the first reply that says that a record was added.
type deaf struct{ done bool }

func (d *deaf) DialHook(next redis.DialHook) redis.DialHook { return next }

func (d *deaf) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (d *deaf) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if c, ok := cmd.(*redis.Cmd); ok && err == nil && !d.done {
			if got, _ := c.Slice(); len(got) == 6 && got[0] == int64(appended) {
				d.done = true
				err = errors.New("the connection was lost")
				cmd.SetErr(err)
			}
		}
		return err
	}
}

func TestOrphanedFilesAreTakenOver(t *testing.T) {
	s, dir := redistest.Any(t), t.TempDir()
	dead := newSpool(dir, newSealer(key))
	list := []stamped{{ID: "a", At: 5, Entry: entry(1)}, {ID: "b", At: 6, Entry: entry(2)}}
	if err := dead.keep(list); err != nil {
		t.Fatal(err)
	}
	half := strings.Repeat("0", 64) + ` {"id":"c","at":7,"event":"done"}` + "\n" + strings.Repeat("1", 64) + ` {"id":"d","a`
	f, err := os.OpenFile(dead.file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(half); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := dead.keep([]stamped{{ID: "e", At: 8, Entry: entry(3)}}); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(dead.file, old, old); err != nil {
		t.Fatal(err)
	}
	l := open(t, s.Client(), spooling(dir))
	eventually(t, "the file is merged", func() bool { return len(spooled(t, dir)) == 0 })
	wantIntact(t, l, 1, 3)
}

func TestAFullFileStopsWhatNeedsARecord(t *testing.T) {
	s := newSpool(t.TempDir(), newSealer(key))
	if err := os.WriteFile(s.file, make([]byte, maxSpool), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.keep([]stamped{{ID: "a"}}); err == nil {
		t.Error("it takes more")
	}
}

func TestWithoutRoomForAFileItIsSaidWhatToSet(t *testing.T) {
	s, dir := redistest.Standalone(t), t.TempDir()
	l := open(t, s.Client(), spooling(filepath.Join(dir, "file", "dir")))
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	refusing["READONLY"](t, s)
	var refused *Unrecorded
	if err := l.Require(t.Context(), entry(1)); !errors.As(err, &refused) || !refused.File || !strings.Contains(err.Error(), "give Helix a `state.dir`") {
		t.Errorf("%v", err)
	}
}

func TestClosingWritesWhatWaits(t *testing.T) {
	s := redistest.Any(t)
	l := Open(Options{Client: s.Client(), Log: zap.NewNop()})
	for i := range 500 {
		l.Add(entry(i))
	}
	l.Close()
	if n := len(stream(t, s.Client())); n != 500 {
		t.Errorf("%d records", n)
	}
	if err := l.Require(t.Context(), entry(1)); err == nil {
		t.Error("a closed audit takes a record")
	}
}

func TestNoSecretIsRecorded(t *testing.T) {
	const secret = "hunter2-planted"
	core, logged := observer.New(zap.DebugLevel)
	s, dir := redistest.Standalone(t), t.TempDir()
	l := open(t, s.Client(), spooling(dir), func(o *Options) {
		o.Log = zap.New(core)
		o.Redact = func(s string) string { return strings.ReplaceAll(s, secret, "•••") }
	})
	e := entry(1)
	e.Line, e.Changes = "!redis auth "+secret, []string{"x = " + secret}
	require(t, l, e)
	admin(t, s, "replicaof", "127.0.0.1", "1")
	require(t, l, e)
	var all strings.Builder
	for _, it := range stream(t, s.Client()) {
		all.WriteString(it.body)
	}
	for _, f := range spooled(t, dir) {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	for _, entry := range logged.All() {
		for k, v := range entry.ContextMap() {
			all.WriteString(k)
			if text, ok := v.(string); ok {
				all.WriteString(text)
			}
			if list, ok := v.([]any); ok {
				for _, one := range list {
					all.WriteString(one.(string))
				}
			}
		}
	}
	if text := all.String(); strings.Contains(text, secret) || strings.Contains(text, key) || !strings.Contains(text, "•••") {
		t.Errorf("recorded:\n%s", text)
	}
}
