package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// refusingWrites are the states in which a server takes no writes, or none that
// need memory.
var refusingWrites = map[string]func(t *testing.T, s *redistest.Server, c *redis.Client){
	"out of memory": func(t *testing.T, _ *redistest.Server, c *redis.Client) {
		set(t, c, "maxmemory-policy", "noeviction")
		set(t, c, "maxmemory", "1")
	},
	"a replica": func(t *testing.T, _ *redistest.Server, c *redis.Client) {
		if err := c.ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
			t.Fatal(err)
		}
	},
	"too few replicas": func(t *testing.T, _ *redistest.Server, c *redis.Client) { set(t, c, "min-replicas-to-write", "1") },
	"failed persistence": func(t *testing.T, _ *redistest.Server, c *redis.Client) {
		set(t, c, "dbfilename", "a-folder")
		set(t, c, "save", "3600 1")
		redistest.Eventually(t, "a background save fails", func(ctx context.Context) bool {
			_ = c.BgSave(ctx).Err() // refused while another runs
			info, err := c.Info(ctx, "persistence").Result()
			return err == nil && strings.Contains(info, "rdb_last_bgsave_status:err")
		})
	},
}

func set(t *testing.T, c *redis.Client, parameter, value string) {
	t.Helper()
	if err := c.ConfigSet(t.Context(), parameter, value).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestWhereWritesAreRefusedSessionsAreRead(t *testing.T) {
	for name, refuse := range refusingWrites {
		t.Run(name, func(t *testing.T) {
			server := redistest.Standalone(t, "--enable-protected-configs", "yes")
			c := server.Client()
			b := newBench(t, c)
			token, made := b.create("ann")
			other, _ := b.create("ann")
			if name == "failed persistence" {
				folder(t, c)
			}
			refuse(t, server, c)
			for range 2 {
				s := b.validate(token)
				if !s.Stale || !s.LastAccessed.Equal(made.LastAccessed) || s.ExpiresIn <= 0 || s.ExpiresIn > 5*time.Minute {
					t.Errorf("%+v", s)
				}
			}
			b.refuses(token, another, sessions.OtherAddress)
			_, _, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home})
			wantFault(t, err)
			_, _, err = b.Regenerate(t.Context(), token, sessions.Request{IP: home})
			wantFault(t, err)
			b.validate(token)
			if err := b.Destroy(t.Context(), other); name == "out of memory" {
				if err != nil {
					t.Errorf("on a full server a session cannot be ended: %v", err)
				}
				b.refuses(other, home, sessions.Unknown)
			} else {
				wantFault(t, err)
			}
		})
	}
}

// folder puts a folder where the server would save, so that saving fails.
func folder(t *testing.T, c *redis.Client) {
	t.Helper()
	dir := c.ConfigGet(t.Context(), "dir").Val()["dir"]
	if err := os.Mkdir(filepath.Join(dir, "a-folder"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// wantFault holds that an error does not pass for an answer.
func wantFault(t *testing.T, err error) {
	t.Helper()
	var limit *sessions.LimitError
	if err == nil || errors.Is(err, sessions.ErrNoSession) || errors.As(err, &limit) {
		t.Errorf("the error is %v, want a fault", err)
	}
}

func TestAFaultIsNeverNoSession(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, redis.NewClient(&redis.Options{Addr: server.Addr, MaxRetries: -1, DialerRetries: 1, DialTimeout: time.Second}))
	t.Cleanup(func() { b.client.Close() })
	token, s := b.create("ann")
	server.Kill()
	_, err := b.Validate(t.Context(), token, home)
	wantFault(t, err)
	_, _, err = b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home})
	wantFault(t, err)
	_, _, err = b.Regenerate(t.Context(), token, sessions.Request{UserID: "bob", IP: home})
	wantFault(t, err)
	wantFault(t, b.Destroy(t.Context(), token))
	_, err = b.Get(t.Context(), s.Key)
	wantFault(t, err)
	_, err = b.List(t.Context(), "ann")
	wantFault(t, err)
	_, err = b.DestroyUser(t.Context(), "ann")
	wantFault(t, err)
	_, err = b.Count(t.Context())
	wantFault(t, err)
	if text := fmt.Sprint(err); strings.Contains(text, string(token)[:20]) {
		t.Errorf("the error shows the token: %s", text)
	}
}

func TestScriptsRunAgainAfterTheServerForgotThem(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, _ := b.create("ann")
		for range 2 {
			b.client.ScriptFlush(t.Context())
			b.validate(token)
			b.client.ScriptFlush(t.Context())
			token, _ = b.regenerate(token, sessions.Request{})
			b.client.ScriptFlush(t.Context())
			token, _ = b.regenerate(token, sessions.Request{UserID: "ann"})
		}
		b.client.ScriptFlush(t.Context())
		if err := b.Destroy(t.Context(), token); err != nil {
			t.Error(err)
		}
	})
}

// A session that was ended while validations are in flight stays ended.
func TestEndedInAStormStaysEnded(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for round, end := range []func(token sessions.Token, s sessions.Session) error{
			func(token sessions.Token, _ sessions.Session) error { return b.Destroy(t.Context(), token) },
			func(_ sessions.Token, s sessions.Session) error {
				_, err := b.DestroyUser(t.Context(), s.UserID)
				return err
			},
			func(_ sessions.Token, s sessions.Session) error {
				_, err := b.DestroyKey(t.Context(), s.Key)
				return err
			},
			func(_ sessions.Token, s sessions.Session) error { return b.client.Del(t.Context(), s.Key).Err() },
			func(token sessions.Token, _ sessions.Session) error {
				_, _, err := b.Regenerate(t.Context(), token, sessions.Request{UserID: "someone else", IP: home})
				return err
			},
		} {
			token, s := b.create(fmt.Sprint("user", round))
			b.storm(token, func() {
				if err := end(token, s); err != nil {
					t.Error(err)
				}
			})
			if n := b.client.Exists(t.Context(), s.Key).Val(); n != 0 {
				t.Errorf("round %d: the session was revived", round)
			}
		}
	})
}

// stormLasts is far longer than it takes for an end to be seen.
const stormLasts = 20 * time.Second

// storm validates a token from many sides until it has been refused everywhere,
// and holds that nothing follows a refusal but refusals.
func (b *bench) storm(token sessions.Token, end func()) {
	b.t.Helper()
	const sides, before, after = 8, 10, 10
	var warm, all sync.WaitGroup
	warm.Add(sides)
	for range sides {
		all.Go(func() {
			for i := range before {
				if _, err := b.Validate(b.t.Context(), token, home); err != nil {
					b.t.Error(err)
				}
				if i == 0 {
					warm.Done()
				}
			}
		})
	}
	warm.Wait()
	all.Wait()
	for range sides {
		all.Go(func() {
			for refused, late := 0, time.Now().Add(stormLasts); refused < after; {
				if time.Now().After(late) {
					b.t.Errorf("the token is valid %v after its end", stormLasts)
					return
				}
				_, err := b.Validate(b.t.Context(), token, home)
				switch {
				case errors.Is(err, sessions.ErrNoSession):
					refused++
				case err != nil:
					b.t.Error(err)
					return
				case refused > 0:
					b.t.Error("it validates again after a refusal")
					return
				}
			}
		})
	}
	end()
	b.refuses(token, home, sessions.Unknown)
	all.Wait()
}

func TestTimeoutsEndSessions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, s := b.create("ann")
		b.age(s.Key, 4*time.Minute)
		b.validate(token)
		b.age(s.Key, 5*time.Minute)
		b.refuses(token, home, sessions.Idle)
		b.refuses(token, home, sessions.Unknown) // it was ended
		if n, err := b.CountUser(t.Context(), "ann"); n != 0 || err != nil {
			t.Errorf("%d are counted, %v", n, err)
		}

		token, s = b.create("ann")
		b.age(s.Key, 23*time.Hour+58*time.Minute)
		b.policy.IdleTimeout = 24 * time.Hour // live
		if used := b.validate(token); used.ExpiresIn > 2*time.Minute {
			t.Errorf("with two minutes left it lasts for %v", used.ExpiresIn)
		}
		b.policy.TTL = 12 * time.Hour // live, for sessions that exist
		b.refuses(token, home, sessions.TooOld)
		b.policy.TTL = 48 * time.Hour
		b.refuses(token, home, sessions.Unknown) // and does not come back
	})
}

func TestNoKeyIsWithoutTTL(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, _ := b.create("")
		token, _ = b.regenerate(token, sessions.Request{UserID: "ann"})
		token, _ = b.regenerate(token, sessions.Request{})
		b.client.Del(t.Context(), b.indexOf("ann"))
		b.validate(token) // which makes the index anew
		if n, err := b.CountUser(t.Context(), "ann"); n != 1 || err != nil {
			t.Errorf("%d are counted, %v", n, err)
		}
		for _, key := range b.keys("*") {
			if ttl := b.client.PTTL(t.Context(), key).Val(); ttl <= 0 {
				t.Errorf("%s has a TTL of %v", key, ttl)
			}
		}
	})
}

// The index of a person is one key, which a server may evict like any other.
func TestDestroyUserFindsWhatAnEvictedIndexListed(t *testing.T) {
	c := redistest.Standalone(t).Client()
	set(t, c, "maxmemory-policy", "allkeys-random")
	if err := c.Set(t.Context(), "x", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
	set(t, c, "maxmemory", "1")
	_ = c.Set(t.Context(), "y", 1, 0).Err() // refused once there is nothing left to evict
	set(t, c, "maxmemory", "0")
	b := newBench(t, c)
	for range 3 {
		b.create("ann*?")
	}
	token, s := b.create("ann*?")
	c.Del(t.Context(), b.indexOf("*"))
	other, _ := b.create("annabel")
	if n, err := b.DestroyUser(t.Context(), "ann*?", s.ID); n != 3 || err != nil {
		t.Errorf("%d ended, %v", n, err)
	}
	b.validate(token)
	b.validate(other)
}
