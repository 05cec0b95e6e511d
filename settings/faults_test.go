package settings_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/settings"
)

func TestWhatRedisLosesIsStoredAgain(t *testing.T) {
	losses := map[string]func(ctx context.Context, c redis.UniversalClient) error{
		"everything": func(ctx context.Context, c redis.UniversalClient) error { return redistest.Flush(ctx, c) },
		"the values": func(ctx context.Context, c redis.UniversalClient) error { return c.Del(ctx, "{helix}:config").Err() },
		"the policy": func(ctx context.Context, c redis.UniversalClient) error { return c.Del(ctx, "{helix}:policy").Err() },
		"the newest revision": func(ctx context.Context, c redis.UniversalClient) error {
			return c.HSet(ctx, "{helix}:config", "@revision", 1, "@id", "older", ttl, "43200").Err()
		},
		"the revision's number": func(ctx context.Context, c redis.UniversalClient) error {
			return c.HSet(ctx, "{helix}:config", "@revision", "what").Err()
		},
		"the revision's number to one that nothing can follow": func(ctx context.Context, c redis.UniversalClient) error {
			return c.HSet(ctx, "{helix}:config", "@revision", "9223372036854775807", "@id", "x").Err()
		},
		"the values to another type":  replaceBy("{helix}:config"),
		"the policy to another type":  replaceBy("{helix}:policy"),
		"the history to another type": replaceBy("{helix}:config:log"),
		"some of the values": func(ctx context.Context, c redis.UniversalClient) error {
			return c.HDel(ctx, "{helix}:config", ttl).Err()
		},
		"some of the values and the revision's id": func(ctx context.Context, c redis.UniversalClient) error {
			return c.HDel(ctx, "{helix}:config", ttl, "@id").Err()
		},
		"some of the policy": func(ctx context.Context, c redis.UniversalClient) error {
			return c.HDel(ctx, "{helix}:policy", ttl, "redis.session_cleanup").Err()
		},
		"values where they stand": func(ctx context.Context, c redis.UniversalClient) error {
			return errors.Join(c.HSet(ctx, "{helix}:config", ttl, "5").Err(), c.HSet(ctx, "{helix}:policy", ttl, "soon").Err())
		},
		"the history": func(ctx context.Context, c redis.UniversalClient) error {
			return c.Del(ctx, "{helix}:config:log").Err()
		},
	}
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		live := settings.Open(ctx, c, settings.Defaults())
		run(t, live)
		set(t, live, "redis.session_ttl=12h")
		set(t, live, "redis.session_ttl=6h", "alerts.no_ttl=7")
		config, policy := hash(t, c, "{helix}:config"), hash(t, c, "{helix}:policy")
		for name, lose := range losses {
			if err := lose(ctx, c); err != nil {
				t.Fatal(err)
			}
			eventually(t, name+" is there again", func() bool {
				return maps.Equal(c.HGetAll(ctx, "{helix}:config").Val(), config) && maps.Equal(c.HGetAll(ctx, "{helix}:policy").Val(), policy) &&
					c.LLen(ctx, "{helix}:config:log").Val() > 0
			})
		}
		if lost, err := live.Heal(ctx); !lost || err != nil {
			t.Errorf("it says that nothing was lost: %v", err)
		}
		if live.Snapshot().Revision() != 2 {
			t.Errorf("revision %d is in force", live.Snapshot().Revision())
		}
		set(t, live, "redis.session_ttl=5h")
		h, err := live.History(ctx, "", 0)
		if err != nil || h[0].Revision != 3 || h[1].Note != settings.NoteRestored || h[1].Who.Name != "" {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

// replaceBy puts a text in the place of one of our keys.
func replaceBy(key string) func(context.Context, redis.UniversalClient) error {
	return func(ctx context.Context, c redis.UniversalClient) error { return c.Set(ctx, key, "not ours", 0).Err() }
}

func TestAHistoryThatIsGoneBeginsAgainOnce(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		one := settings.Open(ctx, c, settings.Defaults())
		set(t, one, "redis.session_ttl=12h")
		set(t, one, "redis.session_ttl=6h")
		if err := c.Del(ctx, "{helix}:config:log").Err(); err != nil {
			t.Fatal(err)
		}
		run(t, one)
		run(t, settings.Open(ctx, client(t), settings.Defaults()))
		eventually(t, "it begins again", func() bool { return c.LLen(ctx, "{helix}:config:log").Val() > 0 })
		set(t, one, "redis.session_ttl=5h")
		if _, err := one.Rollback(ctx, 2, ann); err != nil || value(one, ttl) != "21600" {
			t.Errorf("a rollback to what was in force: %v", err)
		}
		h, err := one.History(ctx, "", 0)
		if err != nil || len(h) != 3 || h[2].Note != settings.NoteRestored || h[2].Revision != 2 {
			t.Errorf("%+v, %v", h, err)
		}
	})
}

// Whatever a foreign hand puts in our place, a change is stored whole, or not
// at all and said so.
func TestAChangeOverAForeignHand(t *testing.T) {
	many := []any{"@revision", "3", "@id", "x"}
	for i := range 9000 {
		many = append(many, fmt.Sprintf("redis.foreign_%d", i), "v")
	}
	foreign := map[string]func(ctx context.Context, c redis.UniversalClient) error{
		"values of another type":  replaceBy("{helix}:config"),
		"policy of another type":  replaceBy("{helix}:policy"),
		"history of another type": replaceBy("{helix}:config:log"),
		"thousands of values": func(ctx context.Context, c redis.UniversalClient) error {
			return c.HSet(ctx, "{helix}:config", many...).Err()
		},
		"a huge value and a huge name": func(ctx context.Context, c redis.UniversalClient) error {
			huge := strings.Repeat("x", 1<<20)
			return c.HSet(ctx, "{helix}:config", "@revision", "3", perUser, huge, huge, "1").Err()
		},
		"a revision that nothing can follow": func(ctx context.Context, c redis.UniversalClient) error {
			return c.HSet(ctx, "{helix}:config", "@revision", "9223372036854775807").Err()
		},
	}
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		for name, put := range foreign {
			if err := errors.Join(redistest.Flush(ctx, c), put(ctx, c)); err != nil {
				t.Fatal(err)
			}
			live := settings.Open(ctx, c, settings.Defaults())
			set(t, live, "redis.session_ttl=6h")
			if value(live, ttl) != "21600" || hash(t, c, "{helix}:config")[ttl] != "21600" || hash(t, c, "{helix}:policy")[ttl] != "21600" {
				t.Errorf("%s: the change is not in force everywhere", name)
			}
			if n := c.MemoryUsage(ctx, "{helix}:config").Val() + c.MemoryUsage(ctx, "{helix}:config:log").Val(); n > 64<<10 {
				t.Errorf("%s: %d bytes are kept", name, n)
			}
			if h, err := live.History(ctx, "", 0); err != nil || len(h) != 1 {
				t.Errorf("%s: the history is %+v, %v", name, h, err)
			}
			if n := len(live.Warnings()); n > 20 {
				t.Errorf("%s: %d warnings", name, n)
			}
		}
	})
}

func TestAChangeAfterALossFindsTheLossFirst(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		live := settings.Open(ctx, c, settings.Defaults())
		set(t, live, "redis.session_ttl=12h")
		if err := redistest.Flush(ctx, c); err != nil {
			t.Fatal(err)
		}
		if got := set(t, live, "alerts.no_ttl=7"); got.Revision != 2 || value(live, ttl) != "43200" || hash(t, c, "{helix}:config")[ttl] != "43200" {
			t.Errorf("%v; %v", got, hash(t, c, "{helix}:config"))
		}
	})
}

func TestRedisAwayAndBack(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		ctx := t.Context()
		live := settings.Open(ctx, s.client(t), settings.Defaults())
		run(t, live)
		set(t, live, "redis.session_ttl=12h")
		s.stop()
		eventually(t, "the loss is noticed", func() bool { return errorIs[*settings.Unavailable](live.Trouble()) })

		_, err := live.Set(ctx, wishes("redis.session_ttl=6h"), ann)
		var away *settings.Unavailable
		if !errors.As(err, &away) || away.Uncertain || !strings.HasPrefix(err.Error(), "Redis is out of reach, so the settings stay as they are.") {
			t.Errorf("%v", err)
		}
		if _, err := live.Rollback(ctx, 5, ann); !errorIs[*settings.Unavailable](err) {
			t.Errorf("rollback: %v", err)
		}
		if value(live, ttl) != "43200" {
			t.Error("the values are not what they were")
		}

		s.start() // empty
		c := s.client(t)
		eventually(t, "the values are stored again", func() bool { return live.Trouble() == nil && hash(t, c, "{helix}:config")[ttl] == "43200" })
		if got := set(t, live, "redis.session_ttl=6h"); got.Revision != 2 {
			t.Error(got)
		}
	})
}

func TestRedisAwayAtTheStart(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		ctx := t.Context()
		s.stop()
		live := settings.Open(ctx, s.client(t), settings.Defaults())
		if !errorIs[*settings.Unavailable](live.Trouble()) || value(live, ttl) != "86400" {
			t.Errorf("%v; %s", live.Trouble(), value(live, ttl))
		}
		if _, err := live.Set(ctx, wishes("redis.session_ttl=6h"), ann); !errorIs[*settings.Unavailable](err) {
			t.Error(err)
		}
		s.start()
		set(t, settings.Open(ctx, s.client(t), settings.Defaults()), "alerts.no_ttl=7")
		run(t, live)
		eventually(t, "it is read", func() bool { return live.Trouble() == nil && value(live, "alerts.no_ttl") == "7" })
	})
}

func TestTheFirstChangeReadsWhatTheStartCouldNot(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s *server) {
		ctx := t.Context()
		s.stop()
		live := settings.Open(ctx, s.client(t), settings.Defaults())
		s.start()
		set(t, settings.Open(ctx, s.client(t), settings.Defaults()), "redis.session_ttl=6h")
		if got := set(t, live, "redis.session_ttl=5h"); fmt.Sprint(got) != "{2 [18000 (was 21600)] false}" {
			t.Error(got)
		}
	})
}

// redis.conf calls for replicas that are not there, so every write is refused.
func TestRedisThatRefusesWrites(t *testing.T) {
	s := startReal(t, "--min-replicas-to-write", "1")
	ctx, c := t.Context(), s.client(t)
	live := settings.Open(ctx, c, settings.Defaults())
	run(t, live)
	_, err := live.Set(ctx, wishes("redis.session_ttl=6h"), ann)
	var refused *settings.Unavailable
	if !errors.As(err, &refused) || refused.Uncertain || !strings.Contains(err.Error(), "Redis refuses it") || !strings.Contains(err.Error(), "NOREPLICAS") {
		t.Errorf("%v", err)
	}
	eventually(t, "the trouble is known", func() bool { return live.Trouble() != nil })
	if err := c.ConfigSet(ctx, "min-replicas-to-write", "0").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the trouble is over", func() bool { return live.Trouble() == nil })
	set(t, live, "redis.session_ttl=6h")
}

func TestSettingsChangeWhileRedisIsOutOfMemory(t *testing.T) {
	s := startReal(t, "--maxmemory", "1")
	ctx, c := t.Context(), s.client(t)
	if err := c.Set(ctx, "k", "v", 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "OOM") {
		t.Fatalf("the server is not out of memory: %v", err)
	}
	set(t, settings.Open(ctx, c, settings.Defaults()), "redis.session_ttl=6h")
	if hash(t, c, "{helix}:config")[ttl] != "21600" {
		t.Error("it was not stored")
	}
}

// resending is a connection whose replies get lost: the client sends a script
// again that the server has carried out already.
type resending struct{ between func() } // nil: nothing gets lost

func (r *resending) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *resending) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (r *resending) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && r.between != nil {
			if err := next(ctx, cmd); err != nil {
				return err
			}
			r.between()
		}
		return next(ctx, cmd)
	}
}

func TestALostReplyDoesNotMakeAConflictWithOneself(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, plain := t.Context(), client(t)
		meanwhile := map[string]func(){
			"nothing":                func() {},
			"the history is gone":    func() { plain.Del(ctx, "{helix}:config:log") },
			"somebody was faster":    func() { setAs(t, settings.Open(ctx, plain, settings.Defaults()), bob, "alerts.no_ttl=5") },
			"somebody took the same": func() { setAs(t, settings.Open(ctx, plain, settings.Defaults()), bob, "redis.session_ttl=1h") },
		}
		for name, between := range meanwhile {
			if err := redistest.Flush(ctx, plain); err != nil {
				t.Fatal(err)
			}
			c, lossy := client(t), &resending{}
			c.AddHook(lossy)
			live := settings.Open(ctx, c, settings.Defaults())
			set(t, live, "alerts.no_ttl=1") // the server knows the script now
			lossy.between = between
			got, err := live.Set(ctx, wishes("redis.session_ttl=6h"), ann)
			if err != nil || fmt.Sprint(got) != "{2 [21600 (was 86400)] false}" {
				t.Errorf("%s meanwhile: %v, %v", name, got, err)
			}
			if live.Snapshot().Revision() != settings.Open(ctx, plain, settings.Defaults()).Snapshot().Revision() {
				t.Errorf("%s meanwhile: revision %d is in force", name, live.Snapshot().Revision())
			}
		}
	})
}

// cut is a connection that breaks while a script is on its way.
type cut struct{ resending }

func (r *cut) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") {
			return &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
		}
		return next(ctx, cmd)
	}
}

func TestAnUncertainChangeIsSaidToBe(t *testing.T) {
	c := startMini(t).client(t)
	c.AddHook(&cut{})
	live := settings.Open(t.Context(), c, settings.Defaults())
	_, err := live.Set(t.Context(), wishes("redis.session_ttl=6h"), ann)
	var away *settings.Unavailable
	if !errors.As(err, &away) || !away.Uncertain || !strings.Contains(err.Error(), "may have been stored or not") {
		t.Errorf("%v", err)
	}
}

func TestALaterSchemaMakesReadOnly(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		live := settings.Open(ctx, c, settings.Defaults())
		run(t, live)
		set(t, live, "redis.session_ttl=6h")
		later := []any{"@revision", "9", "@id", "x", "@schema", "2", ttl, "7200", "redis.later", "on"}
		if err := c.HSet(ctx, "{helix}:config", later...).Err(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is seen", func() bool { return value(live, ttl) == "7200" })
		policy := hash(t, c, "{helix}:policy")
		_, err := live.Set(ctx, wishes("redis.session_ttl=5h"), ann)
		if !errorIs[*settings.ReadOnlyError](err) || !errorIs[*settings.ReadOnlyError](live.Trouble()) || !strings.Contains(err.Error(), "schema 2, this one knows 1") {
			t.Errorf("%v; %v", err, live.Trouble())
		}
		if got := hash(t, c, "{helix}:config"); got["@revision"] != "9" || got["redis.later"] != "on" || !maps.Equal(hash(t, c, "{helix}:policy"), policy) {
			t.Errorf("the later release's record was touched: %v", got)
		}
	})
}

func TestLiveValuesThatTodaysTableRefusesAreKeptAndNotUsed(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		stored := []any{"@revision", "4", "@id", "x", "@schema", "1",
			perUser, "0", "redis.old_setting", "on", "discord.shards", "4", "alerts.no_ttl", "7",
			idle, "90000"} // above the base value of the ttl
		if err := c.HSet(ctx, "{helix}:config", stored...).Err(); err != nil {
			t.Fatal(err)
		}
		live := settings.Open(ctx, c, settings.Defaults())
		for key, want := range map[string]string{perUser: "5", idle: "300", "alerts.no_ttl": "7", "discord.shards": "1"} {
			if got := value(live, key); got != want {
				t.Errorf("%s is %s, want %s", key, got, want)
			}
		}
		warnings := strings.Join(live.Warnings(), "\n")
		for _, key := range []string{perUser, "redis.old_setting", "discord.shards", idle} {
			if !strings.Contains(warnings, "The live value of `"+key+"` is kept but not used. ") {
				t.Errorf("nothing is said about %s in\n%s", key, warnings)
			}
		}
		set(t, live, "alerts.no_ttl=8")
		if got := hash(t, c, "{helix}:config"); got["redis.old_setting"] != "on" || got[perUser] != "0" || got["@revision"] != "5" {
			t.Errorf("they were not kept: %v", got)
		}
		set(t, live, "redis.session_ttl=2d")
		if value(live, idle) != "90000" {
			t.Error("the idle timeout is not in force although it fits now")
		}
		if _, err := live.Unset(ctx, []string{"redis.old_setting", "discord.shards", perUser}, ann); err != nil || len(live.Warnings()) != 0 {
			t.Errorf("%v; %v", err, live.Warnings())
		}
		if _, err := live.Rollback(ctx, 6, ann); err != nil || hash(t, c, "{helix}:config")["redis.old_setting"] != "on" {
			t.Errorf("a rollback to them: %v", err)
		}
	})
}

func TestADivergedRecordIsAdoptedAndSaid(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		live := settings.Open(ctx, c, settings.Defaults())
		run(t, live)
		set(t, live, "redis.session_ttl=6h")
		if err := c.HSet(ctx, "{helix}:config", "@id", "another", ttl, "7200").Err(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it is adopted", func() bool { return value(live, ttl) == "7200" })
		want := "Redis lost revision 1 as it was known here and holds another one. Values that differ: redis.session_ttl."
		if got := live.Warnings(); len(got) != 1 || got[0] != want {
			t.Error(got)
		}
	})
}

func TestAnInstanceWithOtherBaseValuesRenewsThePolicyOnce(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		if err := c.HSet(ctx, "{helix}:policy", "stale", "1").Err(); err != nil {
			t.Fatal(err)
		}
		live := settings.Open(ctx, c, load(t, settings.Options{Flags: map[string]string{perUser: "9"}}))
		run(t, live)
		hasOurs := func() bool { return maps.Equal(hash(t, c, "{helix}:policy"), live.Snapshot().Policy()) }
		eventually(t, "a stale policy is replaced at the start", hasOurs)
		// A short-lived process without our configuration changes something.
		set(t, settings.Open(ctx, client(t), settings.Defaults()), "redis.session_ttl=6h")
		eventually(t, "ours is there again", func() bool { return hasOurs() && value(live, ttl) == "21600" })
	})
}

func TestAChangeEndsWithItsContext(t *testing.T) {
	live := settings.Open(t.Context(), startMini(t).client(t), settings.Defaults())
	entered, leave := make(chan struct{}), make(chan struct{})
	live.Subscribe(settings.Subscriber{Check: func(context.Context, *settings.Snapshot, *settings.Snapshot) error {
		close(entered)
		<-leave
		return nil
	}})
	ended := make(chan error)
	go func() {
		_, err := live.Set(context.Background(), wishes("alerts.no_ttl=1"), ann)
		ended <- err
	}()
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := live.Set(ctx, wishes("alerts.no_ttl=2"), bob); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	close(leave)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
