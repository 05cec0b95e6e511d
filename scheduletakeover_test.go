package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/schedules"
)

// falls makes schedules due as of some time ago, for the first time or once more.
func (c *crew) falls(ago time.Duration, ids ...string) {
	c.t.Helper()
	store := schedules.Open(c.client)
	for _, id := range ids {
		now, err := store.Now(c.t.Context())
		if err != nil {
			c.t.Fatal(err)
		}
		if err := store.Put(c.t.Context(), schedules.Schedule{
			ID: id, Line: "redis dbsize", When: schedules.When{Every: schedules.Shortest}, Made: now.Add(-schedules.Shortest - ago),
			Guild: c.ID, Channel: c.ChannelID("#ops"), Author: c.UserID("ann"), Nick: "ann",
		}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// begins claims the run that a schedule is due for, as an instance does that ends
// before it has said what the run came to.
func (c *crew) begins(id string) {
	c.t.Helper()
	store := schedules.Open(c.client)
	all, err := store.All(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, each := range all {
		if each.ID != id {
			continue
		}
		if mine, err := store.Claim(c.t.Context(), each, each.Made.Add(schedules.Shortest)); err != nil || !mine {
			c.t.Fatalf("claimed %v, %v", mine, err)
		}
	}
}

// said counts what a schedule has said.
func (c *crew) said(id string) (n int) {
	for _, m := range c.In("#ops").Messages() {
		if strings.Contains(fmt.Sprint(m), "scheduled by ann ("+id+")") {
			n++
		}
	}
	return n
}

// awaitSaid waits until a schedule has said something so often.
func (c *crew) awaitSaid(id string, n int) {
	c.t.Helper()
	redistest.Eventually(c.t, fmt.Sprintf("%s speaks for time %d", id, n), func(context.Context) bool { return c.said(id) >= n })
}

// made answers the one schedule that somebody has made in the channel.
func (c *crew) made(planted ...string) string {
	c.t.Helper()
	all, err := schedules.Open(c.client).All(c.t.Context())
	if err != nil || len(all) != len(planted)+1 {
		c.t.Fatalf("there are %v, %v", all, err)
	}
	return all[len(all)-1].ID
}

var runInLog = regexp.MustCompile(`"event":"done",.*"request":"(schedule [a-z0-9]+ at [0-9]+)"`)

// onceEach holds that no run was made twice, whoever made it: Discord shows one
// that was as a single message.
func (c *crew) onceEach() {
	c.t.Helper()
	made := map[string]int{}
	for _, i := range c.members {
		for _, found := range runInLog.FindAllStringSubmatch(i.log.String(), -1) {
			made[found[1]]++
		}
	}
	for run, n := range made {
		if n != 1 {
			c.t.Errorf("%s was made %d times", run, n)
		}
	}
	if len(made) == 0 {
		c.t.Error("no log tells of a run")
	}
}

// TestSchedulesGoOnWithTheNextInstance ends the instance that speaks. What falls due
// while nobody does is said by the next one; what was said, or begun, is not said
// again. An instance makes runs in the order in which schedules were made, so that
// all of a round has been said when the last of it has.
func TestSchedulesGoOnWithTheNextInstance(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "stopped in order": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrew(t, newPlace(t))
			c.falls(30*time.Second, "begun", "again", "once", "first")
			c.begins("begun")
			holder := c.joins()
			next := c.joins()
			c.awaitSaid("first", 1)
			c.As("ann").Says("#ops", "!every 5m: redis dbsize").Sees("Schedule", "every 5m")
			made := c.made("begun", "again", "once", "first")
			holder.signal(t, end)
			c.discord.Gateway().AwaitGone()
			<-holder.done
			c.falls(time.Second, "begun", "again", made)
			c.awaitHolder(next)
			c.awaitSaid(made, 1)
			for id, want := range map[string]int{"begun": 1, "again": 2, "once": 1, "first": 1, made: 1} {
				if n := c.said(id); n != want {
					t.Errorf("%s: it was said %d times, want %d", id, n, want)
				}
			}
			next.stop(t)
			c.onceEach()
		})
	}
}
