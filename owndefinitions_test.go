package main

import (
	"context"
	"strings"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/schedules"
)

// defining is a channel with an alias, a schedule and a silence, and beside them a
// schedule that is due.
type defining struct {
	healing
	table    *timetable
	schedule string
}

func newDefining(t *testing.T, w *twin) defining {
	t.Helper()
	d := defining{healing: newHealing(t, w.Server), table: newTimetable(t, w.client)}
	d.succeeds("!alias size = redis dbsize", "size")
	d.succeeds("!every 1h: redis dbsize", "Schedule")
	d.succeeds("!silence memory 1h", "memory")
	all, err := schedules.Open(w.client).All(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("there are %v, %v", all, err)
	}
	d.schedule = all[1].ID // the other one was made an hour ago
	return d
}

// changes are lines that define something, and that end each definition.
func (d defining) changes() []string {
	return []string{
		"!alias more = redis dbsize", "!alias size = redis ping", "!every 2h: redis dbsize", "!silence sessions 2h",
		"!silence end memory", "!every remove " + d.schedule, "!alias remove size",
	}
}

// stands holds that everything is as it was defined, and works.
func (d defining) stands() {
	d.Helper()
	d.succeeds("!alias list", "size   redis dbsize")
	d.succeeds("!every list", d.schedule)
	d.succeeds("!silence list", "memory")
	if size := d.does("!size"); size.Outcome != commands.OK || !strings.Contains(strings.Join(size.Hints, ""), "size = redis dbsize") {
		d.Errorf("the alias comes to %+v", size)
	}
	if said := string(d.does("!alias list").Output) + string(d.does("!every list").Output) + string(d.does("!silence list").Output); strings.Contains(said, "more") || strings.Contains(said, "2h") || strings.Contains(said, "sessions") {
		d.Errorf("there is what was refused:\n%s", said)
	}
}

// changesAll holds that every line comes about, and that none of what stood is left.
func (d defining) changesAll() {
	d.Helper()
	for _, line := range d.changes() {
		d.succeeds(line, "")
	}
	if reply := d.does("!size"); reply.Outcome != commands.Unknown {
		d.Errorf("an alias that was removed comes to %+v", reply)
	}
	d.succeeds("!alias list", "more")
	d.succeeds("!silence list", "sessions")
	if said := string(d.does("!every list").Output); strings.Contains(said, d.schedule) || !strings.Contains(said, "2h") {
		d.Errorf("the schedules are\n%s", said)
	}
}

// runs holds that what is due runs, once.
func (d defining) runs() {
	d.Helper()
	for range 2 {
		if err := d.table.round(d.Context()); err != nil {
			d.Error(err)
		}
	}
	if n := len(d.table.channel.heard); n != 1 {
		d.Errorf("what is due ran %d times", n)
	}
}

// TestDefinitionsOnAFullServer holds that a server without memory takes them.
func TestDefinitionsOnAFullServer(t *testing.T) {
	w := newTwin(t)
	d := newDefining(t, w)
	w.fill(t)
	d.stands()
	d.runs()
	d.changesAll()
}

// TestDefinitionsOnAServerThatCannotSave holds that each change of them says what
// cures the server, that nothing is lost or half made, and that all of it goes on
// with the cure that was named.
func TestDefinitionsOnAServerThatCannotSave(t *testing.T) {
	dir := t.TempDir()
	w := newTwin(t, "--dir", dir, "--dbfilename", "in-the-way.rdb", "--save", "3600 1000000")
	d := newDefining(t, w)
	breakSaving(t, dir, w)
	for _, line := range d.changes() {
		reply := d.does(line)
		for _, want := range []string{"cannot save its data to disk (MISCONF)", "`!redis config set stop-writes-on-bgsave-error no`"} {
			if reply.Outcome != commands.Unreachable || len(reply.Output) > 0 || !strings.Contains(reply.Problem, want) {
				t.Errorf("%s: %s %q %q, want %q", line, reply.Outcome, reply.Output, reply.Problem, want)
			}
		}
		if strings.Contains(reply.Problem, "script") {
			t.Errorf("%s: it says %q", line, reply.Problem)
		}
	}
	if err := d.table.round(t.Context()); err == nil || len(d.table.asked) > 0 {
		t.Errorf("what nobody could claim ran %d times, %v", len(d.table.asked), err)
	}
	d.stands()
	d.succeeds("!redis config set stop-writes-on-bgsave-error no", "OK")
	redistest.Eventually(t, "Redis takes writes", func(ctx context.Context) bool { return w.client.Set(ctx, "x", "1", 0).Err() == nil })
	d.stands()
	d.runs()
	d.changesAll()
}
