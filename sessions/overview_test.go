package sessions_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/sessions"
)

func TestFiguresOverAllSessions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.MaxPerUser = 100
		for i, n := range []int{7, 3, 1} {
			for range n {
				if _, _, err := b.Create(t.Context(), sessions.Request{UserID: fmt.Sprintf("p:%d", i), IP: fmt.Sprintf("2001:db8:0:%d::%d", i, n)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		b.create("")
		b.client.Set(t.Context(), "session:3f2a9c01-91e4-4a77-8d00-0123456789ab", `{"user_id": "p:0", "ip": "::ffff:203.0.113.7", "created_at": 1.0, "last_accessed": 1.0}`, 0)
		b.client.Set(t.Context(), "session:user:john@example.com:abc", "no JSON", 0)
		b.client.RPush(t.Context(), "session:list", "x")
		b.client.Set(t.Context(), "sessions", "another key", 0)

		totals := sessions.Totals{All: 15, SignedIn: 12, Anonymous: 1, Foreign: 2}
		if got, err := b.Count(t.Context()); got != totals || err != nil {
			t.Errorf("Count: %+v, %v", got, err)
		}
		b.policy.MaxPerUser = 2 // live
		if got, err := b.Stats(t.Context()); got != (sessions.Stats{Totals: totals, WithoutTTL: 3, OverLimit: 2}) || err != nil {
			t.Errorf("Stats: %+v, %v", got, err)
		}
		users, err := b.TopUsers(t.Context(), 2)
		if want := []sessions.Tally{{Name: "p:0", Sessions: 7}, {Name: "p:1", Sessions: 3}}; !slices.Equal(users, want) || err != nil {
			t.Errorf("TopUsers: %+v, %v", users, err)
		}
		addresses, err := b.TopAddresses(t.Context(), 3)
		if want := []sessions.Tally{{Name: "2001:db8::/64", Sessions: 7}, {Name: "2001:db8:0:1::/64", Sessions: 3}, {Name: home, Sessions: 2}}; !slices.Equal(addresses, want) || err != nil {
			t.Errorf("TopAddresses: %+v, %v", addresses, err)
		}
		var endless []string
		n, err := b.WithoutTTL(t.Context(), func(keys [][]byte) error {
			for _, key := range keys {
				endless = append(endless, string(key))
			}
			return nil
		})
		slices.Sort(endless)
		if want := []string{"session:3f2a9c01-91e4-4a77-8d00-0123456789ab", "session:list", "session:user:john@example.com:abc"}; n != 3 || err != nil || !slices.Equal(endless, want) {
			t.Errorf("WithoutTTL: %d, %v, %v", n, endless, err)
		}
	})
}

func TestListShowsThePersonsSessions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		first, one, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home, Data: []byte("1")})
		if err != nil {
			t.Fatal(err)
		}
		_, two := b.create("ann")
		_, gone := b.create("ann")
		b.client.Del(t.Context(), gone.Key)
		b.validate(first)
		const foreign = "session:3f2a9c01-91e4-4a77-8d00-0123456789ab"
		b.client.Set(t.Context(), foreign, `{"user_id": "ann", "ip": "203.0.113.7", "created_at": 1.0, "last_accessed": 1.0}`, time.Minute)
		b.client.ZAdd(t.Context(), b.indexOf("ann"), redis.Z{Score: 1e6, Member: foreign}) // as cleanup does
		listed, err := b.List(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, s := range listed {
			keys = append(keys, s.Key)
			if s.Data != nil || s.ExpiresIn <= 0 {
				t.Errorf("listed: %+v", s)
			}
		}
		if want := []string{one.Key, two.Key, foreign}; !slices.Equal(keys, want) {
			t.Errorf("listed %v, want %v", keys, want)
		}
		if n := b.client.ZCard(t.Context(), b.indexOf("ann")).Val(); n != 3 {
			t.Errorf("%d are in the index", n)
		}
		if n, err := b.CountUser(t.Context(), "ann"); n != 3 || err != nil {
			t.Errorf("CountUser: %d, %v", n, err)
		}
	})
}

// Sessions of other software count once they are in the index, and give way or
// are left out as others are.
func TestForeignSessionsInTheIndexCount(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.MaxPerUser = 2
		const foreign = "session:3f2a9c01-91e4-4a77-8d00-0123456789ab"
		put := func() {
			b.client.Set(t.Context(), foreign, `{"user_id": "ann", "ip": "203.0.113.7"}`, time.Minute)
			b.client.ZAdd(t.Context(), b.indexOf("ann"), redis.Z{Score: 1e6, Member: foreign})
		}
		b.create("ann")
		put()
		b.create("ann")
		if n := b.client.Exists(t.Context(), foreign).Val(); n != 0 {
			t.Error("the oldest session, of other software, did not give way")
		}
		if n, err := b.DestroyUser(t.Context(), "ann"); n != 2 || err != nil {
			t.Errorf("%d ended, %v", n, err)
		}
		b.policy.DenyAbove = true
		b.create("ann")
		put()
		_, _, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home})
		wantLimit(t, err, sessions.PerUser, 2)
		b.client.Del(t.Context(), foreign)
		b.create("ann")
		put()
		if n, err := b.DestroyUser(t.Context(), "ann"); n != 3 || err != nil || b.client.Exists(t.Context(), foreign).Val() != 0 {
			t.Errorf("%d ended, %v", n, err)
		}
	})
}

func TestDestroyUserSparesTheExcepted(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		this, s := b.create("ann")
		for range 3 {
			b.create("ann")
		}
		other, _ := b.create("bob")
		if n, err := b.DestroyUser(t.Context(), "ann", s.ID, "an id that is none"); n != 3 || err != nil {
			t.Errorf("%d ended, %v", n, err)
		}
		b.validate(this)
		b.validate(other)
		if n, err := b.DestroyUser(t.Context(), "ann"); n != 1 || err != nil {
			t.Errorf("%d ended, %v", n, err)
		}
		if n, err := b.DestroyUser(t.Context(), "ann"); n != 0 || err != nil {
			t.Errorf("%d ended, %v", n, err)
		}
		var input *sessions.InputError
		if _, err := b.DestroyUser(t.Context(), ""); !errors.As(err, &input) {
			t.Errorf("of nobody: %v", err)
		}
	})
}

func TestKeysThatAreNoSessions(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, key := range []string{"", "session:", "helix:index:{x}:ann", "other", "sessions:x"} {
			if _, err := b.Get(t.Context(), key); !errors.Is(err, sessions.ErrNoSession) {
				t.Errorf("Get %q: %v", key, err)
			}
			var input *sessions.InputError
			if _, err := b.DestroyKey(t.Context(), key); !errors.As(err, &input) {
				t.Errorf("DestroyKey %q: %v", key, err)
			}
		}
		if ended, err := b.DestroyKey(t.Context(), "session:nothing"); ended || err != nil {
			t.Errorf("%v, %v", ended, err)
		}
	})
}
