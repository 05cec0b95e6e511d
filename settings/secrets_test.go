package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/settings"
)

// A secret that stands in the configuration, and one that somebody types by
// mistake, show up nowhere: not in an answer, nor in what Redis holds.
func TestNoSecretReachesChatOrRedis(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		live := settings.Open(ctx, c, load(t, settings.Options{
			File:    write(t, "c.yaml", "discord: {token: "+planted+"}"),
			Environ: []string{"REDIS_URL=redis://:" + planted + "@127.0.0.1"},
		}))
		run(t, live)
		var said strings.Builder
		say := func(things ...any) {
			for _, thing := range things {
				fmt.Fprintf(&said, "%v %+v %#v %q\n", thing, thing, thing, thing)
			}
		}
		for _, key := range []string{"discord.token", "redis.url", "discord.tokn"} {
			r, err := live.Set(ctx, wishes(key+"="+planted), ann)
			say(r, err)
			r, err = live.Import(ctx, key+"="+planted, ann)
			say(r, err)
			_, err = settings.ParseAssignments([]string{"alerts.no_ttl=1", planted})
			say(err)
		}
		for _, key := range []string{"discord.token", "redis.url"} {
			r, err := live.Unset(ctx, []string{key}, ann)
			say(r, err)
			h, err := live.History(ctx, key, 0)
			say(h, err)
		}
		r, err := live.ApplyProfile(ctx, "development", ann)
		say(r, err)
		h, err := live.History(ctx, "", 0)
		say(h, err, live.Diff(), live.Export(), live.Warnings(), live.Snapshot(), live.Snapshot().Items(""), live.Snapshot().Policy(), live.Base(), live.Trouble())
		say(everything(t, c))
		if strings.Contains(said.String(), planted) {
			t.Error("a secret is shown")
		}
		if !strings.Contains(said.String(), "session_ttl") {
			t.Error("nothing was said at all")
		}
	})
}

// everything answers what Redis holds, as it serialises it.
func everything(t *testing.T, c redis.UniversalClient) string {
	t.Helper()
	var all strings.Builder
	for _, key := range redistest.Keys(t, c) {
		switch c.Type(t.Context(), key).Val() {
		case "hash":
			fmt.Fprintln(&all, key, hash(t, c, key))
		case "list":
			fmt.Fprintln(&all, key, c.LRange(t.Context(), key, 0, -1).Val())
		default:
			t.Errorf("%s is neither hash nor list", key)
		}
	}
	return all.String()
}
