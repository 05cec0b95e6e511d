package settings_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/settings"
)

func TestTwoPeopleAtOnce(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx := t.Context()
		a := settings.Open(ctx, client(t), settings.Defaults())
		b := settings.Open(ctx, client(t), settings.Defaults()) // not running, so it looks away
		set(t, a, "redis.session_ttl=2h")

		_, err := b.Set(ctx, wishes("redis.session_ttl=3h", "alerts.no_ttl=1"), bob)
		want := "Ann changed `redis.session_ttl` meanwhile: 7200 (was 86400), revision 1. Yours was not stored; look again and repeat it if it still stands."
		var conflict *settings.Conflict
		if !errors.As(err, &conflict) || err.Error() != want || len(conflict.Keys) != 1 {
			t.Errorf("the same setting: %v", err)
		}
		if got := setAs(t, b, bob, "redis.session_ttl=3h"); got.Revision != 2 || got.Changes[0].Old != "7200" {
			t.Errorf("repeated: %v", got)
		}
		if got := set(t, a, "alerts.no_ttl=1"); got.Revision != 3 || value(a, ttl) != "10800" {
			t.Errorf("another setting: %v", got)
		}
		set(t, a, "alerts.no_ttl=2")
		if got := setAs(t, b, bob, "alerts.no_ttl=2"); got.Revision != 4 || got.Changes[0].String() != "2 (was 2)" {
			t.Errorf("the same wish: %v", got)
		}
		set(t, a, "alerts.no_ttl=3")
		if _, err := b.Rollback(ctx, 1, bob); !errorIs[*settings.Conflict](err) {
			t.Errorf("a rollback over what somebody just changed: %v", err)
		}
		set(t, a, "redis.session_ttl=400")
		if _, err := b.Set(ctx, wishes("redis.session_idle_timeout=500"), bob); !errorIs[*settings.CombinationError](err) {
			t.Errorf("one that fits no more: %v", err)
		}
		if _, err := b.Unset(ctx, []string{ttl}, bob); err != nil {
			t.Errorf("once seen: %v", err)
		}
	})
}

func TestAConflictIsToldWithoutHistoryToo(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		a := settings.Open(ctx, c, settings.Defaults())
		b := settings.Open(ctx, c, settings.Defaults())
		set(t, a, "redis.session_ttl=2h")
		if err := c.Del(ctx, "{helix}:config:log").Err(); err != nil {
			t.Fatal(err)
		}
		_, err := b.Set(ctx, wishes("redis.session_ttl=3h"), bob)
		if err == nil || err.Error() != "Somebody changed redis.session_ttl meanwhile. Yours was not stored; look again and repeat it if it still stands." {
			t.Error(err)
		}
	})
}

func TestManyAtOnceOnDifferentSettings(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		instances := openMany(t, 5, client)
		base := settings.Defaults().Snapshot()
		changes := make(map[string]string)
		for _, item := range base.Items("") {
			if item.Live {
				changes[item.Key] = other(item)
			}
		}
		i := 0
		var all sync.WaitGroup
		for key, text := range changes {
			live := instances[i%len(instances)]
			i++
			all.Go(func() {
				if _, err := live.Set(context.Background(), []settings.Assignment{{Key: key, Value: text}}, ann); err != nil {
					t.Errorf("%s=%s: %v", key, text, err)
				}
			})
		}
		all.Wait()
		last := settings.Open(t.Context(), client(t), settings.Defaults())
		for key, want := range changes {
			if got := value(last, key); got != want {
				t.Errorf("%s is %s, want %s", key, got, want)
			}
		}
		if got := last.Snapshot().Revision(); got != int64(len(changes)) {
			t.Errorf("revision %d after %d changes", got, len(changes))
		}
	})
}

// other answers a value that is not the one in force, breaks no rule whatever
// the others are, and differs for each kind.
func other(item settings.Item) string {
	switch item.Kind {
	case settings.Boolean:
		return map[string]string{"true": "false", "false": "true"}[item.Value.String()]
	case settings.Enum:
		for _, word := range item.Allowed {
			if word != item.Value.String() && word != "none" {
				return word
			}
		}
	case settings.Percent:
		return strconv.FormatInt(max(85, item.Min), 10)
	case settings.Bytes:
		return "2097152"
	}
	switch {
	case strings.HasPrefix(item.Key, "commands."), item.Max < 42:
		return "4"
	case item.Max < 420:
		return "42"
	}
	return "420"
}

func TestManyAtOnceOnOneSettingLoseNothingSilently(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		const people = 50
		instances := openMany(t, 5, client)
		var all sync.WaitGroup
		var mu sync.Mutex
		stored := make(map[string]bool) // names of those who were told that it worked
		for i := range people {
			who := settings.Who{Name: fmt.Sprint("person ", i)}
			all.Go(func() {
				_, err := instances[i%len(instances)].Set(context.Background(), wishes(fmt.Sprint("alerts.session_count=", 1000+i)), who)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					stored[who.Name] = true
				case !errorIs[*settings.Conflict](err):
					t.Errorf("%s: %v", who.Name, err)
				}
			})
		}
		all.Wait()
		last := settings.Open(t.Context(), client(t), settings.Defaults())
		history, err := last.History(t.Context(), "", 0)
		if err != nil || len(history) != len(stored) || last.Snapshot().Revision() != int64(len(stored)) || len(stored) == 0 {
			t.Fatalf("%d were stored, the history has %d, the revision is %d, %v", len(stored), len(history), last.Snapshot().Revision(), err)
		}
		for i, e := range history {
			if !stored[e.Who.Name] || e.Revision != int64(len(history)-i) {
				t.Errorf("entry %d is revision %d by %s", i, e.Revision, e.Who.Name)
			}
			if i > 0 && e.Changes[0].New != history[i-1].Changes[0].Old {
				t.Errorf("revision %d leads to %s, the next one starts at %s", e.Revision, e.Changes[0].New, history[i-1].Changes[0].Old)
			}
		}
	})
}

func openMany(t *testing.T, n int, client func(*testing.T) redis.UniversalClient) []*settings.Live {
	instances := make([]*settings.Live, n)
	for i := range instances {
		instances[i] = settings.Open(t.Context(), client(t), settings.Defaults())
	}
	return instances
}
