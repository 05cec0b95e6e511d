package plans

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// refusing makes a server refuse every write; the answer undoes it.
var refusing = map[string]func(t *testing.T, s *redistest.Server) func(){
	"READONLY": func(t *testing.T, s *redistest.Server) func() {
		admin(t, s, "replicaof", "127.0.0.1", "1")
		return func() { admin(t, s, "replicaof", "no", "one") }
	},
	"MISCONF": func(t *testing.T, s *redistest.Server) func() {
		c := s.Client()
		// A folder in the place of the snapshot makes saving fail.
		if err := os.MkdirAll(filepath.Join(c.ConfigGet(t.Context(), "dir").Val()["dir"], "dump.rdb", "x"), 0o700); err != nil {
			t.Fatal(err)
		}
		admin(t, s, "config", "set", "save", "3600 1000000")
		admin(t, s, "bgsave")
		redistest.Eventually(t, "the snapshot has failed", func(ctx context.Context) bool {
			return strings.Contains(c.Info(ctx, "persistence").Val(), "rdb_last_bgsave_status:err")
		})
		return func() { admin(t, s, "config", "set", "save", "") }
	},
}

func admin(t *testing.T, s *redistest.Server, words ...any) {
	t.Helper()
	if err := s.Client().Do(t.Context(), words...).Err(); err != nil {
		t.Fatal(err)
	}
}

// hasty is a client that asks once: by itself it would wait for a server to
// take writes again.
func hasty(t *testing.T, s *redistest.Server) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr, MaxRetries: -1, DialerRetries: 1, DialTimeout: 5 * time.Second, DisableIdentity: true})
	t.Cleanup(func() { c.Close() })
	return c
}

func TestOutOfMemoryPlansGoOn(t *testing.T) {
	server := redistest.Standalone(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
	client := server.Client()
	s := open(t, client, keyed("shared"))
	p := put(t, s, approval)
	if client.Exists(t.Context(), planPrefix+p.ID).Val() != 1 {
		t.Error("the plan is not in Redis")
	}
	if _, err := s.Approve(t.Context(), p.ID, Approver{ID: "bea"}); err != nil {
		t.Fatal(err)
	}
	take(t, s, p.ID)
	refuses[*Gone](t, s, p.ID)
	if dropped, err := s.Drop(t.Context(), put(t, s).ID); !dropped || err != nil {
		t.Errorf("dropped %v, %v", dropped, err)
	}
}

func TestPlansThatRedisRefusesWaitHere(t *testing.T) {
	for name, refuse := range refusing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Standalone(t)
			dir := t.TempDir()
			for where, s := range map[string]*Store{"folder": open(t, hasty(t, server), in(dir)), "memory": open(t, hasty(t, server), in(""))} {
				before := put(t, s)
				accept := refuse(t, server)
				ran, stays := put(t, s), put(t, s, approval)
				if got := pending(t, s); strings.Join(got, " ") != strings.Join([]string{stays.ID, ran.ID, before.ID}, " ") {
					t.Errorf("%s: pending %q", where, got)
				}
				for _, id := range []string{ran.ID, before.ID} {
					take(t, s, id)
					refuses[*Gone](t, s, id)
				}
				refuses[*Unapproved](t, s, stays.ID)
				if _, err := s.Approve(t.Context(), stays.ID, Approver{ID: "bea"}); err != nil {
					t.Errorf("%s: approved: %v", where, err)
				}
				if dropped, err := s.Drop(t.Context(), put(t, s).ID); !dropped || err != nil {
					t.Errorf("%s: dropped %v, %v", where, dropped, err)
				}
				accept()
				if got := take(t, s, stays.ID); !got.approvedBy("bea") {
					t.Errorf("%s: approved by %+v", where, got.Approvers)
				}
			}
			if left := files(t, dir); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func TestAPlanThatRedisRefusedRunsOnce(t *testing.T) {
	server := redistest.Standalone(t)
	admin(t, server, "replicaof", "127.0.0.1", "1")
	dir := t.TempDir()
	stores := []*Store{open(t, hasty(t, server), in(dir), named("a")), open(t, hasty(t, server), in(dir), named("b"))}
	for range 50 {
		p := put(t, stores[0])
		var won atomic.Int32
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				if _, steps, err := stores[i%2].Take(context.Background(), p.ID, ""); err == nil {
					won.Add(1)
					_ = steps.Close() // files are looked at below
				}
			})
		}
		group.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d got it", won.Load())
		}
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestMetadataKeptHereAreProvenToo(t *testing.T) {
	server := redistest.Standalone(t)
	s := open(t, hasty(t, server))
	admin(t, server, "replicaof", "127.0.0.1", "1")
	for name, damage := range map[string]func(string) string{
		"torn":    func(text string) string { return text[:len(text)/2] },
		"changed": func(text string) string { return strings.Replace(text, `"Ann"`, `"Bea"`, 1) },
	} {
		p := put(t, s)
		path := s.shelf.(folder).path(p.ID, keepSuffix)
		text, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(damage(string(text))), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if e := refuses[*TamperedError](t, s, p.ID); e.Part != "metadata" {
			t.Errorf("%s: the %s", name, e.Part)
		}
	}
}

func TestRedisAwayIsSaid(t *testing.T) {
	server := redistest.Standalone(t)
	s := open(t, hasty(t, server))
	p := put(t, s)
	server.Kill()
	r := s.Record(NewID())
	if _, err := s.Put(t.Context(), Plan{ID: r.id}, r); err == nil {
		t.Error("a plan is put")
	}
	_, ok, getErr := s.Get(t.Context(), p.ID)
	_, _, takeErr := s.Take(t.Context(), p.ID, "")
	_, dropErr := s.Drop(t.Context(), p.ID)
	_, approveErr := s.Approve(t.Context(), p.ID, Approver{ID: "bea"})
	_, pendingErr := s.Pending(t.Context())
	for what, err := range map[string]error{"get": getErr, "take": takeErr, "drop": dropErr, "approve": approveErr, "pending": pendingErr} {
		if gone := (*Gone)(nil); err == nil || errors.As(err, &gone) || ok {
			t.Errorf("%s: a Redis that is away looks like no plan: %v", what, err)
		}
	}
	if left := files(t, string(s.shelf.(folder))); len(left) != 1 {
		t.Errorf("files %q, want that of the plan alone", left)
	}
}
