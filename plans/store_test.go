package plans

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestPlans(t *testing.T) {
	everywhere(t, func(t *testing.T, one, two redis.UniversalClient) {
		for _, part := range []struct {
			name string
			test func(t *testing.T, one, two redis.UniversalClient)
		}{
			{"a life", aLife}, {"one of many", oneOfMany}, {"approval", approving}, {"approvals at once", approvalsAtOnce},
			{"elsewhere", elsewhere}, {"dropped", dropped}, {"lapsed", lapsing}, {"hostile", hostile}, {"lost answer", lostAnswer},
		} {
			t.Run(part.name, func(t *testing.T) { part.test(t, one, two) })
		}
	})
}

func aLife(t *testing.T, one, _ redis.UniversalClient) {
	for name, s := range map[string]*Store{"folder": open(t, one), "memory": open(t, one, in(""))} {
		first := put(t, s)
		second := put(t, s, func(p *Plan) { p.Output = []byte{0, 0xff, '\n'} })
		if got, want := pending(t, s), []string{second.ID, first.ID}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%s: pending %q, want %q", name, got, want)
		}
		got, ok, err := s.Get(t.Context(), second.ID)
		if err != nil || !ok || string(got.Output) != "\x00\xff\n" || got.Keys != 3 || got.Steps != 3 || got.Digest != second.Digest {
			t.Errorf("%s: got %+v, %v, %v", name, got, ok, err)
		}
		if life := got.Until.Sub(got.Made); life != Lifetime {
			t.Errorf("%s: it waits for %v", name, life)
		}
		if ttl := one.PTTL(t.Context(), planPrefix+second.ID).Val(); ttl <= Lifetime-time.Minute || ttl > Lifetime {
			t.Errorf("%s: Redis keeps it for %v", name, ttl)
		}
		if got := take(t, s, second.ID); got.Author != "ann" {
			t.Errorf("%s: taken %+v", name, got)
		}
		refuses[*Gone](t, s, second.ID)
		if _, ok, err := s.Get(t.Context(), second.ID); ok || err != nil {
			t.Errorf("%s: after its run: %v, %v", name, ok, err)
		}
		if got := pending(t, s); len(got) != 1 || got[0] != first.ID {
			t.Errorf("%s: pending %q after the run", name, got)
		}
		take(t, s, first.ID)
	}
}

func oneOfMany(t *testing.T, one, two redis.UniversalClient) {
	dir := t.TempDir()
	stores := []*Store{open(t, one, in(dir), named("a")), open(t, two, in(dir), named("b"))}
	for round := range 50 {
		p := put(t, stores[round%2])
		var group sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			group.Go(func() {
				_, steps, err := stores[i%2].Take(context.Background(), p.ID, fmt.Sprint("click ", i))
				if errs[i] = err; err == nil {
					errs[i] = steps.Close()
				}
			})
		}
		group.Wait()
		won := 0
		for _, err := range errs {
			if gone := (*Gone)(nil); err == nil {
				won++
			} else if !errors.As(err, &gone) {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if won != 1 {
			t.Fatalf("round %d: %d got it: %v", round, won, errs)
		}
	}
}

func approving(t *testing.T, one, two redis.UniversalClient) {
	s := open(t, one, keyed("shared"))
	other := open(t, two, keyed("shared"), named("there"))
	p := put(t, s, approval)
	refuses[*Unapproved](t, s, p.ID)
	for _, tt := range []struct {
		by   string
		want Reason // empty: it counts
	}{{"ann", ByAuthor}, {"", ByAuthor}, {"bea", ""}, {"bea", Twice}, {"cy", ""}} {
		got, err := other.Approve(t.Context(), p.ID, Approver{ID: tt.by, Name: strings.ToUpper(tt.by)})
		var refused *NotCounted
		switch {
		case tt.want == "" && (err != nil || !got.Approved() || !got.approvedBy(tt.by)):
			t.Errorf("%s: %+v, %v", tt.by, got, err)
		case tt.want != "" && (!errors.As(err, &refused) || refused.Reason != tt.want):
			t.Errorf("%s: %v, want %s", tt.by, err, tt.want)
		}
	}
	if got := take(t, s, p.ID); len(got.Approvers) != 2 || got.Approvers[0].Name != "BEA" || got.Approvers[0].At.IsZero() {
		t.Errorf("approved by %+v", got.Approvers)
	}
	plain := put(t, s)
	var refused *NotCounted
	if _, err := s.Approve(t.Context(), plain.ID, Approver{ID: "bea"}); !errors.As(err, &refused) || refused.Reason != Needless {
		t.Errorf("a plan that needs nobody: %v", err)
	}
	var gone *Gone
	if _, err := s.Approve(t.Context(), p.ID, Approver{ID: "dan"}); !errors.As(err, &gone) {
		t.Errorf("a plan that ran: %v", err)
	}
}

func approvalsAtOnce(t *testing.T, one, two redis.UniversalClient) {
	stores := []*Store{open(t, one, keyed("shared")), open(t, two, keyed("shared"), named("there"))}
	p := put(t, stores[0], approval)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			if _, err := stores[i%2].Approve(context.Background(), p.ID, Approver{ID: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := take(t, stores[0], p.ID); len(got.Approvers) != 4 {
		t.Errorf("%d of 4 agreements are kept", len(got.Approvers))
	}
}

func elsewhere(t *testing.T, one, two redis.UniversalClient) {
	here, there := open(t, one, named("alpha")), open(t, two, named("beta"))
	p := put(t, here, approval)
	if e := refuses[*Elsewhere](t, there, p.ID); e.Instance != "alpha" {
		t.Errorf("it lies with %q", e.Instance)
	}
	var e *Elsewhere
	if _, err := there.Approve(t.Context(), p.ID, Approver{ID: "bea"}); !errors.As(err, &e) {
		t.Errorf("approved where it cannot be proven: %v", err)
	}
	if got, ok, err := there.Get(t.Context(), p.ID); !ok || err != nil || got.Text != p.Text {
		t.Errorf("seen from there: %+v, %v, %v", got, ok, err)
	}
	if _, err := here.Approve(t.Context(), p.ID, Approver{ID: "bea"}); err != nil {
		t.Fatal(err)
	}
	take(t, here, p.ID)
}

func dropped(t *testing.T, one, two redis.UniversalClient) {
	here, there := open(t, one, named("alpha")), open(t, two, named("beta"))
	for _, by := range []*Store{here, there} {
		p := put(t, here)
		for _, want := range []bool{true, false} {
			if got, err := by.Drop(t.Context(), p.ID); got != want || err != nil {
				t.Errorf("dropped by %s: %v, %v, want %v", by.instance, got, err, want)
			}
		}
		refuses[*Gone](t, here, p.ID)
	}
	for _, id := range []string{"", "../../etc", "ABCDEFGHIJ", strings.Repeat("a", 200)} {
		if got, err := here.Drop(t.Context(), id); got || err != nil {
			t.Errorf("%q dropped: %v, %v", id, got, err)
		}
		refuses[*Gone](t, here, id)
	}
}

func lapsing(t *testing.T, one, _ redis.UniversalClient) {
	s := open(t, one)
	s.lifetime = 30 * time.Millisecond
	p := put(t, s)
	redistest.Eventually(t, "the plan has lapsed", func(ctx context.Context) bool {
		_, ok, err := s.Get(ctx, p.ID)
		return !ok && err == nil
	})
	refuses[*Gone](t, s, p.ID)
	if got := pending(t, s); len(got) != 0 {
		t.Errorf("pending %q", got)
	}
	// One whose end somebody put off in Redis lapses all the same.
	p = put(t, s)
	one.Persist(t.Context(), planPrefix+p.ID)
	redistest.Eventually(t, "the plan has lapsed", func(ctx context.Context) bool {
		_, ok, err := s.Get(ctx, p.ID)
		return !ok && err == nil
	})
	refuses[*Gone](t, s, p.ID)
}

// hostile writes into Redis what was never put.
func hostile(t *testing.T, one, _ redis.UniversalClient) {
	s, ctx := open(t, one), t.Context()
	good := put(t, s)
	sealed := one.Get(ctx, planPrefix+good.ID).Val()
	newer := fmt.Sprintf(`%s {"schema":%d,"id":"%%s"}`, strings.Repeat("0", digestLength), schema+1)
	for name, value := range map[string]string{
		"another's name":  strings.Replace(sealed, `"Ann"`, `"Bea"`, 1),
		"another's right": strings.Replace(sealed, `"write"`, `"read"`, 1),
		"a later end":     strings.Replace(sealed, `"until":"2`, `"until":"3`, 1),
		"another key":     strings.Replace(sealed, `"key_id":"`, `"key_id":"0`, 1),
		"no digest":       sealed[digestLength:],
		"no JSON":         sealed[:digestLength+20],
		"not a plan":      strings.Repeat("0", digestLength) + ` [[[`,
		"far too long":    sealed + strings.Repeat(" ", 3*maxSealed),
		"a mark of none":  takenMark,
		"a later release": newer,
		"nothing but one": "\x00",
	} {
		p := put(t, s)
		value = strings.ReplaceAll(strings.ReplaceAll(value, good.ID, p.ID), "%s", p.ID)
		if err := one.Set(ctx, planPrefix+p.ID, value, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.Get(ctx, p.ID); ok {
			t.Errorf("%s: it passes: %v", name, err)
		}
		if _, _, err := s.Take(ctx, p.ID, ""); err == nil {
			t.Errorf("%s: it can be taken", name)
		}
		if _, err := s.Approve(ctx, p.ID, Approver{ID: "bea"}); err == nil {
			t.Errorf("%s: it can be approved", name)
		}
		all, _ := s.Pending(ctx) // its error concerns the others
		if len(all) != 1 || all[0].ID != good.ID {
			t.Errorf("%s: it hides the others, or is one: %+v", name, all)
		}
		one.Del(ctx, planPrefix+p.ID)
	}
	p := put(t, s)
	one.Set(ctx, planPrefix+p.ID, sealed, time.Minute)
	refuses[*TamperedError](t, s, p.ID)
	one.Del(ctx, planPrefix+p.ID)
	one.LPush(ctx, planPrefix+p.ID, "x")
	strangers := []string{"../x", NewID(), p.ID}
	one.ZAdd(ctx, indexKey, redis.Z{Score: 1e300, Member: strangers[0]}, redis.Z{Score: 1e300, Member: strangers[1]})
	if all := pending(t, s); len(all) != 1 {
		t.Errorf("pending beside a list: %q", all)
	}
	for _, member := range strangers {
		if err := one.ZScore(ctx, indexKey, member).Err(); !errors.Is(err, redis.Nil) {
			t.Errorf("%q stays in the index: %v", member, err)
		}
	}
	if _, _, err := s.Get(ctx, p.ID); err == nil {
		t.Error("a list passes for nothing")
	}
	take(t, s, good.ID)
}

// losing is a connection that loses the answers to scripts while it is told to.
type losing struct {
	redis.Hook
	lose bool
}

func (l *losing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if l.lose && strings.HasPrefix(cmd.Name(), "eval") && err == nil {
			err = errors.New("the connection is gone")
			cmd.SetErr(err)
		}
		return err
	}
}

func (l *losing) DialHook(next redis.DialHook) redis.DialHook { return next }
func (l *losing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func lostAnswer(t *testing.T, one, two redis.UniversalClient) {
	line := new(losing)
	two.AddHook(line)
	s := open(t, two)
	p := put(t, s)
	line.lose = true
	if _, _, err := s.Take(t.Context(), p.ID, "click 1"); err == nil {
		t.Fatal("the answer was not lost")
	}
	line.lose = false
	if _, _, err := s.Take(t.Context(), p.ID, "click 2"); err == nil {
		t.Fatal("another confirmation gets what the first claimed")
	}
	_, steps, err := s.Take(t.Context(), p.ID, "click 1")
	if err != nil {
		t.Fatalf("repeated: %v", err)
	}
	var gone *Gone
	if _, _, err := s.Take(t.Context(), p.ID, "click 1"); !errors.As(err, &gone) {
		t.Errorf("handed out twice: %v", err)
	}
	drain(t, steps)
}
