package settings_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/settings"
)

func TestMain(m *testing.M) {
	logging.Disable() // what the client says about servers that a test has stopped
	goleak.VerifyTestMain(redistest.Shared(m))
}

var (
	ann = settings.Who{ID: "1", Name: "Ann"}
	bob = settings.Who{ID: "2", Name: "Bob"}
)

const (
	ttl     = "redis.session_ttl"
	idle    = "redis.session_idle_timeout"
	perUser = "redis.max_sessions_per_user"
)

func TestSetStoresAndAnswersOldAndNew(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		live := settings.Open(ctx, c, settings.Defaults())
		got, err := live.Set(ctx, wishes("redis.session_ttl=12h", "Redis.Session_Cleanup=off"), ann)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != "{1 [false (was true) 43200 (was 86400)] false}" {
			t.Errorf("answered %v", got)
		}
		if live.Snapshot().Duration(settings.SessionTTL) != 12*time.Hour || live.Snapshot().Source(ttl) != settings.FromLive || live.Snapshot().Revision() != 1 {
			t.Error("the change is not in force")
		}
		config := c.HGetAll(ctx, "{helix}:config").Val()
		if config[ttl] != "43200" || config["redis.session_cleanup"] != "false" || config["@revision"] != "1" || config["@schema"] != "1" || len(config) != 5 {
			t.Errorf("stored %v", config)
		}
		if policy := c.HGetAll(ctx, "{helix}:policy").Val(); !maps.Equal(policy, live.Snapshot().Policy()) || policy[ttl] != "43200" || policy[idle] != "300" {
			t.Errorf("the policy is %v", policy)
		}
	})
}

func TestSettingTheValueInForceIsNoNewRevision(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		live := settings.Open(t.Context(), client(t), settings.Defaults())
		set(t, live, "redis.session_ttl=86400") // the default becomes a live value
		got := set(t, live, "redis.session_ttl=1d")
		if fmt.Sprint(got) != "{1 [86400 (was 86400)] false}" {
			t.Errorf("answered %v", got)
		}
	})
}

func TestARefusedChangeChangesNothing(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		live := settings.Open(ctx, c, settings.Defaults())
		tests := []struct {
			wishes []settings.Assignment
			want   string
		}{
			{wishes("redis.session_ttl=1h", "redis.sesion_ttl=2"), "`redis.sesion_ttl` is not a setting. Did you mean `redis.session_ttl`?"},
			{wishes("redis.session_ttl=1h", "redis.max_sessions_per_user=0"), "`redis.max_sessions_per_user` cannot be `0`: expected from 1 to 10000 sessions."},
			{wishes("redis.session_ttl=x", "redis.x=1"), "`redis.session_ttl` cannot be `x`: expected a duration, as in 86400 (seconds), 24h, 5m or 1d12h.\n`redis.x` is not a setting."},
			{wishes("redis.session_ttl=100"), "`redis.session_idle_timeout` (300, default) may not be above `redis.session_ttl` (100, live). Set both together."},
			{wishes("alerts.memory_warn_percent=95"), "`alerts.memory_warn_percent` (95, live) may not be above `alerts.memory_percent` (90, default). Set both together."},
			{wishes("redis.session_cookie_samesite=none", "redis.session_cookie_secure=no"), "`redis.session_cookie_samesite` none needs `redis.session_cookie_secure` true: browsers refuse the cookie otherwise."},
			{wishes("redis.session_ttl=1h", "redis.session_ttl=2h"), "`redis.session_ttl`: it is given two values, `3600` and `7200`."},
			{wishes("discord.prefix=?"), "`discord.prefix` is read when Helix starts. Set it in `config.yaml` or as `HELIX_DISCORD_PREFIX`, then restart Helix. The server's owner can change it at once, with `setup`."},
			{wishes("discord.shards=2"), "`discord.shards` is read when Helix starts. Set it in `config.yaml` or as `HELIX_DISCORD_SHARDS`, then restart Helix."},
			{wishes("redis.url=redis://:" + planted + "@h"), "`redis.url` is secret, so it is never set from chat. Set `HELIX_REDIS_URL` or HELIX_REDIS_URL_FILE and restart Helix."},
		}
		for _, tt := range tests {
			if _, err := live.Set(ctx, tt.wishes, ann); err == nil || err.Error() != tt.want {
				t.Errorf("%v:\ngot  %v\nwant %s", tt.wishes, err, tt.want)
			}
		}
		if n := c.Exists(ctx, "{helix}:config", "{helix}:config:log").Val(); n != 0 || live.Snapshot().Revision() != 0 {
			t.Error("something was stored")
		}
		if got := set(t, live, "redis.session_ttl=100", "redis.session_idle_timeout=100"); got.Revision != 1 {
			t.Errorf("set together: %v", got)
		}
		if _, err := live.Unset(ctx, []string{idle}, ann); !errorIs[*settings.CombinationError](err) {
			t.Errorf("unsetting half of a pair: %v", err)
		}
	})
}

func TestTwoInstances(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		a := settings.Open(t.Context(), client(t), settings.Defaults())
		b := settings.Open(t.Context(), client(t), settings.Defaults())
		run(t, a)
		run(t, b)
		for i, instance := range []*settings.Live{a, b, a} {
			want := fmt.Sprint(1000 + i)
			set(t, instance, ttl+"="+want)
			start := time.Now()
			eventually(t, "both instances have it", func() bool { return value(a, ttl) == want && value(b, ttl) == want })
			if took := time.Since(start); took > time.Second {
				t.Errorf("it took %v", took)
			}
		}
	})
}

func TestAChangeIsAnnounced(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		announced := c.Subscribe(ctx, "{helix}:events")
		defer announced.Close()
		if _, err := announced.Receive(ctx); err != nil {
			t.Fatal(err)
		}
		set(t, settings.Open(ctx, c, settings.Defaults()), "redis.session_ttl=12h")
		if m, err := announced.ReceiveMessage(ctx); err != nil || m.Payload != "config 1" {
			t.Errorf("%v, %v", m, err)
		}
	})
}

func TestARestartKeepsLiveValues(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		set(t, settings.Open(t.Context(), client(t), settings.Defaults()), "redis.session_ttl=12h")
		again := settings.Open(t.Context(), client(t), settings.Defaults())
		item, err := again.Snapshot().Item(ttl)
		if err != nil || item.Value.String() != "43200" || item.Origin.String() != "live" {
			t.Errorf("%s from %s, %v", item.Value, item.Origin, err)
		}
		if again.Trouble() != nil || len(again.Warnings()) != 0 {
			t.Errorf("%v %v", again.Trouble(), again.Warnings())
		}
	})
}

// What only SetUp changes is a live value like others: in force at once, in the
// history, and after a restart. Everything that would touch it asks for the right.
func TestSetUp(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx := t.Context()
		live := settings.Open(ctx, client(t), settings.Defaults())
		got, err := live.SetUp(ctx, wishes("discord.prefix=?", "discord.roles=oncall:1,support:user:2"), ann)
		if want := "{1 [? (was !) oncall:1,support:user:2 (was -)] false}"; err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v, %v; want %s", got, err, want)
		}
		again := settings.Open(ctx, client(t), settings.Defaults())
		if got := again.Snapshot().Text(settings.DiscordPrefix); got != "?" || len(again.Warnings()) != 0 {
			t.Errorf("after a restart it is %q, %v", got, again.Warnings())
		}
		if diff := again.Diff(); len(diff) != 2 || diff[0].Key != "discord.prefix" {
			t.Errorf("the difference is %v", diff)
		}
		entries, err := again.History(ctx, "discord.prefix", 0)
		if err != nil || len(entries) != 1 || entries[0].Note != settings.NoteSetup || entries[0].Who.Name != ann.Name {
			t.Errorf("the history is %+v, %v", entries, err)
		}
		if _, published := again.Snapshot().Policy()["discord.prefix"]; published {
			t.Error("it is published for back ends")
		}
		mine := errors.New("not yours")
		other := settings.Who{ID: "2", May: func(key string) error {
			if s, err := settings.Lookup(key); err == nil && s.Setup {
				return mine
			}
			return nil
		}}
		_, err = again.Rollback(ctx, 0, other)
		if !errors.Is(err, mine) {
			t.Errorf("a rollback answers %v", err)
		}
		if _, err = again.Unset(ctx, []string{"discord.prefix"}, other); !errors.Is(err, mine) {
			t.Errorf("unset answers %v", err)
		}
		if _, err = again.SetUp(ctx, wishes("discord.shards=2"), ann); !errorIs[*settings.StartOnlyError](err) {
			t.Errorf("what is read at start alone answers %v", err)
		}
	})
}

func TestUnsetRollbackAndProfile(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx := t.Context()
		live := settings.Open(ctx, client(t), settings.Defaults())
		set(t, live, "redis.session_ttl=12h")
		set(t, live, "redis.session_ttl=6h", "alerts.no_ttl=7")

		check := func(what string, got settings.Result, err error, want string) {
			t.Helper()
			if err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s: %v, %v; want %s", what, got, err, want)
			}
		}
		got, err := live.Unset(ctx, []string{"alerts.no_ttl", idle}, ann)
		check("unset", got, err, "{3 [0 (was 7) 300 (was 300)] false}")
		got, err = live.Unset(ctx, []string{idle}, ann)
		check("unset of nothing", got, err, "{3 [300 (was 300)] false}")
		got, err = live.Rollback(ctx, 2, bob)
		check("rollback", got, err, "{4 [7 (was 0)] false}")
		got, err = live.Rollback(ctx, 4, bob)
		check("rollback to now", got, err, "{4 [] false}")
		got, err = live.Rollback(ctx, 0, bob)
		check("rollback to the start", got, err, "{5 [0 (was 7) 86400 (was 21600)] false}")
		got, err = live.ApplyProfile(ctx, "Development", ann)
		check("profile", got, err, "{6 [5 (was 5) true (was true) 600 (was 3600) 300 (was 300) 3600 (was 86400)] false}")
		got, err = live.ApplyProfile(ctx, "production", ann)
		check("profile back", got, err, "{7 [5 (was 5) true (was true) 3600 (was 600) 300 (was 300) 86400 (was 3600)] false}")

		if _, err := live.Rollback(ctx, 99, ann); err == nil || err.Error() != "There is no revision 99: the history reaches from 1 to 7." {
			t.Error(err)
		}
		if _, err := live.ApplyProfile(ctx, "staging", ann); err == nil || err.Error() != "`profile` cannot be `staging`: expected production or development." {
			t.Error(err)
		}
		if _, err := live.Unset(ctx, []string{"redis.sesion_ttl"}, ann); !errorIs[*settings.UnknownError](err) {
			t.Error(err)
		}
		if _, err := live.Unset(ctx, []string{"discord.prefix"}, ann); !errorIs[*settings.StartOnlyError](err) {
			t.Error(err)
		}
	})
}

func TestHistoryAndDiff(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		base := load(t, settings.Options{Flags: map[string]string{"alerts.no_ttl": "3"}})
		live := settings.Open(ctx, c, base)
		before := c.Time(ctx).Val().Truncate(time.Millisecond)
		set(t, live, "redis.session_ttl=12h")
		setAs(t, live, bob, "redis.session_ttl=6h", "alerts.no_ttl=7")
		if _, err := live.Rollback(ctx, 1, ann); err != nil {
			t.Fatal(err)
		}
		c.LPush(ctx, "{helix}:config:log", "not an entry") // passed over

		all, err := live.History(ctx, "", 0)
		if err != nil || len(all) != 3 || all[0].Note != "rollback 1" || all[1].Who.Name != "Bob" || all[1].Revision != 2 || all[2].Note != "set" {
			t.Errorf("%+v, %v", all, err)
		}
		for _, e := range all {
			if e.At.Before(before) || e.At.After(before.Add(time.Minute)) {
				t.Errorf("revision %d is of %v, by the server's clock before %v", e.Revision, e.At, before)
			}
		}
		if fmt.Sprint(all[1].Changes) != "[7 (was 3) 21600 (was 43200)]" {
			t.Error(all[1].Changes)
		}
		if of, err := live.History(ctx, "ALERTS.no_ttl", 1); err != nil || len(of) != 1 || of[0].Revision != 3 {
			t.Errorf("%+v, %v", of, err)
		}
		if _, err := live.History(ctx, "alerts.nottl", 1); !errorIs[*settings.UnknownError](err) {
			t.Error(err)
		}
		if d := live.Diff(); len(d) != 1 || d[0].Key != ttl || d[0].String() != "43200 (was 86400)" {
			t.Error(d)
		}
		d, err := live.DiffRevisions(ctx, 1, 2)
		if err != nil || fmt.Sprint(d) != "[7 (was 3) 21600 (was 43200)]" {
			t.Error(d, err)
		}
		if d, err := live.DiffRevisions(ctx, 3, 0); err != nil || fmt.Sprint(d) != "[86400 (was 43200)]" || !d[0].Unset {
			t.Error(d, err)
		}
		if _, err := live.DiffRevisions(ctx, 1, 9); !errorIs[*settings.RevisionError](err) {
			t.Error(err)
		}
	})
}

func TestTheHistoryIsBounded(t *testing.T) {
	m := startMini(t)
	ctx, c := t.Context(), m.client(t)
	live := settings.Open(ctx, c, settings.Defaults())
	set(t, live, "alerts.no_ttl=1")
	entry := c.LIndex(ctx, "{helix}:config:log", 0).Val()
	for range 1500 {
		c.RPush(ctx, "{helix}:config:log", entry)
	}
	set(t, live, "alerts.no_ttl=2")
	if n := c.LLen(ctx, "{helix}:config:log").Val(); n != 1000 {
		t.Errorf("the history has %d entries", n)
	}
}

func TestSubscribersMayRefuseAndAreTold(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx := t.Context()
		a := settings.Open(ctx, client(t), settings.Defaults())
		b := settings.Open(ctx, client(t), settings.Defaults())
		told := make(chan string, 10)
		tell := func(name string) func(old, new *settings.Snapshot) {
			return func(old, new *settings.Snapshot) {
				told <- fmt.Sprint(name, " ", old.Int(settings.MaxSessionsPerUser), " ", new.Int(settings.MaxSessionsPerUser))
			}
		}
		tooMany := errors.New("nobody needs so many")
		cancel := a.Subscribe(settings.Subscriber{Changed: tell("a"), Check: func(_ context.Context, _, new *settings.Snapshot) error {
			if new.Int(settings.MaxSessionsPerUser) > 100 {
				return tooMany
			}
			return nil
		}})
		b.Subscribe(settings.Subscriber{Changed: tell("b")})
		run(t, b)
		if _, err := a.Set(ctx, wishes(perUser+"=101"), ann); !errors.Is(err, tooMany) || value(a, perUser) != "5" {
			t.Errorf("%v; %s is in force", err, value(a, perUser))
		}
		set(t, a, perUser+"=7")
		got := []string{<-told, <-told}
		slices.Sort(got)
		if fmt.Sprint(got) != "[a 5 7 b 5 7]" {
			t.Error(got)
		}
		cancel()
		set(t, a, perUser+"=101")
		if got := <-told; got != "b 7 101" {
			t.Error(got)
		}
	})
}

func TestEveryKeyTouchedNeedsTheRight(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx := t.Context()
		live := settings.Open(ctx, client(t), settings.Defaults())
		set(t, live, "alerts.no_ttl=1")
		denied := errors.New("denied")
		carl := settings.Who{Name: "Carl", May: func(key string) error {
			if !strings.HasPrefix(key, "redis.session_") {
				return fmt.Errorf("%w: %s", denied, key)
			}
			return nil
		}}
		setAs(t, live, carl, "redis.session_ttl=1h")
		_, set := live.Set(ctx, wishes("redis.session_ttl=2h", "alerts.no_ttl=2"), carl)
		_, unset := live.Unset(ctx, []string{"alerts.no_ttl"}, carl)
		_, rollback := live.Rollback(ctx, 0, carl)
		_, profile := live.ApplyProfile(ctx, "development", carl)
		_, imported := live.Import(ctx, "alerts.no_ttl=2", carl)
		_, same := live.Set(ctx, wishes("alerts.no_ttl=1"), carl)
		for i, err := range []error{set, unset, rollback, profile, imported, same} {
			if !errors.Is(err, denied) {
				t.Errorf("change %d: %v", i, err)
			}
		}
		if live.Snapshot().Revision() != 2 {
			t.Error("something was changed")
		}
		if _, err := live.Rollback(ctx, 1, carl); err != nil {
			t.Errorf("a rollback of what he may change: %v", err)
		}
	})
}

func TestWithoutRedisThereAreBaseValues(t *testing.T) {
	ctx := t.Context()
	live := settings.Open(ctx, nil, settings.Defaults())
	_, set := live.Set(ctx, wishes("redis.session_ttl=1h"), ann)
	_, unset := live.Unset(ctx, []string{ttl}, ann)
	_, rollback := live.Rollback(ctx, 0, ann)
	_, profile := live.ApplyProfile(ctx, "development", ann)
	_, imported := live.Import(ctx, "redis.session_ttl=1h", ann)
	_, history := live.History(ctx, "", 1)
	_, diff := live.DiffRevisions(ctx, 0, 1)
	for i, err := range []error{set, unset, rollback, profile, imported, history, diff, live.Trouble()} {
		if err == nil || err.Error() != "Settings cannot be changed live without Redis. Set redis.url and restart Helix." {
			t.Errorf("%d: %v", i, err)
		}
	}
	if value(live, ttl) != "86400" || len(live.Diff()) != 0 || !strings.Contains(live.Export(), "# session_ttl: 86400 (default)") {
		t.Error("the base values are not served")
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := live.Run(ended); err != nil {
		t.Error(err)
	}
}

// wishes reads key=value words.
func wishes(words ...string) []settings.Assignment {
	all, err := settings.ParseAssignments(words)
	if err != nil {
		panic(err)
	}
	return all
}

func set(t *testing.T, live *settings.Live, words ...string) settings.Result {
	t.Helper()
	return setAs(t, live, ann, words...)
}

func setAs(t *testing.T, live *settings.Live, who settings.Who, words ...string) settings.Result {
	t.Helper()
	r, err := live.Set(t.Context(), wishes(words...), who)
	if err != nil {
		t.Fatalf("set %v: %v", words, err)
	}
	return r
}

func value(live *settings.Live, key string) string {
	item, err := live.Snapshot().Item(key)
	if err != nil {
		return err.Error()
	}
	return item.Value.String()
}

// run keeps an instance up to date until the test ends.
func run(t *testing.T, live *settings.Live) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- live.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
}

func errorIs[E error](err error) bool {
	var want E
	return errors.As(err, &want)
}

func hash(t *testing.T, c redis.UniversalClient, key string) map[string]string {
	t.Helper()
	m, err := c.HGetAll(t.Context(), key).Result()
	if err != nil {
		t.Fatal(err)
	}
	return m
}
