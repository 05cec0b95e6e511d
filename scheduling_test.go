package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/schedules"
	"github.com/helix-collective/helix/settings"
)

// channelOfTest hears what schedules say, and knows one author.
type channelOfTest struct {
	author permissions.Member
	absent error // instead
	closed error // what Post answers
	heard  []commands.Reply
	ids    []string
}

func (c *channelOfTest) MemberIn(_ context.Context, guild, channel, user string) (permissions.Member, error) {
	if guild != "1" || channel != "2" || user != "3" {
		return permissions.Member{}, fmt.Errorf("no member %s %s %s", guild, channel, user)
	}
	return c.author, c.absent
}

func (c *channelOfTest) Post(_ context.Context, channel, id string, reply commands.Reply) error {
	if channel == "2" && c.closed == nil {
		c.heard, c.ids = append(c.heard, reply), append(c.ids, id)
	}
	return c.closed
}

// said answers what was heard last.
func (c *channelOfTest) said() string {
	if len(c.heard) == 0 {
		return ""
	}
	r := c.heard[len(c.heard)-1]
	return strings.Join(append([]string{string(r.Output) + r.Problem, r.Footer}, r.Hints...), "\n")
}

// timetable is a scheduler of a test, with one schedule that is due.
type timetable struct {
	*scheduler
	channel *channelOfTest
	asked   []commands.Request
	reply   commands.Reply
}

func newTimetable(t *testing.T, c redis.UniversalClient) *timetable {
	t.Helper()
	base, err := settings.Load(settings.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tt := &timetable{channel: &channelOfTest{author: permissions.Member{ID: "3", Name: "ann"}}, reply: commands.Reply{Outcome: commands.OK, Output: []byte("12\n"), Footer: "1 line"}}
	tt.scheduler = &scheduler{store: schedules.Open(c), outlet: tt.channel, redact: true, log: zap.NewNop(), settings: base.Snapshot, tried: make(map[string]time.Time)}
	tt.handle = func(_ context.Context, req commands.Request) commands.Reply {
		tt.asked = append(tt.asked, req)
		return tt.reply
	}
	plant(t, tt.store, schedules.Schedule{ID: "abcde", Line: "redis dbsize", Guild: "1", Channel: "2", Author: "3", Nick: "ann"})
	return tt
}

// plant keeps a schedule that has been due for a second.
func plant(t *testing.T, store *schedules.Store, s schedules.Schedule) {
	t.Helper()
	now, err := store.Now(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s.When = schedules.When{Every: time.Hour}
	s.Made = now.Add(-time.Hour - time.Second)
	if err := store.Put(context.Background(), s); err != nil {
		t.Fatal(err)
	}
}

// next makes the schedule's n-th run, as if its time had come.
func (tt *timetable) next(t *testing.T, n int) {
	t.Helper()
	all, err := tt.store.All(context.Background())
	if err != nil || len(all) != 1 {
		t.Fatalf("there are %v, %v", all, err)
	}
	if err := tt.attempt(context.Background(), all[0], all[0].Made.Add(time.Duration(n)*time.Hour)); err != nil {
		t.Fatal(err)
	}
}

func (tt *timetable) paused(t *testing.T) string {
	t.Helper()
	all, err := tt.store.All(context.Background())
	if err != nil || len(all) != 1 {
		t.Fatalf("there are %v, %v", all, err)
	}
	return all[0].Paused
}

func TestWhatIsDueRunsOnceOfAllInstances(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		tt := newTimetable(t, c)
		other := *tt.scheduler
		other.tried = nil
		for range 3 {
			for _, s := range []*scheduler{tt.scheduler, &other} {
				if err := s.round(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(tt.asked) != 1 || len(tt.channel.heard) != 1 {
			t.Fatalf("it ran %d times and spoke %d times", len(tt.asked), len(tt.channel.heard))
		}
		req := tt.asked[0]
		if req.Text != "redis dbsize" || req.Caller.Name != "ann" || req.Schedule != "abcde" || !req.Redact || req.Timeout <= 0 || req.Timeout > scheduleRun {
			t.Errorf("asked was %+v", req)
		}
		if want := "12\n\n1 line · every 1h, scheduled by ann (abcde)"; tt.channel.said() != want {
			t.Errorf("said was %q, want %q", tt.channel.said(), want)
		}
	})
}

func TestAPostOffersNothingToPress(t *testing.T) {
	tt := newTimetable(t, redistest.Any(t).Client())
	tt.reply.Hidden, tt.reply.Offers = true, []commands.Offer{{Label: "x", Line: "!x"}}
	tt.next(t, 1)
	if r := tt.channel.heard[0]; r.Hidden || len(r.Offers) > 0 {
		t.Errorf("posted was %+v", r)
	}
}

func TestThreeFailuresInARowPauseASchedule(t *testing.T) {
	tt := newTimetable(t, redistest.Any(t).Client())
	good, bad := tt.reply, commands.Reply{Outcome: commands.Limited, Problem: "It took too long."}
	for n, reply := range []commands.Reply{bad, bad, good, bad, bad} {
		tt.reply = reply
		tt.next(t, n+1)
		if why := tt.paused(t); why != "" {
			t.Fatalf("after run %d it pauses: %s", n+1, why)
		}
	}
	tt.next(t, 6)
	if why := tt.paused(t); why != "It took too long." {
		t.Errorf("it pauses for %q", why)
	}
	if said := tt.channel.said(); !strings.Contains(said, "It took too long.") || !strings.Contains(said, "`!every resume abcde` lets it go on") {
		t.Errorf("said was %q", said)
	}
	if n := len(tt.channel.heard); n != 6 {
		t.Errorf("it spoke %d times", n)
	}
}

// TestWhoMayNotAnyMore has the author leave, or lose the right.
func TestWhoMayNotAnyMore(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*timetable)
		want   string
	}{
		"gone":   {func(tt *timetable) { tt.channel.absent = &commands.AbsentError{Reason: "They left."} }, "They left."},
		"denied": {func(tt *timetable) { tt.reply = commands.Reply{Outcome: commands.Denied, Problem: "You need read."} }, "You need read."},
	} {
		t.Run(name, func(t *testing.T) {
			table := newTimetable(t, redistest.Any(t).Client())
			tt.change(table)
			table.next(t, 1)
			if why := table.paused(t); why != tt.want {
				t.Errorf("it pauses for %q, want %q", why, tt.want)
			}
			if said := table.channel.said(); !strings.Contains(said, tt.want) || !strings.Contains(said, "pauses now") {
				t.Errorf("said was %q", said)
			}
			if err := table.round(context.Background()); err != nil || len(table.channel.heard) != 1 {
				t.Errorf("it spoke %d times, %v", len(table.channel.heard), err)
			}
		})
	}
}

// TestAnOutageIsNoFailure: of Discord, or of Redis.
func TestAnOutageIsNoFailure(t *testing.T) {
	server := redistest.Standalone(t)
	tt := newTimetable(t, server.Client())
	tt.channel.absent = errors.New("no answer")
	for n := range maxFailures + 1 {
		tt.next(t, n+1)
	}
	if why := tt.paused(t); why != "" || len(tt.asked) > 0 {
		t.Errorf("it pauses for %q after %d runs", why, len(tt.asked))
	}
	tt.channel.absent = nil
	if err := tt.round(context.Background()); err != nil || len(tt.asked) != 1 {
		t.Errorf("once Discord is back it ran %d times, %v", len(tt.asked), err)
	}
	server.Kill()
	if err := tt.round(context.Background()); err == nil {
		t.Error("without Redis it found what is due")
	}
}

func TestAChannelThatTakesNothingPausesASchedule(t *testing.T) {
	tt := newTimetable(t, redistest.Any(t).Client())
	tt.channel.closed = errors.New("403")
	for n := range maxFailures {
		tt.next(t, n+1)
	}
	if why := tt.paused(t); why != "Its output could not be shown." {
		t.Errorf("it pauses for %q", why)
	}
}

func TestAScheduleSpeaksOnDiscord(t *testing.T) {
	server := redistest.Any(t)
	p := newPlace(t)
	plant(t, schedules.Open(server.Client()), schedules.Schedule{
		ID: "abcde", Line: "redis keys session:* | wc -l", Guild: p.ID, Channel: p.ChannelID("#talk"), Author: p.UserID("ann"), Nick: "ann",
	})
	i := p.launch(t, "REDIS_URL="+server.URL())
	if seen := p.In("#talk").Sees("0", "every 1h, scheduled by ann (abcde)"); len(seen.Pings) > 0 || len(seen.Components) > 0 {
		t.Errorf("it is %s", seen)
	}
	p.As("ann").Says("#ops", "!every 1h in <#"+p.ChannelID("#talk")+">: redis dbsize").Sees("Schedule", "every 1h in channel:")
	p.As("guest").Says("#ops", "!every 1h: redis dbsize").Sees("You need **read**")
	i.stop(t)
}
