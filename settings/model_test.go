package settings_test

import (
	"fmt"
	"maps"
	"strconv"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/helix-collective/helix/settings"
)

// model is what live settings are, said plainly: maps of values, one for each
// revision.
type model struct{ revisions []map[string]string }

func (m *model) now() map[string]string { return m.revisions[len(m.revisions)-1] }

func (m *model) become(next map[string]string) {
	if !maps.Equal(next, m.now()) {
		m.revisions = append(m.revisions, next)
	}
}

func TestAnySequenceOfChangesAgreesWithThePlainModel(t *testing.T) {
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	t.Cleanup(func() { client.Close() })
	keys := []string{ttl, "redis.session_cleanup_interval", perUser, "alerts.no_ttl"}
	rapid.Check(t, func(t *rapid.T) {
		server.FlushAll()
		ctx := t.Context()
		live := settings.Open(ctx, client, settings.Defaults())
		m := &model{revisions: []map[string]string{{}}}
		key := rapid.SampledFrom(keys)
		fail := func(what string, err error) {
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				k, v := key.Draw(t, "key"), strconv.Itoa(rapid.IntRange(300, 304).Draw(t, "value"))
				_, err := live.Set(ctx, wishes(k+"="+v), ann)
				fail("set", err)
				next := maps.Clone(m.now())
				next[k] = v
				m.become(next)
			},
			"unset": func(t *rapid.T) {
				k := key.Draw(t, "key")
				_, err := live.Unset(ctx, []string{k}, ann)
				fail("unset", err)
				next := maps.Clone(m.now())
				delete(next, k)
				m.become(next)
			},
			"rollback": func(t *rapid.T) {
				r := rapid.IntRange(0, len(m.revisions)-1).Draw(t, "revision")
				_, err := live.Rollback(ctx, int64(r), ann)
				fail("rollback", err)
				m.become(maps.Clone(m.revisions[r]))
			},
			"profile": func(t *rapid.T) {
				name := rapid.SampledFrom([]string{settings.Production, settings.Development}).Draw(t, "profile")
				_, err := live.ApplyProfile(ctx, name, ann)
				fail("profile", err)
				next := maps.Clone(m.now())
				for _, s := range settings.Table() {
					if s.Profiled() {
						next[s.Key] = s.For(name)
					}
				}
				m.become(next)
			},
			"restart": func(*rapid.T) { live = settings.Open(ctx, client, settings.Defaults()) },
			"": func(t *rapid.T) {
				if got := live.Snapshot().Revision(); got != int64(len(m.revisions)-1) {
					t.Fatalf("revision %d, want %d", got, len(m.revisions)-1)
				}
				want := settings.Defaults().Snapshot().Policy()
				maps.Copy(want, m.now())
				if got := live.Snapshot().Policy(); !maps.Equal(got, want) {
					t.Fatalf("in force %v\nwant %v", got, want)
				}
				if got := client.HGetAll(ctx, "{helix}:policy").Val(); len(m.revisions) > 1 && !maps.Equal(got, want) {
					t.Fatalf("published %v\nwant %v", got, want)
				}
				if got := fmt.Sprint(len(live.Diff())); got != fmt.Sprint(len(m.now())) {
					t.Fatalf("%s live values, want %d", got, len(m.now()))
				}
			},
		})
	})
}
