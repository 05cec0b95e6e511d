package sessions_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// damage puts what is not ours at each of the keys that begin like that.
func (b *bench) damage(prefix string, garbage func(key string) error) {
	b.t.Helper()
	keys := slices.DeleteFunc(redistest.Keys(b.t, b.client), func(key string) bool { return !strings.HasPrefix(key, prefix) })
	if len(keys) == 0 {
		b.t.Fatalf("there is no %s…", prefix)
	}
	for _, key := range keys {
		if err := b.client.Del(b.t.Context(), key).Err(); err != nil {
			b.t.Fatal(err)
		}
		if err := garbage(key); err != nil {
			b.t.Fatal(err)
		}
	}
}

// TestADamagedIndexLocksNobodyOut has a foreign hand put something else in the place
// of a person's index and of their address: they sign in, stay and go all the same.
func TestADamagedIndexLocksNobodyOut(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		text := func(key string) error { return b.client.Set(ctx, key, "garbage", 0).Err() }
		list := func(key string) error { return b.client.RPush(ctx, key, "x").Err() }
		for _, garbage := range []func(string) error{text, list} {
			token, _ := b.create("ann")
			b.damage("helix:index:", garbage)
			b.validate(token)
			b.damage("helix:index:", garbage)
			b.damage("helix:address:", garbage)
			other, _ := b.create("ann")
			b.damage("helix:index:", garbage)
			next, _, err := b.Regenerate(ctx, other, sessions.Request{UserID: "ann", IP: home})
			if err != nil {
				t.Fatal(err)
			}
			b.damage("helix:index:", garbage)
			b.validate(next)
			if list, err := b.List(ctx, "ann"); err != nil || len(list) == 0 {
				t.Errorf("%d sessions, %v", len(list), err)
			}
			b.damage("helix:index:", garbage)
			if list, err := b.List(ctx, "ann"); err != nil || len(list) > 0 {
				t.Errorf("%d sessions by a list that is none, %v", len(list), err)
			}
			if n, err := b.DestroyUser(ctx, "ann"); err != nil || n < 2 {
				t.Errorf("%d ended, %v", n, err)
			}
			b.refuses(token, home, sessions.Unknown)
			b.refuses(next, home, sessions.Unknown)
		}
	})
}

// TestDamageToWhatCleanupKeeps has a foreign hand at each of its keys.
func TestDamageToWhatCleanupKeeps(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		for _, key := range sessions.OwnKeys() {
			for name, garbage := range map[string]func() error{
				"text": func() error { return b.client.Set(ctx, key, "garbage", 0).Err() },
				"list": func() error { return b.client.RPush(ctx, key, "x").Err() },
				"hash": func() error { return b.client.HSet(ctx, key, "a", "b").Err() },
			} {
				b.client.Del(ctx, key)
				if err := garbage(); err != nil {
					t.Fatal(err)
				}
				_, _, lastErr := b.LastCensus(ctx)
				_, consentErr := b.Consent(ctx)
				_, countsErr := b.AllCounts(ctx)
				_, reportsErr := b.Reports(ctx, 1)
				_, censusErr := b.TakeCensus(ctx, 100)
				_, cleanupErr := b.Cleanup(ctx)
				for what, err := range map[string]error{
					"the last census": lastErr, "consent": consentErr, "counts": countsErr, "reports": reportsErr, "a census": censusErr, "cleanup": cleanupErr,
					"confirming": b.ConfirmForeign(ctx, sessions.Consent{By: "1", At: time.Now()}), "telling": b.TellCounts(ctx),
				} {
					if err != nil {
						t.Errorf("%s at %s: %s: %v", name, key, what, err)
					}
				}
			}
		}
	})
}
