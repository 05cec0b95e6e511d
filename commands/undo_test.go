package commands_test

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// parameter answers a parameter of the server.
func (u *undoing) parameter(t *testing.T, name string) string {
	t.Helper()
	return u.keys[0].ConfigGet(context.Background(), name).Val()[name]
}

func TestParametersAreTakenBack(t *testing.T) {
	u := newUndoing(t)
	before := u.parameter(t, "maxmemory-policy")
	u.direct("!redis config set maxmemory 2gb maxmemory-policy allkeys-lru; redis set k v; redis config set hz 25")
	if got := u.parameter(t, "maxmemory"); got != "2147483648" {
		t.Fatalf("maxmemory is %s", got)
	}
	u.keys[0].ConfigSet(t.Context(), "hz", "33")
	reply := u.direct("!undo")
	if u.parameter(t, "maxmemory") != "0" || u.parameter(t, "maxmemory-policy") != before || u.keys[0].Exists(t.Context(), "k").Val() != 0 {
		t.Errorf("not as before:\n%s", saidIn(reply))
	}
	if u.parameter(t, "hz") != "33" || !strings.Contains(saidIn(reply), "1 has changed since and is left alone: hz.") {
		t.Errorf("hz is %s:\n%s", u.parameter(t, "hz"), saidIn(reply))
	}
}

func TestAParameterThatWasRefusedIsLeft(t *testing.T) {
	u := newUndoing(t)
	if reply := u.direct("!redis config set hz 40 maxmemory nonsense"); !strings.Contains(saidIn(reply), "ERR") {
		t.Fatalf("%s", saidIn(reply))
	}
	u.keys[0].ConfigSet(t.Context(), "hz", "50")
	if reply := u.direct("!undo"); u.parameter(t, "hz") != "50" || strings.Contains(saidIn(reply), "left alone") {
		t.Errorf("hz is %s:\n%s", u.parameter(t, "hz"), saidIn(reply))
	}
}

func TestTwoPeoplesChangesInBothOrders(t *testing.T) {
	for _, order := range []struct{ first, second, want string }{
		{"bob", "ann", ""}, {"ann", "bob", "annbob"},
	} {
		u := newUndoing(t)
		say := func(who, text string) commands.Reply {
			return u.dispatcher.Handle(t.Context(), commands.Request{Text: text, Caller: u.people[who], Mode: commands.Direct})
		}
		say("ann", "!redis append k ann")
		say("bob", "!redis append k bob")
		say(order.first, "!undo")
		reply := say(order.second, "!undo")
		want := order.want
		if order.first == "ann" {
			want = "ann" // hers had changed since and was left, his came back
		}
		if got := u.keys[0].Get(t.Context(), "k").Val(); got != want {
			t.Errorf("%s first: k is %q, want %q:\n%s", order.first, got, want, saidIn(reply))
		}
	}
}

func TestAnUndoIsUndone(t *testing.T) {
	u := newUndoing(t)
	ctx := t.Context()
	u.keys[0].Set(ctx, "k", "old", 0)
	u.direct("!redis set k new")
	u.direct("!undo")
	list := string(u.direct("!undo list").Output)
	id := strings.Fields(strings.Split(list, "\n")[1])[0]
	if reply := u.direct("!undo " + id); u.keys[0].Get(ctx, "k").Val() != "new" {
		t.Fatalf("%s\n%s", list, saidIn(reply))
	}
	if reply := u.direct("!undo"); u.keys[0].Get(ctx, "k").Val() != "old" {
		t.Errorf("the change cannot be taken back again: %s", saidIn(reply))
	}
}

func TestUndoGoesByTheRightsOfToday(t *testing.T) {
	u := newUndoing(t)
	ctx := t.Context()
	u.keys[0].Set(ctx, "k", "old", 0)
	u.direct("!redis del k; redis set other v")
	list := string(u.direct("!undo list").Output)
	id := strings.Fields(strings.Split(list, "\n")[1])[0]
	reply := u.dispatcher.Handle(ctx, commands.Request{Text: "!undo " + id, Caller: u.people["pat"], Mode: commands.Direct})
	if reply.Outcome != commands.Denied || u.keys[0].Exists(ctx, "k").Val() != 0 || u.keys[0].Exists(ctx, "other").Val() != 1 {
		t.Errorf("%s: %s", reply.Outcome, saidIn(reply))
	}
}

// TestUndoTakesTheRightsToAllOfIt holds that who may take back a part of a change
// takes back nothing of it.
func TestUndoTakesTheRightsToAllOfIt(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{
		"roles":  everybody + "tuner: {discord: [\"300000000000000003\"], allow: [read, \"configure redis.*\", \"write mine:*\"]}\n",
		"people": "ann: 300000000000000001\ntom: 300000000000000003\n",
	})
	say := func(who, text string) commands.Reply {
		return s.dispatcher.Handle(t.Context(), commands.Request{Text: text, Caller: s.people[who], Mode: commands.Direct})
	}
	fillKeys(t, s.client, "SET mine:a old EX 100\nSET theirs:a old EX 100")
	for change, needs := range map[string]string{
		"!config set redis.session_ttl=3600 shell.timeout=30s": "shell.timeout",
		"!redis persist mine:a; redis persist theirs:a":        "held on `mine:*`",
	} {
		say("ann", change)
		id := strings.Fields(strings.Split(string(say("ann", "!undo list").Output), "\n")[1])[0]
		for _, line := range []string{"!undo " + id, "!undo " + id + " --force"} {
			if reply := say("tom", line); reply.Outcome != commands.Denied || !strings.Contains(reply.Problem, needs) {
				t.Errorf("%s of %s: %+v", line, change, reply)
			}
		}
	}
	if ttl := s.client.TTL(t.Context(), "mine:a").Val(); ttl != -1 {
		t.Errorf("a part was taken back: %s", ttl)
	}
	if now := say("ann", "!config get redis.session_ttl"); string(now.Output) != "3600\n" {
		t.Errorf("a part was taken back: %s", now.Output)
	}
}

// TestAnUndoByForceIsApproved holds that what others wrote is not overwritten
// around whoever has to agree to that.
func TestAnUndoByForceIsApproved(t *testing.T) {
	s := newApprovals(t)
	ann := func(text string) commands.Reply {
		return s.dispatcher.Handle(t.Context(), commands.Request{Text: text, Caller: s.people["ann"]})
	}
	if made := ann("!redis append a x"); string(made.Output) != "2\n" {
		t.Fatal(saidIn(made))
	}
	s.client.Set(t.Context(), "a", "theirs", 0)
	id, _ := changeNamed(saidIn(ann("!undo")))
	c := s.asks(t, "ann", "!undo "+id+" --force")
	if run, refusal := s.dispatcher.Confirm(t.Context(), c); run != nil || !strings.Contains(refusal.Problem, "it needs the right destroy. Nobody has yet: they type `!approve "+c.Plan+"`") {
		t.Errorf("%+v", refusal)
	}
}

func TestWhatReachesIntoAnotherDatabaseIsSaid(t *testing.T) {
	u := newUndoing(t)
	for _, line := range []string{"redis move k 3", "redis copy k l db 3"} {
		u.keys[0].Set(t.Context(), "k", "v", 0)
		u.keys[3].FlushDB(t.Context())
		if _, plan := u.planned("!" + line); !strings.Contains(plan, "CANNOT be taken back") {
			t.Errorf("%s is planned so:\n%s", line, plan)
		}
		u.keys[0].Set(t.Context(), "k", "v", 0)
		u.keys[3].FlushDB(t.Context())
		if reply := u.direct("!" + line); !strings.Contains(saidIn(reply), "cannot be taken back") {
			t.Errorf("%s is answered so:\n%s", line, saidIn(reply))
		}
	}
}

func xadd(stream string) *redis.XAddArgs {
	return &redis.XAddArgs{Stream: stream, Values: []string{"a", "b"}}
}

func TestAFlushIsTakenBackAndLeavesHelixAlone(t *testing.T) {
	u := newUndoing(t)
	ctx := t.Context()
	u.keys[0].XAdd(ctx, xadd("{helix}:audit"))
	u.keys[0].Set(ctx, "a", "1", 0)
	u.keys[3].Set(ctx, "b", "2", 0)
	u.keys[3].Set(ctx, "large", strings.Repeat("x", 2<<20), 0)
	was := u.keys.read(t)
	reply, _ := u.planned("!redis flushall")
	if left := u.keys.read(t); len(left) > 0 || u.keys[0].XLen(ctx, "{helix}:audit").Val() != 1 {
		t.Fatalf("%v are left: %s", left, saidIn(reply))
	}
	if !strings.Contains(saidIn(reply), "large (database 3)") {
		t.Errorf("it is not said what was lost:\n%s", saidIn(reply))
	}
	back := saidIn(u.direct("!undo"))
	delete(was, place{3, "large"})
	if d := differences(was, u.keys.read(t)); d != nil {
		t.Errorf("%v\n%s", d, back)
	}
	if !strings.Contains(back, "large (database 3)") {
		t.Errorf("it is not named:\n%s", back)
	}
}

// TestUndoPassesOverWhatWasRefused holds that a change of which nothing was made
// does not stand in the way of the one before.
func TestUndoPassesOverWhatWasRefused(t *testing.T) {
	u := newUndoing(t)
	ctx := t.Context()
	u.keys[0].Set(ctx, "k", "old", 0)
	u.direct("!redis set k new")
	u.keys[0].ConfigSet(ctx, "maxmemory", "1")
	if refused := u.direct("!redis set k newer"); !strings.Contains(saidIn(refused), "OOM") {
		t.Fatal(saidIn(refused))
	}
	if refused, _ := u.planned("!redis mset k newer l newer"); refused.Outcome != commands.Unreachable {
		t.Fatal(saidIn(refused))
	}
	u.keys[0].ConfigSet(ctx, "maxmemory", "0")
	if reply := u.direct("!undo"); u.keys[0].Get(ctx, "k").Val() != "old" {
		t.Errorf("k is %q: %s", u.keys[0].Get(ctx, "k").Val(), saidIn(reply))
	}
}
