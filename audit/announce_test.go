package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/script"
)

// announcing is an instance that announces, and what it has said.
func announcing(t *testing.T, client redis.UniversalClient, now *time.Time) (a *announcer, said *[]string) {
	t.Helper()
	said = &[]string{}
	l := open(t, client, func(o *Options) { o.Now = func() time.Time { return *now } })
	return &announcer{Log: l, note: script.New(announcedSource), say: func(_ context.Context, id, text string) error {
		*said = append(*said, id+": "+text)
		return nil
	}}, said
}

func try(t *testing.T, a *announcer) {
	t.Helper()
	if err := a.try(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTheHeadIsAnnouncedOnceADayByWhoeverComesFirst(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		now := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
		one, first := announcing(t, c, &now)
		two, second := announcing(t, c, &now)
		try(t, one) // there is no record yet
		c.Del(t.Context(), announcedKey)
		fill(t, one.Log, 1, 3)
		for range 3 {
			try(t, one)
			try(t, two)
		}
		h, err := one.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("audit head of 2026-01-31: Audit head of 2026-01-31: record 3, hash `%s`.", h.Hash)
		if len(*first) != 1 || len(*second) != 0 || (*first)[0] != want {
			t.Errorf("%q and %q were said, want %q", *first, *second, want)
		}
		now = now.Add(24 * time.Hour)
		try(t, two)
		try(t, one)
		if len(*first) != 1 || len(*second) != 1 || !strings.Contains((*second)[0], "2026-02-01") {
			t.Errorf("on the next day %q and %q were said", *first, *second)
		}
		now = now.Add(-24 * time.Hour) // a clock that is behind
		one.said = ""
		try(t, one)
		if len(*first) != 1 {
			t.Errorf("a day that is over was announced: %q", *first)
		}
	})
}

func TestAHeadThatCouldNotBeAnnouncedIsTriedAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		now := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
		one, said := announcing(t, c, &now)
		two, by := announcing(t, c, &now)
		fill(t, one.Log, 1, 1)
		say, away := one.say, errors.New("away")
		one.say = func(context.Context, string, string) error { return away }
		if err := one.try(t.Context()); !errors.Is(err, away) {
			t.Fatalf("it answers %v", err)
		}
		try(t, two) // the other is at it
		if ttl := c.TTL(t.Context(), announcedKey).Val(); ttl <= 0 || ttl > tellingFor || len(*by) > 0 {
			t.Fatalf("it is being told for %s, %q was said", ttl, *by)
		}
		c.Del(t.Context(), announcedKey)
		one.say = say
		try(t, one)
		c.Del(t.Context(), announcedKey) // what Redis has lost is noted again
		try(t, one)
		try(t, two)
		if len(*said) != 1 || len(*by) > 0 {
			t.Errorf("%q and %q were said", *said, *by)
		}
	})
}

func TestAnnouncingEndsWithItsContext(t *testing.T) {
	c := redistest.Any(t).Client()
	l := open(t, c)
	fill(t, l, 1, 1)
	ctx, cancel := context.WithCancel(t.Context())
	said, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		l.AnnounceHead(ctx, func(_ context.Context, _, text string) error { said <- text; return nil })
	}()
	if text := <-said; !strings.Contains(text, "record 1") {
		t.Errorf("%q was said", text)
	}
	cancel()
	<-ended
}
