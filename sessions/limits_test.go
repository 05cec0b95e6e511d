package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

func TestTheOldestGivesWay(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var tokens []sessions.Token
		for range 5 {
			token, _ := b.create("ann")
			tokens = append(tokens, token)
		}
		b.validate(tokens[0]) // so that tokens[1] is the one not used for longest
		b.create("ann")
		b.refuses(tokens[1], home, sessions.Unknown)
		for _, i := range []int{0, 2, 3, 4} {
			b.validate(tokens[i])
		}
		if n, err := b.CountUser(t.Context(), "ann"); n != 5 || err != nil {
			t.Errorf("%d sessions, %v", n, err)
		}
	})
}

func TestDenyEndsNothing(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.DenyAbove, b.policy.MaxPerUser, b.policy.MaxPerAddressPerHour = true, 2, 3
		first, _ := b.create("ann")
		second, _ := b.create("ann")
		for range 3 {
			_, _, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home})
			wantLimit(t, err, sessions.PerUser, 2)
		}
		b.validate(first)
		if err := b.Destroy(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		b.create("ann") // nor did the refusals count for the address
		_, _, err := b.Create(t.Context(), sessions.Request{UserID: "bob", IP: home})
		wantLimit(t, err, sessions.PerAddress, 3)
	})
}

func wantLimit(t *testing.T, err error, want sessions.Limit, most int) {
	t.Helper()
	var limit *sessions.LimitError
	if !errors.As(err, &limit) || limit.Limit != want || limit.Max != most {
		t.Errorf("the error is %v, want the limit %s of %d", err, want, most)
	}
}

func TestWhatIsOverMakesRoom(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.DenyAbove, b.policy.MaxPerUser = true, 3
		_, expired := b.create("ann")
		_, idle := b.create("ann")
		_, lively := b.create("ann")
		b.client.Del(t.Context(), expired.Key)
		b.age(idle.Key, time.Hour)
		b.create("ann")
		b.create("ann")
		_, _, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home})
		wantLimit(t, err, sessions.PerUser, 3)
		if n := b.client.Exists(t.Context(), idle.Key, lively.Key).Val(); n != 1 {
			t.Errorf("of the idle and the lively session %d are there, want the lively one", n)
		}
	})
}

// age lets a session be as it would be some time later, in its value and in the
// index.
func (b *bench) age(key string, by time.Duration) {
	b.t.Helper()
	ctx := b.t.Context()
	s, err := b.Get(ctx, key)
	if err != nil {
		b.t.Fatal(err)
	}
	value := b.client.Get(ctx, key).Val()
	for _, at := range []time.Time{s.CreatedAt, s.LastAccessed} {
		value = strings.ReplaceAll(value, seconds(at), seconds(at.Add(-by)))
	}
	b.client.Set(ctx, key, value, redis.KeepTTL)
	if index := b.indexOf(s.UserID); index != "" {
		b.client.ZIncrBy(ctx, index, -float64(by.Microseconds()), s.ID)
	}
}

func seconds(t time.Time) string { return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000) }

func (b *bench) indexOf(userID string) string {
	for _, key := range b.keys("helix:index:*:" + userID) {
		return key
	}
	return ""
}

// keys answers the keys of a pattern, of all masters.
func (b *bench) keys(pattern string) (all []string) {
	b.t.Helper()
	collect := func(ctx context.Context, c *redis.Client) error {
		keys, err := c.Keys(ctx, pattern).Result()
		all = append(all, keys...)
		return err
	}
	var err error
	switch c := b.client.(type) {
	case *redis.ClusterClient:
		var mu sync.Mutex
		err = c.ForEachMaster(b.t.Context(), func(ctx context.Context, c *redis.Client) error {
			mu.Lock()
			defer mu.Unlock()
			return collect(ctx, c)
		})
	case *redis.Client:
		err = collect(b.t.Context(), c)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func TestAnAddressMakesSoManySessionsInAnyHour(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.MaxPerAddressPerHour = 20
		make := func(ip string) error {
			_, _, err := b.Create(t.Context(), sessions.Request{IP: ip})
			return err
		}
		for i := range 20 {
			if err := make([]string{home, "::ffff:" + home, home + ":4711", "[::ffff:" + home + "]:80"}[i%4]); err != nil {
				t.Fatal(err)
			}
		}
		wantLimit(t, make(home), sessions.PerAddress, 20)
		if err := make(another); err != nil {
			t.Errorf("another address is refused: %v", err)
		}
		for i := range 20 {
			if err := make(fmt.Sprintf("2001:db8:1:2::%x%%eth0", i+1)); err != nil {
				t.Fatal(err)
			}
		}
		wantLimit(t, make("2001:db8:1:2:ffff::1"), sessions.PerAddress, 20)
		if err := make("2001:db8:1:3::1"); err != nil {
			t.Errorf("another network is refused: %v", err)
		}
	})
}

func TestTheHourSlides(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.MaxPerAddressPerHour = 4
		key := "helix:address:" + home
		create := func() error {
			_, _, err := b.Create(t.Context(), sessions.Request{IP: home})
			return err
		}
		for range 4 {
			if err := create(); err != nil {
				t.Fatal(err)
			}
		}
		back := func(by time.Duration, members ...string) {
			for _, m := range members {
				b.client.ZIncrBy(t.Context(), key, -float64(by.Microseconds()), m)
			}
		}
		made := b.client.ZRange(t.Context(), key, 0, -1).Val()
		back(59*time.Minute, made...)
		var limit *sessions.LimitError
		if err := create(); !errors.As(err, &limit) || limit.RetryAfter <= 50*time.Second || limit.RetryAfter > time.Minute {
			t.Errorf("after 59 minutes: %+v, %v", limit, err)
		}
		back(61*time.Second, made[:2]...) // two of them are more than an hour old
		for range 2 {
			if err := create(); err != nil {
				t.Error(err)
			}
		}
		wantLimit(t, create(), sessions.PerAddress, 4)
		b.policy.MaxPerAddressPerHour = 5 // live
		if err := create(); err != nil {
			t.Error(err)
		}
	})
}

// parallelRounds is how many rounds of 50 sign-ins at once are made on each kind
// of server; HELIX_SESSIONS_ROUNDS=100 makes the whole campaign.
func parallelRounds(t *testing.T) int {
	rounds := 4
	if text := os.Getenv("HELIX_SESSIONS_ROUNDS"); text != "" {
		if _, err := fmt.Sscan(text, &rounds); err != nil {
			t.Fatal(err)
		}
	}
	return rounds
}

func TestParallelSignInsHoldTheLimits(t *testing.T) {
	newBench(t, redistest.Any(t).Client()).parallelSignIns()
}

func TestInACluster(t *testing.T) {
	client := redistest.Cluster(t).Client()
	for _, suite := range []struct {
		name string
		run  func(b *bench)
	}{
		{"parallel sign-ins hold the limits", (*bench).parallelSignIns},
		{"a refusal is released", (*bench).refusalIsReleased}, // before the next, which makes more from that address
		{"every slot is right", (*bench).everySlotIsRight},
	} {
		t.Run(suite.name, func(t *testing.T) { suite.run(newBench(t, client)) })
	}
}

func (b *bench) parallelSignIns() {
	for round := range parallelRounds(b.t) {
		for _, deny := range []bool{false, true} {
			b.policy.DenyAbove = deny
			b.signInAtOnce(fmt.Sprintf("user%d-%v", round, deny))
		}
		b.fromOneAddress(fmt.Sprintf("192.0.2.%d", round))
	}
}

const atOnce = 50

// signInAtOnce makes 50 sign-ins of one person, and looks at how many sessions
// there are while they go on and afterwards.
func (b *bench) signInAtOnce(userID string) {
	b.t.Helper()
	var made, most int
	watched := make(chan struct{})
	done := make(chan struct{})
	index := ""
	go func() {
		defer close(watched)
		for {
			select {
			case <-done:
				return
			default:
			}
			if index == "" {
				index = b.indexOf(userID)
			} else {
				most = max(most, int(b.client.ZCard(b.t.Context(), index).Val()))
			}
		}
	}()
	var mu sync.Mutex
	together(atOnce, func(i int) {
		_, _, err := b.Create(b.t.Context(), sessions.Request{UserID: userID, IP: fmt.Sprintf("198.18.0.%d", i)})
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			made++
		} else if !b.policy.DenyAbove {
			b.t.Error(err)
		} else {
			wantLimit(b.t, err, sessions.PerUser, 5)
		}
	})
	close(done)
	<-watched
	live := b.keys("session:user:" + userID + ":*")
	listed, err := b.List(b.t.Context(), userID)
	if len(live) != 5 || len(listed) != 5 || most > 5 || err != nil || b.policy.DenyAbove && made != 5 {
		b.t.Errorf("%d sessions made, %d live, %d listed, at most %d at once, %v", made, len(live), len(listed), most, err)
	}
}

// fromOneAddress makes 50 sign-ins of as many people from one address, of which
// the limit of the address lets 20 through.
func (b *bench) fromOneAddress(ip string) {
	b.t.Helper()
	before := b.policy.MaxPerAddressPerHour
	b.policy.MaxPerAddressPerHour = 20
	defer func() { b.policy.MaxPerAddressPerHour = before }()
	var mu sync.Mutex
	made := 0
	together(atOnce, func(i int) {
		_, _, err := b.Create(b.t.Context(), sessions.Request{UserID: fmt.Sprint(ip, i), IP: ip})
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			made++
		} else {
			wantLimit(b.t, err, sessions.PerAddress, 20)
		}
	})
	if counted := b.client.ZCard(b.t.Context(), "helix:address:"+ip).Val(); made != 20 || counted != 20 {
		b.t.Errorf("%s made %d sessions, of which %d are counted; want 20", ip, made, counted)
	}
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

func (b *bench) refusalIsReleased() {
	t := b.t
	b.policy.DenyAbove, b.policy.MaxPerUser, b.policy.MaxPerAddressPerHour = true, 1, 2
	b.create("ann")
	for range 3 {
		_, _, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home})
		wantLimit(t, err, sessions.PerUser, 1)
	}
	b.create("bob")
	_, _, err := b.Create(t.Context(), sessions.Request{UserID: "cid", IP: home})
	wantLimit(t, err, sessions.PerAddress, 2)
}

// everySlotIsRight leads the life of a session where any key in another slot than
// its script's is an error.
func (b *bench) everySlotIsRight() {
	t := b.t
	for i := range 30 {
		userID := fmt.Sprintf("person %d", i)
		token, _ := b.create("")
		token, _, err := b.Regenerate(t.Context(), token, sessions.Request{UserID: userID, IP: home})
		if err != nil {
			t.Fatal(err)
		}
		old := token
		if token, _, err = b.Regenerate(t.Context(), token, sessions.Request{IP: home}); err != nil {
			t.Fatal(err)
		}
		if !b.validate(old).Retired || b.validate(token).UserID != userID {
			t.Error("the retired token or the new one does not read the session")
		}
		for range 6 {
			b.create(userID)
		}
		if n, err := b.DestroyUser(t.Context(), userID); n != 5 || err != nil {
			t.Errorf("%d ended, %v", n, err)
		}
	}
	if left := b.keys("session:user:person*"); len(left) != 0 {
		t.Errorf("%v are left", left)
	}
}
