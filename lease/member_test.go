package lease

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/internal/redistest"
)

// one is an instance under test.
type one struct {
	*Member
	speaks chan context.Context // one for each time that it begins to speak
	stop   func() error
}

func join(t *testing.T, client redis.UniversalClient, id, application string) *one {
	t.Helper()
	m := New(Options{Client: client, Self: Instance{ID: id, Host: "host-" + id, Speaks: true, Since: time.Now()}, Application: application, Log: zap.NewNop()})
	o := &one{Member: m, speaks: make(chan context.Context, 10)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- m.Run(ctx, func(ctx context.Context) error {
			o.speaks <- ctx
			<-ctx.Done()
			return nil
		})
	}()
	o.stop = func() error {
		cancel()
		err := <-done
		done <- err
		return err
	}
	t.Cleanup(func() { _ = o.stop() }) // tests that care look at it themselves
	return o
}

// begins waits until it speaks.
func (o *one) begins(t *testing.T) context.Context {
	t.Helper()
	select {
	case ctx := <-o.speaks:
		return ctx
	case <-time.After(30 * time.Second):
		t.Fatal("it does not speak")
		return nil
	}
}

func tokenIn(t *testing.T, client redis.UniversalClient) int64 {
	t.Helper()
	token, _ := splitValue(client.Get(t.Context(), leaseKey).Val())
	return token
}

func TestOneSpeaksAndTheNextOneFollows(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		a := join(t, client, "a", "app")
		a.begins(t)
		first := tokenIn(t, client)
		b := join(t, client, "b", "app")
		redistest.Eventually(t, "b knows who speaks", func(context.Context) bool { h, ok := b.Holder(); return ok && h.ID == "a" })
		list, err := List(t.Context(), client)
		if err != nil || len(list) != 2 || list[0].ID != "a" || !list[0].Holder || list[1].Holder {
			t.Errorf("the list is %+v, %v", list, err)
		}
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		b.begins(t)
		if second := tokenIn(t, client); second <= first {
			t.Errorf("the token is %d after %d", second, first)
		}
		if a.Holds() || !b.Holds() {
			t.Error("the wrong one holds the right")
		}
	})
}

// What is lost in Redis is had again by who held it, under a higher token, and what
// it says goes on.
func TestTheHolderComesFirstAfterALoss(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		a := join(t, client, "a", "app")
		speaking := a.begins(t)
		b := join(t, client, "b", "app")
		redistest.Eventually(t, "b knows who speaks", func(context.Context) bool { h, ok := b.Holder(); return ok && h.ID == "a" })
		for name, lose := range map[string]func() error{
			"the key":    func() error { return client.Del(t.Context(), leaseKey).Err() },
			"everything": func() error { return client.FlushAll(t.Context()).Err() },
			"its type": func() error {
				return client.Eval(t.Context(), "redis.call('DEL', KEYS[1]) return redis.call('LPUSH', KEYS[1], 'x')", []string{leaseKey}).Err()
			},
		} {
			before := tokenIn(t, client)
			if err := lose(); err != nil {
				t.Fatal(err)
			}
			redistest.Eventually(t, "there is a lease again after the loss of "+name, func(ctx context.Context) bool { return tokenIn(t, client) > 0 })
			if after := tokenIn(t, client); after < before {
				t.Errorf("after the loss of %s the token is %d, was %d", name, after, before)
			}
			if _, holder := splitValue(client.Get(t.Context(), leaseKey).Val()); holder.ID != "a" || speaking.Err() != nil {
				t.Errorf("after the loss of %s, %s speaks", name, holder.ID)
			}
		}
	})
}

// A holder whose lease is another's by now ends, and is refused what it asks of
// Redis from then on.
func TestALostRightEndsAtOnce(t *testing.T) {
	t.Parallel()
	client := redistest.Standalone(t).Client()
	client.AddHook(Gate{})
	a := join(t, client, "a", "app")
	speaking := a.begins(t)
	if err := client.Get(speaking, "k").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("while it holds the right, Redis answers %v", err)
	}
	theirs := strconv.FormatInt(tokenIn(t, client)+1, 10) + ` {"id":"b"}`
	if err := client.Set(t.Context(), leaseKey, theirs, Term).Err(); err != nil {
		t.Fatal(err)
	}
	<-speaking.Done()
	if why := context.Cause(speaking); !errors.Is(why, ErrLost) {
		t.Errorf("it ends since %v", why)
	}
	_, piped := client.Pipelined(speaking, func(p redis.Pipeliner) error { return p.Set(speaking, "k", "v", 0).Err() })
	asked := client.Set(context.WithoutCancel(speaking), "k", "v", 0).Err()
	if !errors.Is(asked, ErrSilent) || !errors.Is(piped, ErrSilent) && !errors.Is(piped, context.Canceled) || client.Exists(t.Context(), "k").Val() != 0 {
		t.Errorf("without the right, Redis answers %v, %v", asked, piped)
	}
	a.begins(t) // once theirs has run out
}

func TestAnotherApplicationKeepsOut(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		a := join(t, client, "a", "one")
		a.begins(t)
		var foreign *ForeignError
		m := New(Options{Client: client, Self: Instance{ID: "b", Speaks: true}, Application: "two", Log: zap.NewNop()})
		if err := m.Run(t.Context(), nil); !errors.As(err, &foreign) || foreign.Application != "one" {
			t.Errorf("it ends with %v", err)
		}
		if err := Foreign(t.Context(), client, "two"); !errors.As(err, &foreign) {
			t.Errorf("who asks is answered %v", err)
		}
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		if err := Foreign(t.Context(), client, "two"); err == nil {
			t.Error("a moment after the other's end it would take its place")
		}
		if err := client.HSet(t.Context(), lastKey, "seen", time.Now().Add(-2*foreignFor).UnixMilli()).Err(); err != nil {
			t.Fatal(err)
		}
		join(t, client, "c", "two").begins(t)
	})
}

func TestAWorkIsClaimedOnce(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		a := join(t, client, "a", "app")
		a.begins(t)
		claims, others := NewClaims(client, a.Member), NewClaims(client, New(Options{Client: client, Self: Instance{ID: "b"}}))
		w := Work{ID: "1", Guild: "g", Channel: "c", Message: "1", Author: "u"}
		claim := func(c *Claims, w Work, want Claimed) {
			t.Helper()
			if whose, err := c.Claim(t.Context(), w); err != nil || whose != want {
				t.Errorf("a claim of %s: %v, %v", w.ID, whose, err)
			}
		}
		claim(others, w, Theirs) // it does not hold the lease
		claim(claims, w, Ours)
		claim(claims, w, Ours) // the first answer may have been lost
		claim(claims, Work{ID: "2", Guild: "g", Channel: "d"}, Ours)
		if err := claims.Done(t.Context(), Work{ID: "2"}); err != nil {
			t.Error(err)
		}
		if found, err := claims.Interrupted(t.Context()); err != nil || len(found) > 0 {
			t.Errorf("one's own work is interrupted: %v, %v", found, err)
		}
		if heard, err := claims.Heard(t.Context()); err != nil || len(heard) != 2 || heard["c"] != "g" {
			t.Errorf("heard in %v, %v", heard, err)
		}
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		b := join(t, client, "b", "app")
		b.begins(t)
		next := NewClaims(client, b.Member)
		claim(next, w, Theirs)
		claim(claims, Work{ID: "3"}, Theirs)
		if found, err := next.Interrupted(t.Context()); err != nil || len(found) != 1 || found[0] != w {
			t.Errorf("interrupted: %v, %v", found, err)
		}
		if found, err := next.Interrupted(t.Context()); err != nil || len(found) > 0 {
			t.Errorf("interrupted a second time: %v, %v", found, err)
		}
	})
}

// Since when claims are known is noted by the first who comes after a loss: what was
// said before that may have been answered, and what was said later has not been, if it
// is not claimed. The holder may stand still before its next renewal.
func TestSinceWhenClaimsAreKnown(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		a := join(t, client, "a", "app")
		a.begins(t)
		claims := NewClaims(client, a.Member)
		noted := func() time.Time {
			ms, err := client.HGet(t.Context(), lastKey, "since").Int64()
			if err != nil {
				t.Fatal(err)
			}
			return time.UnixMilli(ms)
		}
		now := func() time.Time { return client.Time(t.Context()).Val().Truncate(time.Millisecond) }
		claim := func(id string) {
			t.Helper()
			if whose, err := claims.Claim(t.Context(), Work{ID: id, Guild: "g", Channel: "c"}); err != nil || whose != Ours {
				t.Fatalf("%v, %v", whose, err)
			}
		}
		start := noted()
		claim("1")
		if since := noted(); since != start || since.Before(a.Self().Since.Add(-time.Minute)) {
			t.Errorf("claims are known since %s, and at first since %s", since, start)
		}
		lost := now()
		if err := client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		claim("2") // or a renewal that came right before it
		since := noted()
		if since.Before(lost) || since.After(now()) {
			t.Errorf("after a loss at %s claims are known since %s", lost, since)
		}
		claim("3")
		redistest.Eventually(t, "it holds the lease again", func(ctx context.Context) bool { return client.Exists(ctx, leaseKey).Val() == 1 })
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		b := join(t, client, "b", "app")
		b.begins(t)
		if b.Since() != since {
			t.Errorf("the next one knows of claims since %s, not %s", b.Since(), since)
		}
		if err := b.stop(); err != nil {
			t.Error(err)
		}
		if err := client.Del(t.Context(), lastKey).Err(); err != nil {
			t.Fatal(err)
		}
		waits := join(t, client, "waits", "app") // it does not speak yet
		redistest.Eventually(t, "somebody notes since when", func(ctx context.Context) bool { return client.HExists(ctx, lastKey, "since").Val() })
		since = noted()
		waits.begins(t)
		if waits.Since() != since {
			t.Errorf("what was noted before it spoke is %s, and it knows %s", since, waits.Since())
		}
	})
}

// A message that is caught up after a later one of its channel was claimed is known
// for that, whoever claimed the later one; what stands in no order is not.
func TestAnOlderMessageIsOvertaken(t *testing.T) {
	t.Parallel()
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		a := join(t, client, "a", "app")
		a.begins(t)
		claim := func(c *Claims, w Work, want Claimed) {
			t.Helper()
			if whose, err := c.Claim(t.Context(), w); err != nil || whose != want {
				t.Errorf("a claim of %s: %v, %v", w.ID, whose, err)
			}
		}
		claims := NewClaims(client, a.Member)
		claim(claims, Work{ID: "99", Channel: "c", Order: "99"}, Ours)
		claim(claims, Work{ID: "102", Channel: "c", Order: "102"}, Ours)
		if err := a.stop(); err != nil {
			t.Error(err)
		}
		b := join(t, client, "b", "app")
		b.begins(t)
		claims = NewClaims(client, b.Member)
		claim(claims, Work{ID: "101", Channel: "c", Order: "101"}, Overtaken)
		claim(claims, Work{ID: "101", Channel: "c", Order: "101"}, Overtaken) // the first answer may have been lost
		claim(claims, Work{ID: "100", Channel: "d", Order: "100"}, Ours)
		claim(claims, Work{ID: "98 edited", Channel: "c"}, Ours)
		claim(claims, Work{ID: "103", Channel: "c", Order: "103"}, Ours)
	})
}

// A server that takes no writes still answers who may act.
func TestAClaimWhereRedisTakesNoWrites(t *testing.T) {
	t.Parallel()
	server := redistest.Standalone(t)
	client := server.Client()
	a := join(t, client, "a", "app")
	a.begins(t)
	claims := NewClaims(client, a.Member)
	if err := client.Do(t.Context(), "REPLICAOF", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.ConfigSet(t.Context(), "replica-read-only", "yes").Err(); err != nil {
		t.Fatal(err)
	}
	if whose, err := claims.Claim(t.Context(), Work{ID: "1"}); err != nil || whose != Ours {
		t.Errorf("a claim: %v, %v", whose, err)
	}
	server.Kill()
	if whose, err := claims.Claim(t.Context(), Work{ID: "2"}); err == nil || whose != Theirs {
		t.Errorf("a claim of a server that is gone: %v, %v", whose, err)
	}
}
