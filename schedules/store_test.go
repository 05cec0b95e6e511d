package schedules_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/register"
	"github.com/helix-collective/helix/schedules"
)

func some(id string) schedules.Schedule {
	return schedules.Schedule{
		ID: id, Line: "redis dbsize", When: schedules.When{Every: time.Hour}, Guild: "1", Channel: "2", Author: "3", Nick: "ann",
		Made: time.Date(2026, 3, 1, 10, 0, 0, 123456789, time.UTC),
	}
}

// keep puts a schedule and reads it back.
func keep(t *testing.T, s *schedules.Store, n schedules.Schedule) schedules.Schedule {
	t.Helper()
	if err := s.Put(context.Background(), n); err != nil {
		t.Fatal(err)
	}
	return find(t, s, n.ID)
}

func find(t *testing.T, s *schedules.Store, id string) schedules.Schedule {
	t.Helper()
	all, err := s.All(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range all {
		if found.ID == id {
			return found
		}
	}
	t.Fatalf("there is no schedule %s", id)
	return schedules.Schedule{}
}

// TestARunIsClaimedOnce has many instances want the same run.
func TestARunIsClaimedOnce(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx := context.Background()
		kept := keep(t, schedules.Open(c), some("a"))
		for run := range 3 {
			at := kept.Made.Add(time.Duration(run+1) * time.Hour)
			var claimed atomic.Int32
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					ok, err := schedules.Open(c).Claim(ctx, kept, at)
					if err != nil {
						t.Error(err)
					}
					if ok {
						claimed.Add(1)
					}
				})
			}
			all.Wait()
			if claimed.Load() != 1 {
				t.Errorf("run %d was claimed %d times", run, claimed.Load())
			}
		}
		if ok, err := schedules.Open(c).Claim(ctx, kept, kept.Made.Add(time.Hour)); ok || err != nil {
			t.Errorf("an earlier run was claimed after later ones: %v, %v", ok, err)
		}
	})
}

// TestNothingIsClaimedOfWhatIsNotThere: a schedule that was removed, or paused,
// since it was read.
func TestNothingIsClaimedOfWhatIsNotThere(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, s := context.Background(), schedules.Open(c)
		gone, paused := keep(t, s, some("a")), keep(t, s, some("b"))
		for _, want := range []bool{true, false} {
			if there, err := s.Remove(ctx, "a"); err != nil || there != want {
				t.Errorf("removing: %v, %v", there, err)
			}
			if done, err := s.Pause(ctx, paused, "it failed"); err != nil || done != want && !done {
				t.Errorf("pausing: %v, %v", done, err)
			}
		}
		for _, old := range []schedules.Schedule{gone, paused} {
			if ok, err := s.Claim(ctx, old, old.Made.Add(time.Hour)); err != nil || ok {
				t.Errorf("%s was claimed: %v", old.ID, err)
			}
		}
		if n, err := s.Failed(ctx, gone, gone.Made); err != nil || n != 0 {
			t.Errorf("%d failures of what is gone, %v", n, err)
		}
		if left := c.HLen(ctx, schedules.OwnKeys()[1]).Val(); left != 0 {
			t.Errorf("%d traces of runs are left", left)
		}
		again := find(t, s, "b")
		if again.Paused != "it failed" {
			t.Errorf("it pauses for %q", again.Paused)
		}
		if done, err := s.Resume(ctx, again); err != nil || !done {
			t.Errorf("resuming: %v, %v", done, err)
		}
		if ok, err := s.Claim(ctx, find(t, s, "b"), again.Made.Add(time.Hour)); err != nil || !ok {
			t.Errorf("it does not run again: %v, %v", ok, err)
		}
		if done, err := s.Pause(ctx, gone, "why"); err != nil || done {
			t.Errorf("pausing what is gone: %v, %v", done, err)
		}
	})
}

func TestFailuresInARow(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, s := context.Background(), schedules.Open(c)
		kept := keep(t, s, some("a"))
		count := func(hours, want int) {
			t.Helper()
			if n, err := s.Failed(ctx, kept, kept.Made.Add(time.Duration(hours)*time.Hour)); err != nil || n != want {
				t.Errorf("hour %d: %d in a row, %v; want %d", hours, n, err, want)
			}
		}
		count(1, 1)
		count(2, 2)
		count(2, 2) // said again, as after a lost answer
		if err := s.Succeeded(ctx, kept); err != nil {
			t.Fatal(err)
		}
		count(3, 1)
	})
}

func TestWhatIsNoScheduleIsLeftOut(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, s := context.Background(), schedules.Open(c)
		want := keep(t, s, some("good"))
		for id, text := range map[string]string{
			"later": `{"schema":2}`, "torn": `{"schema":1,"li`, "often": `{"schema":1,"when":{"every":1000000000},"guild":"1","channel":"2","author":"3"}`,
			"never": `{"schema":1,"guild":"1","channel":"2","author":"3"}`, "whose": `{"schema":1,"when":{"daily":true},"guild":"1","channel":"2"}`,
		} {
			c.HSet(ctx, schedules.OwnKeys()[0], id, text)
		}
		all, err := s.All(ctx)
		if err != nil || len(all) != 1 || all[0] != want {
			t.Errorf("there are %v, %v", all, err)
		}
	})
}

func TestSchedulesAreBounded(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, s := context.Background(), schedules.Open(c)
		longest := some("")
		longest.Line = strings.Repeat("\x01", schedules.MaxLine)
		for range schedules.MaxSchedules {
			longest.ID = schedules.NewID()
			if err := s.Put(ctx, longest); err != nil {
				t.Fatal(err)
			}
		}
		longest.ID = "more"
		full := (*register.FullError)(nil)
		if err := s.Put(ctx, longest); !errors.As(err, &full) {
			t.Errorf("one more: %v", err)
		}
		all, err := s.All(ctx)
		if err != nil || len(all) != schedules.MaxSchedules {
			t.Fatalf("%d are read back, %v", len(all), err)
		}
		if done, err := s.Pause(ctx, all[0], strings.Repeat("ä", 10000)); err != nil || !done {
			t.Errorf("pausing the longest: %v, %v", done, err)
		}
		for _, change := range []func(*schedules.Schedule){
			func(s *schedules.Schedule) { s.Line += "x" },
			func(s *schedules.Schedule) { s.When.Every = time.Minute },
			func(s *schedules.Schedule) { s.Author = "" },
			func(s *schedules.Schedule) { s.When = schedules.When{} },
		} {
			beyond := all[1]
			if change(&beyond); s.Put(ctx, beyond) == nil {
				t.Errorf("%+v was taken", beyond.When)
			}
		}
	})
}

func TestTheClockIsThatOfRedis(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		now, err := schedules.Open(c).Now(context.Background())
		if err != nil || time.Since(now).Abs() > time.Minute || now.Location() != time.UTC {
			t.Errorf("it is %v, %v", now, err)
		}
	})
}
