package sessions_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// figures is what a report says, but for when.
func figures(r sessions.Report) sessions.Report {
	r.At, r.Took, r.Plan = time.Time{}, 0, false
	return r
}

func (b *bench) cleanup() sessions.Report {
	b.t.Helper()
	r, err := b.Cleanup(b.t.Context())
	if err != nil || r.Partial {
		b.t.Fatalf("cleanup: %+v, %v", r, err)
	}
	return figures(r)
}

func (b *bench) plan(foreign bool) sessions.Report {
	b.t.Helper()
	r, err := b.PlanCleanup(b.t.Context(), foreign)
	if err != nil || r.Partial {
		b.t.Fatalf("the plan of a cleanup: %+v, %v", r, err)
	}
	return figures(r)
}

func (b *bench) consents() {
	b.t.Helper()
	if err := b.ConfirmForeign(b.t.Context(), sessions.Consent{By: "1", Name: "Ann", At: time.Unix(1, 0)}); err != nil {
		b.t.Fatal(err)
	}
}

// written is a session that the test writes, and what is to become of it.
type written struct {
	key, user string
	foreign   bool
	ttl       time.Duration
	idle, age time.Duration // below 0: it does not say
	at        time.Time     // by which these are; zero: when it is written
}

// draw answers a session of the guide's, of ours, or of nobody's form.
func draw(t *rapid.T, i int) written {
	w := written{
		user:    rapid.SampledFrom([]string{"ann", "bob", ""}).Draw(t, "user"),
		foreign: rapid.Bool().Draw(t, "foreign"),
		ttl:     rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "ttl"),
		idle:    rapid.SampledFrom([]time.Duration{0, time.Minute, 10 * time.Minute}).Draw(t, "idle") + time.Duration(i)*time.Millisecond,
		age:     rapid.SampledFrom([]time.Duration{time.Hour, 30 * time.Hour}).Draw(t, "age"),
	}
	if w.foreign {
		w.key = fmt.Sprintf("session:3f2a9c01-91e4-4a77-8d00-%012d", i)
		if rapid.IntRange(0, 3).Draw(t, "silent") == 0 {
			w.idle = -1
		}
	}
	return w
}

// value is the JSON of the session, by the server's clock.
func (w written) value(now time.Time) string {
	used := `"a while ago"`
	if w.idle >= 0 {
		used = fmt.Sprintf("%.6f", float64(now.Add(-w.idle).UnixMicro())/1e6)
	}
	user, _ := json.Marshal(w.user)
	return fmt.Sprintf(`{"user_id": %s, "ip": "203.0.113.7", "created_at": %.6f, "last_accessed": %s}`,
		user, float64(now.Add(-w.age).UnixMicro())/1e6, used)
}

// write puts the session where it belongs, an own one with its place in the index.
func (b *bench) write(w written) written {
	b.t.Helper()
	ctx := context.Background()
	now := w.at
	if now.IsZero() {
		now = b.client.Time(ctx).Val()
	}
	if !w.foreign {
		_, s, err := b.Create(ctx, sessions.Request{UserID: w.user, IP: home})
		if err != nil {
			b.t.Fatal(err)
		}
		w.key = s.Key
		if w.user != "" {
			b.client.ZAdd(ctx, b.indexOf(w.user), redis.Z{Score: float64(now.Add(-w.idle).UnixMicro()), Member: s.ID})
		}
	}
	if err := b.client.Set(ctx, w.key, w.value(now), w.ttl).Err(); err != nil {
		b.t.Fatal(err)
	}
	return w
}

// expected is what is to become of sessions by the rules as the documentation has
// them, told without a server.
func expected(all []written, p sessions.Policy, consent bool) (r sessions.Report, live []string) {
	r.Sessions, r.Foreign.Confirmed = int64(len(all)), consent
	people := make(map[string][]written)
	for _, w := range all {
		idle, age := w.idle >= p.IdleTimeout, w.age >= p.TTL
		if w.foreign {
			r.Foreign.Sessions++
			switch {
			case idle:
				r.Foreign.Idle++
			case age:
				r.Foreign.Age++
			case w.ttl == 0:
				r.Foreign.WithoutTTL++
			}
			if !consent {
				live = append(live, w.key)
				continue
			}
		}
		switch {
		case idle:
			r.Idle++
			continue
		case age:
			r.Age++
			continue
		case w.ttl == 0:
			r.GivenTTL++
		}
		if w.foreign && w.user != "" {
			r.Listed++
		}
		if w.user == "" {
			live = append(live, w.key)
		} else {
			people[w.user] = append(people[w.user], w)
		}
	}
	for _, theirs := range people {
		slices.SortFunc(theirs, func(a, b written) int {
			return cmp.Or(lastUse(b).Compare(lastUse(a)), strings.Compare(b.key, a.key))
		})
		for i, w := range theirs {
			if i < p.MaxPerUser {
				live = append(live, w.key)
			} else {
				r.OverLimit++
			}
		}
	}
	slices.Sort(live)
	return r, live
}

func lastUse(w written) time.Time {
	if w.idle < 0 {
		return time.Unix(1e9, 0).Add(-w.age)
	}
	return time.Unix(1e9, 0).Add(-w.idle)
}

func TestCleanupDoesAsItsModel(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		rounds := 0
		rapid.Check(t, func(r *rapid.T) {
			if rounds++; rounds > 40 {
				return
			}
			if err := redistest.Flush(context.Background(), b.client); err != nil {
				r.Fatal(err)
			}
			*b.policy = usual()
			b.policy.MaxPerUser = 1000
			var all []written
			now := b.client.Time(context.Background()).Val()
			for i := range rapid.IntRange(0, 20).Draw(r, "sessions") {
				w := draw(r, i)
				w.at = now
				all = append(all, b.write(w))
			}
			b.policy.MaxPerUser = rapid.IntRange(1, 5).Draw(r, "limit")
			consent := rapid.Bool().Draw(r, "consent")
			want, live := expected(all, *b.policy, consent)
			if got := b.plan(consent); got != want {
				r.Fatalf("planned %+v\nwant    %+v\nof %+v", got, want, all)
			}
			if consent {
				b.consents()
			}
			if got := b.cleanup(); got != want {
				r.Fatalf("did  %+v\nwant %+v\nof %+v", got, want, all)
			}
			keys := slices.Sorted(slices.Values(b.keys("session:*")))
			if !slices.Equal(keys, live) {
				r.Fatalf("there are %v\nwant     %v", keys, live)
			}
			b.isInOrder(r, consent)
		})
	})
}

// isInOrder holds that nothing is left to be done.
func (b *bench) isInOrder(t *rapid.T, consent bool) {
	ctx := context.Background()
	for _, key := range b.keys("*") {
		foreign := strings.HasPrefix(key, "session:3f2a9c01-")
		if ttl := b.client.PTTL(ctx, key).Val(); ttl <= 0 && !strings.HasPrefix(key, "{helix}:") && (consent || !foreign) {
			t.Errorf("%s has a TTL of %v", key, ttl)
		}
	}
	again := b.cleanup()
	if again.Ended()+again.GivenTTL+again.Listed+again.Pruned+again.Left != 0 {
		t.Errorf("a second cleanup found %+v", again)
	}
}

func TestInstallingHelixLogsNobodyOut(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.Client())
	guide := startPython(t, server.Addr)
	const people, each = 1250, 8 // more than anybody may have
	ids := make([]string, 0, people*each)
	for i := range people * each {
		var id string
		if err := json.Unmarshal([]byte(guide.call("create_session", fmt.Sprint("p", i%people), home)), &id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	b.policy.IdleTimeout = time.Millisecond // they all are past it
	for range 2 {
		r := b.cleanup()
		if r.Ended()+r.GivenTTL+r.Listed != 0 || r.Foreign != (sessions.Foreign{Sessions: people * each, Idle: people * each}) {
			t.Fatalf("before a person confirmed it: %+v", r)
		}
	}
	b.policy.IdleTimeout = time.Hour
	for _, id := range ids[:20] {
		if answer := guide.call("validate_session", id, home); answer == "null" {
			t.Errorf("the guide's own code does not know its session %s any more", id)
		}
	}
	if n := len(b.keys("session:*")); n != people*each {
		t.Errorf("%d sessions are left", n)
	}
	want := b.plan(true)
	if want.OverLimit != people*(each-5) || want.Listed != people*each {
		t.Errorf("the first plan for them: %+v", want)
	}
	b.consents()
	if got := b.cleanup(); got != want {
		t.Errorf("confirmed, it did %+v, planned were %+v", got, want)
	}
	if revoked, err := b.RevokeForeign(t.Context()); !revoked || err != nil {
		t.Errorf("revoked: %v, %v", revoked, err)
	}
	b.policy.IdleTimeout = time.Millisecond
	if r := b.cleanup(); r.Ended() != 0 || r.Foreign.Confirmed {
		t.Errorf("after it was revoked: %+v", r)
	}
}

// meddler is a foreign hand that acts right before the first script of a kind.
type meddler struct {
	act  func()
	once sync.Once
}

func (m *meddler) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (m *meddler) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (m *meddler) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() == "evalsha" {
			m.once.Do(m.act)
		}
		return next(ctx, cmds)
	}
}

func TestWhatIsUsedDuringACleanupStays(t *testing.T) {
	server := redistest.Any(t)
	plain := newBench(t, server.Client())
	idle := plain.write(written{foreign: true, key: "session:3f2a9c01-91e4-4a77-8d00-000000000001", user: "ann", ttl: time.Hour, idle: time.Hour})
	ended := plain.write(written{foreign: true, key: "session:3f2a9c01-91e4-4a77-8d00-000000000002", user: "ann", ttl: time.Hour, idle: time.Hour})
	plain.consents()
	client := server.Client()
	client.AddHook(&meddler{act: func() {
		idle.idle = 0
		plain.write(idle)
		plain.client.Del(t.Context(), ended.key)
	}})
	r := newBench(t, client).cleanup()
	if r.Ended() != 0 || r.Left != 2 {
		t.Errorf("it came to %+v", r)
	}
	if got := plain.keys("session:*"); !slices.Equal(got, []string{idle.key}) {
		t.Errorf("there are %v", got)
	}
}

func TestOneCleanupAtATime(t *testing.T) {
	server := redistest.Any(t)
	first, second := newBench(t, server.Client()), newBench(t, server.Client())
	first.write(written{user: "ann", ttl: time.Hour, idle: time.Hour})
	var got error
	first.client.AddHook(&meddler{act: func() { _, got = second.Cleanup(t.Context()) }})
	if r := first.cleanup(); r.Idle != 1 {
		t.Errorf("the first came to %+v", r)
	}
	if !errors.Is(got, sessions.ErrCleaning) {
		t.Errorf("the second came to %v", got)
	}
	second.cleanup()
	if reports, err := second.Reports(t.Context(), 10); len(reports) != 2 || reports[1].Idle != 1 || err != nil {
		t.Errorf("kept are %+v, %v", reports, err)
	}
}

func TestCleanupInACluster(t *testing.T) {
	b := newBench(t, redistest.Cluster(t).Client())
	b.policy.MaxPerUser = 1000
	var all []written
	for i := range 60 {
		w := written{user: fmt.Sprint("p", i%7), foreign: i%2 == 0, key: fmt.Sprintf("session:3f2a9c01-91e4-4a77-8d00-%012d", i), ttl: time.Hour, idle: time.Duration(i) * 7 * time.Second}
		if i%5 == 0 {
			w.ttl = 0
		}
		all = append(all, b.write(w))
	}
	b.policy.MaxPerUser = 3
	want, live := expected(all, *b.policy, true)
	if want.Idle == 0 || want.OverLimit == 0 || want.GivenTTL == 0 {
		t.Fatalf("nothing to see: %+v", want)
	}
	if got := b.plan(true); got != want {
		t.Errorf("planned %+v\nwant    %+v", got, want)
	}
	b.consents()
	if got := b.cleanup(); got != want {
		t.Errorf("did  %+v\nwant %+v", got, want)
	}
	if keys := slices.Sorted(slices.Values(b.keys("session:*"))); !slices.Equal(keys, live) {
		t.Errorf("there are %v\nwant     %v", keys, live)
	}
}

func TestCleanupOfWhatForeignHandsWrote(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		token, own := b.create("ann")
		for i := range 450 { // sessions that are over
			b.client.ZAdd(ctx, b.indexOf("ann"), redis.Z{Score: float64(i), Member: fmt.Sprintf("%032d", i)})
		}
		b.client.Persist(ctx, own.Key)
		b.client.Persist(ctx, b.indexOf("ann"))
		b.client.Set(ctx, b.indexOf("bob"), "no index", 0)
		b.client.Set(ctx, "helix:index:{x}:carl", "of nobody", 0)
		b.client.HSet(ctx, "session:hash", "a", "b")
		b.client.Set(ctx, "session:text", "no JSON", 0)
		b.client.Set(ctx, "session:empty", "", 0)
		b.client.Set(ctx, "session:long", `{"pad": "`+strings.Repeat("x", 5000)+`", "user_id": "bob", "created_at": 1, "last_accessed": 1}`, time.Hour)
		b.consents()
		want := b.plan(true)
		r := b.cleanup()
		if r != want || r.Pruned != 450 || r.GivenTTL != 4 || r.Age+r.Idle != 1 {
			t.Errorf("did     %+v\nplanned %+v", r, want)
		}
		if s := b.validate(token); s.Key != own.Key {
			t.Errorf("ann's session is %+v", s)
		}
		for _, key := range []string{"session:hash", "session:text", "session:empty", b.indexOf("ann")} {
			if ttl := b.client.TTL(ctx, key).Val(); ttl <= 0 {
				t.Errorf("%s has a TTL of %v", key, ttl)
			}
		}
	})
}

// A full server is what a cleanup is to help.
func TestCleanupRunsOnAFullServer(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client())
	all := []written{
		b.write(written{user: "ann", ttl: time.Hour, idle: time.Hour}),
		b.write(written{user: "ann"}),
		b.write(written{user: "ann"}),
		b.write(written{user: "bob", foreign: true, key: "session:3f2a9c01-91e4-4a77-8d00-000000000001", ttl: time.Hour, idle: time.Hour}),
	}
	b.consents()
	err := redistest.OnMasters(t.Context(), b.client, func(ctx context.Context, c *redis.Client) error {
		return c.ConfigSet(ctx, "maxmemory", "1").Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.client.Set(t.Context(), "x", "y", 0).Err(); err == nil {
		t.Fatal("the server is not full")
	}
	b.policy.MaxPerUser = 1
	want, _ := expected(all, *b.policy, true)
	if r := b.cleanup(); r != want || r.Ended() != 3 {
		t.Errorf("it came to %+v, want %+v", r, want)
	}
}

// A pass counts for all instances, and its times follow the settings.
func TestCleanupRunsWhenItIsDue(t *testing.T) {
	server := redistest.Any(t)
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	on, interval, runs := true, time.Hour, 0
	var group sync.WaitGroup
	for range 2 {
		b := newBench(t, server.Client())
		group.Go(func() {
			b.Clean(ctx, sessions.Schedule{
				Due: func() (bool, time.Duration) { mu.Lock(); defer mu.Unlock(); return on, interval },
				Done: func(_ sessions.Report, err error) {
					mu.Lock()
					defer mu.Unlock()
					if runs++; err != nil {
						t.Error(err)
					}
				},
			})
		})
	}
	count := func() int { mu.Lock(); defer mu.Unlock(); return runs }
	redistest.Eventually(t, "a first cleanup", func(context.Context) bool { return count() > 0 })
	mu.Lock()
	interval = time.Second // live
	mu.Unlock()
	redistest.Eventually(t, "further ones", func(context.Context) bool { return count() > 1 })
	cancel()
	group.Wait()
	if reports, err := newBench(t, server.Client()).Reports(t.Context(), 100); len(reports) != count() || err != nil {
		t.Errorf("%d reports of %d passes, %v", len(reports), count(), err)
	}
}
