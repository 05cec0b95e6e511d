package commands_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/schedules"
)

const rolesOfSchedules = `
oncall:
  discord: ["300000000000000001"]
  allow: [read, write, destroy, admin, configure]
support:
  discord: ["300000000000000002"]
  channels: ["200000000000000001"]
  allow: ["read session:user:*"]
janitor:
  discord: ["300000000000000003"]
  allow: ["configure every", read]
`

// otherChannel is one that the people of these tests can write in, and
// closedChannel one that they cannot.
const (
	otherChannel  = "200000000000000002"
	closedChannel = "200000000000000003"
)

// clockwork is a stage for schedules.
type clockwork struct {
	stage
	t     *testing.T
	store *schedules.Store
}

func newClockwork(t *testing.T) clockwork {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{
		"roles":  rolesOfSchedules,
		"people": "ann: 300000000000000001\nbob: 300000000000000002\njim: 300000000000000003\nlocal: local",
		"keys":   "set session:user:ann:1 x\nset session:abc y", "audit": "",
	})
	return clockwork{s, t, schedules.Open(s.client)}
}

func (c clockwork) ask(who, text string, how ...func(*commands.Request)) commands.Reply {
	req := commands.Request{Text: text, Caller: c.people[who], Mentioned: true}
	req.Elsewhere = func(_ context.Context, channel string) (permissions.Member, error) {
		m := req.Caller
		m.Channel = channel
		if channel == closedChannel {
			return m, &commands.AbsentError{Reason: "You may not write in that channel."}
		}
		if channel != otherChannel {
			return m, errors.New("no answer")
		}
		return m, nil
	}
	for _, change := range how {
		change(&req)
	}
	return c.dispatcher.Handle(context.Background(), req)
}

// only answers the one schedule that there is.
func (c clockwork) only() schedules.Schedule {
	c.t.Helper()
	all, err := c.store.All(context.Background())
	if err != nil || len(all) != 1 {
		c.t.Fatalf("there are %v, %v", all, err)
	}
	return all[0]
}

func TestALineIsScheduled(t *testing.T) {
	c := newClockwork(t)
	for message, want := range map[string]schedules.Schedule{
		"!every 1h: redis keys session:* | wc -l":                                      {Line: "redis keys session:* | wc -l"},
		"!every 15m in channel:" + otherChannel + ": !redis dbsize":                    {Line: "redis dbsize", Channel: otherChannel},
		"!every day at 09:00 in " + otherChannel + ":\n```\nredis dbsize\nstatus\n```": {Line: "redis dbsize\nstatus", Channel: otherChannel},
		"!every 1h: `redis ttl session:abc`":                                           {Line: "redis ttl session:abc"},
		"!every 1h: for k in a b; do redis get $k; done":                               {Line: "for k in a b; do redis get $k; done"},
	} {
		reply := c.ask("ann", message)
		if reply.Outcome != commands.OK || reply.Problem != "" {
			t.Errorf("%s: %s %s", message, reply.Outcome, reply.Problem)
			continue
		}
		got := c.only()
		if want.Channel == "" {
			want.Channel = c.people["ann"].Channel
		}
		if got.Line != want.Line || got.Channel != want.Channel || got.Author != c.people["ann"].ID || got.Nick != "ann" || got.Guild != c.people["ann"].Guild {
			t.Errorf("%s: kept %+v", message, got)
		}
		if !strings.Contains(string(reply.Output), "`!every remove "+got.ID+"`") {
			t.Errorf("%s: %s", message, reply.Output)
		}
		if list := string(c.ask("bob", "!every list").Output); !strings.Contains(list, got.ID) {
			t.Errorf("%s: it is not listed:\n%s", message, list)
		}
		if reply := c.ask("ann", "!every remove "+got.ID); reply.Problem != "" {
			t.Fatal(reply.Problem)
		}
	}
}

func TestWhatIsNotScheduled(t *testing.T) {
	c := newClockwork(t)
	c.ask("ann", "!alias size = redis dbsize")
	for _, tt := range []struct{ who, message, want string }{
		{"ann", "!every 1h: redis del session:abc", "`redis del` may do more"},
		{"ann", "!every 1h: redis keys session:* | xargs redis del", "`redis del` may do more"},
		{"ann", "!every 1h: redis keys session:* | xargs -I {} sh -c 'redis expire {} 9'", "`redis expire` may do more"},
		{"ann", "!every 1h: if redis exists a; then redis flushall; fi", "`redis flushall` may do more"},
		{"ann", "!every 1h: redis config set maxmemory 1", "may do more"},
		{"ann", "!every 1h: redis monitor", "`redis monitor` may do more"},
		{"ann", "!every 1h: redis redis-cli subscribe x", "may do more"},
		{"ann", `!every 1h: x=del; redis "$x" session:abc`, "may do more"},
		{"ann", "!every 1h: config set redis.session_ttl=60", "`config set` may do more"},
		{"ann", "!every 1h: sessions end --user ann", "`sessions end` may do more"},
		{"ann", "!every 1h: sessions fix-ttl", "may do more"},
		{"ann", "!every 1h: undo", "`undo` may do more"},
		{"ann", "!every 1h: approve abc", "may do more"},
		{"ann", "!every 1h: reveal redis get session:abc", "may do more"},
		{"ann", "!every 1h: every list", "may do more"},
		{"ann", "!every 1h: alias x = redis dbsize", "may do more"},
		{"ann", "!every 1h: railway service restart redis", "may do more"},
		{"ann", "!every 1h: size", "`size` is an alias"},
		{"ann", "!every 1h: siez", "`siez` is not a command"},
		{"ann", "!every 1h: echo (", "Column 1"},
		{"ann", "!every 1h: # nothing", "nothing to run"},
		{"ann", "!every 1h:", "There is no line"},
		{"ann", "!every 1m: redis dbsize", "every 5 minutes at most"},
		{"ann", "!every 1h in #ops: redis dbsize", "is no channel"},
		{"ann", "!every 1h in channel:" + closedChannel + ": redis dbsize", "You may not write in that channel."},
		{"ann", "!every 1h in channel:200000000000000009: redis dbsize", "could not be read"},
		{"ann", "!every 1h: redis get '" + strings.Repeat("x", schedules.MaxLine) + "'", "are kept"},
		{"ann", "!every 1h: redis get x --token=0123456789abcdef0123456789abcdef", "seems to hold a secret"},
		{"ann", "!every 1h redis dbsize", "a colon, a blank, and the line"},
		{"ann", "!every lits", "Did you mean `!every list`?"},
		{"ann", "!every remove nothing", "There is no schedule `nothing`"},
		{"ann", "true; every 1h: redis dbsize", "a message of its own"},
		{"bob", "!every 1h: redis get session:abc", "You need **read**"},
		{"bob", "!every 1h in channel:" + otherChannel + ": redis get session:user:ann:1", "You need **read**"},
		{"local", "!every 1h: redis dbsize", "a channel of Discord"},
	} {
		reply := c.ask(tt.who, tt.message)
		if !strings.Contains(reply.Problem, tt.want) {
			t.Errorf("%s> %s\n got %s %s\nwant %s", tt.who, tt.message, reply.Output, reply.Problem, tt.want)
		}
	}
	if all, err := c.store.All(context.Background()); err != nil || len(all) > 0 {
		t.Errorf("there are %v, %v", all, err)
	}
}

// TestASchedulesRun has lines that passed once, or were put there by a foreign
// hand, run as a schedule runs them.
func TestASchedulesRun(t *testing.T) {
	c := newClockwork(t)
	run := func(who, line string) commands.Reply {
		return c.ask(who, line, func(req *commands.Request) { req.Schedule, req.Redact = "abcde", true })
	}
	if reply := run("ann", "redis keys session:* | wc -l"); reply.Outcome != commands.OK || string(reply.Output) != "2\n" {
		t.Errorf("%s %s %s", reply.Outcome, reply.Output, reply.Problem)
	}
	for line, want := range map[string]string{
		"redis del session:abc":                                   "A schedule only reads",
		`for x in del; do redis "$x" session:abc; done`:           "A schedule only reads",
		`for x in undo; do "$x"; done`:                            "A schedule only reads",
		`for x in config; do "$x" set redis.session_ttl=99; done`: "A schedule only reads",
		"alias x = redis dbsize":                                  "A schedule only reads",
		"every 1h: redis dbsize":                                  "A schedule only reads",
		`for x in sessions; do "$x" end --user ann; done`:         "A schedule only reads",
		`for x in redis; do "$x" config set maxmemory 12mb; done`: "A schedule only reads",
		`for x in railway; do "$x" service restart redis; done`:   "action",
		`for x in approve; do "$x" abcdef; done`:                  "A schedule only reads",
		`echo monitor | xargs redis`:                              "",
	} {
		reply := run("ann", line)
		if !strings.Contains(reply.Problem, want) || reply.Plan != nil {
			t.Errorf("%s: %s %s %s, want %q", line, reply.Outcome, reply.Output, reply.Problem, want)
		}
	}
	if left := redistest.Exist(t, c.client, "session:abc", "session:user:ann:1"); left != 2 {
		t.Errorf("%d of 2 keys are left", left)
	}
	if reply := run("bob", "redis get session:abc"); reply.Outcome != commands.Denied {
		t.Errorf("without the right: %s %s", reply.Outcome, reply.Problem)
	}
	c.dispatcher.Audit.Flush(context.Background())
	records, err := c.dispatcher.Audit.Find(context.Background(), audit.Query{N: 100})
	if err != nil || len(records) == 0 || records[0].Line != "schedule abcde: redis keys session:* | wc -l" || records[0].Name != "ann" {
		t.Errorf("recorded %+v, %v", records[:min(1, len(records))], err)
	}
}

func TestWhoEndsASchedule(t *testing.T) {
	c := newClockwork(t)
	c.ask("ann", "!every 1h: redis dbsize")
	made := c.only()
	if reply := c.ask("bob", "!every remove "+made.ID); reply.Outcome != commands.Denied {
		t.Errorf("bob: %s %s", reply.Outcome, reply.Problem)
	}
	stranger := func(req *commands.Request) { req.Caller.Guild = "100000000000000009" }
	if reply := c.ask("ann", "!every remove "+made.ID, stranger); !strings.Contains(reply.Problem, "There is no schedule") {
		t.Errorf("from another guild: %s %s", reply.Outcome, reply.Problem)
	}
	if list := string(c.ask("ann", "!every", stranger).Output); strings.Contains(list, made.ID) {
		t.Errorf("another guild sees\n%s", list)
	}
	if reply := c.ask("ann", "!every resume "+made.ID); !strings.Contains(reply.Problem, "does not pause") {
		t.Errorf("resuming what runs: %s", reply.Problem)
	}
	if _, err := c.store.Pause(context.Background(), made, "It failed."); err != nil {
		t.Fatal(err)
	}
	if list := string(c.ask("ann", "!every").Output); !strings.Contains(list, "paused: It failed.") {
		t.Errorf("listed as\n%s", list)
	}
	for _, line := range []string{"!every resume ", "!every remove "} {
		if reply := c.ask("jim", line+made.ID); reply.Outcome != commands.OK || reply.Problem != "" {
			t.Errorf("jim> %s: %s", line, reply.Problem)
		}
	}
	if all, err := c.store.All(context.Background()); err != nil || len(all) > 0 {
		t.Errorf("there are %v, %v", all, err)
	}
}

func TestOnePersonHasFewSchedules(t *testing.T) {
	c := newClockwork(t)
	for i := range schedules.MaxEach {
		if reply := c.ask("ann", fmt.Sprintf("!every %dh: redis dbsize", i+1)); reply.Problem != "" {
			t.Fatal(reply.Problem)
		}
	}
	if reply := c.ask("ann", "!every 1h: redis dbsize"); !strings.Contains(reply.Problem, "You have 10 schedules") {
		t.Errorf("one more: %s %s", reply.Output, reply.Problem)
	}
	if reply := c.ask("jim", "!every 1h: redis dbsize"); reply.Problem != "" {
		t.Errorf("somebody else: %s", reply.Problem)
	}
}
