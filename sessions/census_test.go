package sessions_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

func TestACensusTellsOutliersAndIsKept(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.MaxPerUser = 100
		for i, n := range []int{7, 3, 1} {
			for range n {
				if _, _, err := b.Create(t.Context(), sessions.Request{UserID: fmt.Sprintf("p:%d", i), IP: fmt.Sprintf("2001:db8:0:%d::1", i)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		long := float64(time.Now().Add(-2 * time.Hour).Unix())
		b.client.Set(t.Context(), "session:3f2a9c01-91e4-4a77-8d00-0123456789ab", fmt.Sprintf(`{"user_id": "p:1", "ip": "203.0.113.7", "created_at": %f, "last_accessed": 1.0}`, long), 0)
		b.client.Set(t.Context(), "session:user:john@example.com:abc", "no JSON", time.Hour)
		b.policy.MaxPerUser, b.policy.MaxPerAddressPerHour = 3, 5
		taken, err := b.TakeCensus(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		want := sessions.Census{
			At: taken.At, Server: taken.Server, Keys: taken.Keys,
			Sessions:   sessions.Totals{All: 13, SignedIn: 12, Foreign: 1},
			WithoutTTL: 1, PeopleOverLimit: 2, AddressesOverLimit: 1,
			People:    []sessions.Tally{{Name: "p:0", Sessions: 7}, {Name: "p:1", Sessions: 4}, {Name: "john@example.com", Sessions: 1}, {Name: "p:2", Sessions: 1}},
			Addresses: []sessions.Tally{{Name: "2001:db8::/64", Sessions: 7}, {Name: "2001:db8:0:1::/64", Sessions: 3}, {Name: "2001:db8:0:2::/64", Sessions: 1}},
		}
		if !reflect.DeepEqual(taken, want) || taken.Server <= 0 || taken.Keys < 13 {
			t.Errorf("taken\n%+v, want\n%+v", taken, want)
		}
		kept, ok, err := newBench(t, b.client).LastCensus(t.Context())
		if !ok || err != nil || !kept.At.Equal(taken.At) || !reflect.DeepEqual(kept.People, taken.People) {
			t.Errorf("kept %+v, %v, %v", kept, ok, err)
		}
	})
}

func TestACleanupLeavesACensus(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.write(written{user: "ann", ttl: time.Hour, idle: time.Hour})
		b.write(written{user: "ann", ttl: time.Hour})
		b.write(written{user: "bob"})
		b.write(written{foreign: true, key: "session:3f2a9c01-91e4-4a77-8d00-000000000001", user: "ann", idle: time.Hour})
		b.cleanup()
		c, ok, err := b.LastCensus(t.Context())
		if !ok || err != nil || c.Sessions != (sessions.Totals{All: 3, SignedIn: 2, Foreign: 1}) || c.WithoutTTL != 1 {
			t.Errorf("left are %+v, %v, %v", c, ok, err)
		}
		total, err := b.Stats(t.Context())
		if err != nil || total.Totals != c.Sessions || total.WithoutTTL != c.WithoutTTL {
			t.Errorf("there are %+v, %v", total, err)
		}
		if ended := b.Counts().Ended; ended != 1 {
			t.Errorf("%d were ended", ended)
		}
	})
}

func TestOneCensusAtATimeAndNoneBesideACleanup(t *testing.T) {
	server := redistest.Any(t)
	first, second := newBench(t, server.Client()), newBench(t, server.Client())
	first.write(written{user: "ann", ttl: time.Hour, idle: time.Hour})
	var got error
	first.client.AddHook(&meddler{act: func() { _, got = second.TakeCensus(t.Context(), 100) }})
	first.cleanup()
	if !errors.Is(got, sessions.ErrCounting) {
		t.Errorf("beside a cleanup it came to %v", got)
	}
	second.client.Set(t.Context(), "{helix}:census:lock", "another", time.Minute)
	if _, err := second.TakeCensus(t.Context(), 100); !errors.Is(err, sessions.ErrCounting) {
		t.Errorf("beside another it came to %v", err)
	}
	second.client.Del(t.Context(), "{helix}:census:lock")
	if _, err := second.TakeCensus(t.Context(), 100); err != nil {
		t.Error(err)
	}
	if left := second.client.Exists(t.Context(), "{helix}:census:lock").Val(); left != 0 {
		t.Error("the lock stays")
	}
}

func TestInstancesTellWhatTheyDid(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		other := newBench(t, b.client)
		token, _ := b.create("ann")
		b.validate(token)
		b.validate(token)
		if _, _, err := b.Regenerate(t.Context(), token, sessions.Request{UserID: "bob", IP: home}); err != nil {
			t.Fatal(err)
		}
		other.create("")
		if n, err := other.DestroyUser(t.Context(), "bob"); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		b.client.HSet(t.Context(), "{helix}:counts", "foreign", "hand", "gone", "12.5 1 1 1")
		for range 2 { // telling it twice counts it once
			if err := errors.Join(b.TellCounts(t.Context()), other.TellCounts(t.Context())); err != nil {
				t.Fatal(err)
			}
		}
		all, err := b.AllCounts(t.Context())
		var sum sessions.Counts
		for _, one := range all {
			sum.Created, sum.Validated, sum.Ended = sum.Created+one.Created, sum.Validated+one.Validated, sum.Ended+one.Ended
			if old := time.Since(one.At); old > time.Minute || old < -time.Minute {
				t.Errorf("told %v ago", old)
			}
		}
		if want := (sessions.Counts{Created: 3, Validated: 2, Ended: 2}); len(all) != 2 || sum != want || err != nil {
			t.Errorf("%+v in %d, %v; want %+v", sum, len(all), err, want)
		}
	})
}
