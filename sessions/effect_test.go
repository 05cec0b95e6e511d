package sessions_test

import (
	"slices"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

func TestAPolicysEffectIsToldBeforehand(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.BindAddress = false
		b.write(written{user: "ann", ttl: time.Hour, idle: 2 * time.Minute, age: time.Hour})
		b.write(written{user: "ann", ttl: time.Hour, age: 2 * time.Hour})
		b.write(written{user: "ann", ttl: time.Hour, idle: time.Hour, age: time.Hour}) // is over already
		b.write(written{user: "bob", ttl: time.Hour, age: time.Hour})
		b.write(written{foreign: true, key: "session:3f2a9c01-91e4-4a77-8d00-000000000001", user: "ann", age: time.Hour})
		b.client.Set(t.Context(), "session:text", "no JSON", 0)
		b.client.Set(t.Context(), "session:nowhere", `{"user_id": "ann"}`, 0)
		change := func(how func(*sessions.Policy)) sessions.Policy {
			next := *b.policy
			how(&next)
			return next
		}
		tests := []struct {
			name    string
			next    sessions.Policy
			consent bool
			want    sessions.Effect
		}{
			{"the same", *b.policy, false, sessions.Effect{}},
			{"looser", change(func(p *sessions.Policy) { p.TTL *= 2; p.IdleTimeout *= 2; p.MaxPerUser++ }), false, sessions.Effect{}},
			{"a shorter idle timeout", change(func(p *sessions.Policy) { p.IdleTimeout = time.Minute }), false, sessions.Effect{Ended: 1, Shortened: 2}},
			{"a shorter age", change(func(p *sessions.Policy) { p.TTL = 90 * time.Minute }), false, sessions.Effect{Ended: 1}},
			{"fewer for each", change(func(p *sessions.Policy) { p.MaxPerUser = 1 }), false, sessions.Effect{OverLimit: 1}},
			{"bound", change(func(p *sessions.Policy) { p.BindAddress = true }), false, sessions.Effect{Bound: 5, Refused: 1}},
			{"no compat", change(func(p *sessions.Policy) { p.Compat = false }), false, sessions.Effect{Refused: 1}},
			{"fewer, other software's too", change(func(p *sessions.Policy) { p.MaxPerUser = 1 }), true, sessions.Effect{OverLimit: 3}},
		}
		for _, test := range tests {
			if test.consent {
				b.consents()
			}
			if got, err := b.Effect(t.Context(), test.next); got != test.want || err != nil {
				t.Errorf("%s: %+v, %v, want %+v", test.name, got, err, test.want)
			}
		}
	})
}

func TestEveryoneSeesTheirPart(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, s := b.create("ann")
		b.create("bob")
		b.client.Set(t.Context(), "session:text", "no JSON", 0)
		part := b.Seeing(func(key []byte) bool { return string(key) == s.Key })
		if totals, err := part.Count(t.Context()); totals != (sessions.Totals{All: 1, SignedIn: 1}) || err != nil {
			t.Errorf("Count: %+v, %v", totals, err)
		}
		if stats, err := part.Stats(t.Context()); stats.All != 1 || stats.WithoutTTL != 0 || err != nil {
			t.Errorf("Stats: %+v, %v", stats, err)
		}
		if users, err := part.TopUsers(t.Context(), 9); !slices.Equal(users, []sessions.Tally{{Name: "ann", Sessions: 1}}) || err != nil {
			t.Errorf("TopUsers: %+v, %v", users, err)
		}
		if addresses, err := part.TopAddresses(t.Context(), 9); !slices.Equal(addresses, []sessions.Tally{{Name: home, Sessions: 1}}) || err != nil {
			t.Errorf("TopAddresses: %+v, %v", addresses, err)
		}
		if n, err := part.WithoutTTL(t.Context(), nil); n != 0 || err != nil {
			t.Errorf("WithoutTTL: %d, %v", n, err)
		}
		var seen []string
		if err := part.Each(t.Context(), func(batch []sessions.Session) error {
			for _, s := range batch {
				seen = append(seen, s.Key)
			}
			return nil
		}); err != nil || !slices.Equal(seen, []string{s.Key}) {
			t.Errorf("Each: %v, %v", seen, err)
		}
		all := func(string) bool { return true }
		if keys, err := part.Find(t.Context(), "session:*", all, 9); !slices.Equal(keys, []string{s.Key}) || err != nil {
			t.Errorf("Find: %v, %v", keys, err)
		}
		if keys, err := b.Find(t.Context(), "session:*", all, 2); len(keys) != 2 || err != nil {
			t.Errorf("Find: %v, %v", keys, err)
		}
		if n, err := b.DestroyKeys(t.Context(), []string{s.Key, "session:text", "other", "session:none"}); n != 2 || err != nil {
			t.Errorf("ended %d, %v", n, err)
		}
		b.refuses(token, home, sessions.Unknown)
	})
}

func TestTopSizesAreTheLargest(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client())
	for _, n := range []int{300, 100, 5000, 200} {
		b.client.Set(t.Context(), "session:"+string(rune('a'+n/100%26)), slices.Repeat([]byte("x"), n), 0)
	}
	top, err := b.TopSizes(t.Context(), 2)
	if err != nil || len(top) != 2 || top[0].Bytes < 5000 || top[1].Bytes < 300 || top[1].Bytes > 1000 {
		t.Errorf("%+v, %v", top, err)
	}
}
