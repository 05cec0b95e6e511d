package commands_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// What was said too long ago, and what is only to be shown, changes nothing,
// whatever it asks.
func TestWhatIsLateOrOnlyShownChangesNothing(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "olga: owner\nann: owner\n", "keys": "SET a 1\nSET b 2\n"})
	olga := s.people["olga"]
	handle := func(req commands.Request) commands.Reply {
		req.Caller = olga
		return s.dispatcher.Handle(t.Context(), req)
	}
	if r := handle(commands.Request{Text: "!redis del a", Mode: commands.Direct}); r.Outcome != commands.OK {
		t.Fatal(r.Problem)
	}
	waiting := handle(commands.Request{Text: "!redis mset b 3 c 4"}).Plan
	if waiting == nil {
		t.Fatal("nothing waits")
	}
	for _, text := range []string{
		"!redis del b", "!redis keys ? | xargs redis del", "!redis set c 1", "!redis flushall", "!redis config set maxmemory 1gb",
		"!undo", "!undo --force", "!config set redis.session_ttl=7200", "!approve " + waiting.ID,
	} {
		if r := handle(commands.Request{Text: text, Overtaken: true}); r.Outcome != commands.Unconfirmed || r.Plan != nil || !strings.Contains(r.Problem, "arrived late") {
			t.Errorf("overtaken, %s is answered %s %q, plan %v", text, r.Outcome, r.Problem, r.Plan)
		}
		if r := handle(commands.Request{Text: text, Late: true}); r.Outcome != commands.Unconfirmed || r.Plan != nil || !strings.Contains(r.Problem, "too long ago") {
			t.Errorf("late, %s is answered %s %q, plan %v", text, r.Outcome, r.Problem, r.Plan)
		}
		if text == "!config set redis.session_ttl=7200" || strings.HasPrefix(text, "!approve") {
			continue
		}
		if r := handle(commands.Request{Text: text, Mode: commands.Only}); r.Plan == nil || r.Plan.ID != "" {
			t.Errorf("only shown, %s is answered %s %q, plan %v", text, r.Outcome, r.Problem, r.Plan)
		}
	}
	ours := slices.DeleteFunc(redistest.Keys(t, s.client), func(key string) bool { return len(key) != 1 })
	if len(ours) != 1 || s.client.Get(t.Context(), "b").Val() != "2" {
		t.Errorf("Redis holds %q", ours)
	}
	if r := handle(commands.Request{Text: "!config get redis.session_ttl"}); !strings.Contains(string(r.Output), "86400") {
		t.Errorf("the setting is %s", r.Output)
	}
}

// A program that does not come to its end leaves neither plan nor change, and
// what it printed of what it would have changed is not shown.
func TestALineThatBreaksOffHasNoPlan(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "olga: owner\n", "keys": "SET a 1\nSADD s x\n", "settings": "shell.max_steps: 200\n"})
	for text, says := range map[string]string{
		"!redis del a; redis spop s | wc -l":                "cannot be shown before it happens",
		"!redis del a; while true; do redis exists a; done": "limit",
	} {
		r := s.dispatcher.Handle(t.Context(), commands.Request{Text: text, Caller: s.people["olga"]})
		all := r.Problem + strings.Join(r.Hints, " ")
		if r.Plan != nil || len(r.Output) > 0 || !strings.Contains(all, says) || strings.Count(all, "Nothing was changed") != 1 {
			t.Errorf("%s is answered %s %q, with %q", text, r.Outcome, all, r.Output)
		}
	}
	if s.client.Exists(t.Context(), "a").Val() != 1 {
		t.Error("a key is gone")
	}
}
