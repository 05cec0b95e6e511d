package sessions_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/sessions"
)

// However the clock goes on, no window of an hour has more than 20 sessions of an
// address, which is refused only where that would be the 21st.
func TestNoHourHasMoreThanTwentySessionsOfAnAddress(t *testing.T) {
	mini := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: mini.Addr(), DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	b := newBench(t, client)
	b.policy.MaxPerAddressPerHour = 20
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Unix(1_762_500_000, 0)
	mini.SetTime(now)
	var made []time.Time
	for range 600 {
		step := nextStep(random, now, made)
		now = now.Add(step)
		mini.SetTime(now)
		mini.FastForward(step)
		ip := []string{home, "::ffff:" + home, home + ":4711"}[random.IntN(3)]
		_, _, err := b.Create(t.Context(), sessions.Request{IP: ip})
		within := len(made) - olderThan(made, now.Add(-time.Hour))
		var limit *sessions.LimitError
		switch {
		case err == nil && within >= 20:
			t.Fatalf("at %v: %d sessions within an hour", now, within+1)
		case err == nil:
			made = append(made, now)
		case !errors.As(err, &limit) || within < 20:
			t.Fatalf("at %v, with %d within an hour: %v", now, within, err)
		default:
			if want := made[len(made)-20].Add(time.Hour).Sub(now); limit.RetryAfter != want {
				t.Fatalf("at %v: it is told to come back in %v, want %v", now, limit.RetryAfter, want)
			}
		}
	}
	if len(made) < 300 {
		t.Errorf("only %d sessions were made", len(made))
	}
}

// nextStep answers how long it is to the next try: mostly a little, sometimes just
// until one of the last 20 is an hour ago, or a tick before that.
func nextStep(random *rand.Rand, now time.Time, made []time.Time) time.Duration {
	switch n := random.IntN(20); {
	case n < 12:
		return time.Duration(random.IntN(16)) * tickTime
	case n < 16:
		return time.Duration(random.IntN(480)) * time.Second
	case n == 16:
		return time.Hour
	case len(made) < 20:
		return tickTime
	default:
		until := made[len(made)-20+random.IntN(3)].Add(time.Hour).Sub(now)
		return max(until-time.Duration(random.IntN(2))*tickTime, 0)
	}
}

// olderThan answers how many of the times, which are in order, are at a moment or
// before it.
func olderThan(times []time.Time, moment time.Time) int {
	n := 0
	for n < len(times) && !times[n].After(moment) {
		n++
	}
	return n
}
