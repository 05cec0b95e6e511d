package commands_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// newBusyStage is a stage where little may run at once.
func newBusyStage(t *testing.T, each, total string) stage {
	t.Helper()
	s := newStage(t, redistest.Any(t).URL(), map[string]string{
		"roles": everybody, "people": "ann: 300000000000000001\nbob: 300000000000000001\n",
		"settings": "commands.max_per_person: " + each + "\ncommands.max_running: " + total,
	})
	fillKeys(t, s.client, "SET a 1\nSET b 2\nSET c 3\nSET d 4")
	return s
}

// asks has somebody ask for a change, and answers how to confirm its plan.
func (s *stage) asks(t *testing.T, who, text string) commands.Confirmation {
	t.Helper()
	req := commands.Request{Text: text, Caller: s.people[who]}
	reply := s.dispatcher.Handle(t.Context(), req)
	if reply.Plan == nil {
		t.Fatalf("%s: there is no plan: %s", text, saidIn(reply))
	}
	return commands.Confirmation{Request: req, Plan: reply.Plan.ID, Word: reply.Plan.Word}
}

func TestARunOfAPlanTakesAPlace(t *testing.T) {
	for _, c := range []struct{ name, each, total, other, says string }{
		{"of the person", "1", "8", "ann", "You have 1 command running already."},
		{"of all", "1", "1", "bob", "1 command is running already"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newBusyStage(t, c.each, c.total)
			first, second := s.asks(t, "ann", "!redis del a b"), s.asks(t, c.other, "!redis del c d")
			run, refusal := s.dispatcher.Confirm(t.Context(), first)
			if run == nil {
				t.Fatal(saidIn(refusal))
			}
			early, refusal := s.dispatcher.Confirm(t.Context(), second)
			if early != nil || refusal.Outcome != commands.Limited {
				t.Fatalf("a second runs beside it: %+v", refusal)
			}
			for _, want := range []string{c.says, "Then confirm the plan again", "it waits for another ", "nothing was changed"} {
				if !strings.Contains(refusal.Problem, want) {
					t.Errorf("it says %q, not %q", refusal.Problem, want)
				}
			}
			if typed := s.dispatcher.Handle(t.Context(), commands.Request{Text: "!undo", Caller: s.people[c.other]}); typed.Outcome != commands.Limited {
				t.Errorf("an undo runs beside it: %+v", typed)
			}
			run(t.Context())
			if run, refusal = s.dispatcher.Confirm(t.Context(), second); run == nil {
				t.Fatalf("the refused plan is used up: %s", saidIn(refusal))
			}
			if reply := run(t.Context()); reply.Outcome != commands.OK || redistest.Exist(t, s.client, "a", "b", "c", "d") != 0 {
				t.Errorf("%+v", reply)
			}
		})
	}
}

// TestPlacesAreGivenBack holds that neither a run nor a press that came too late
// keeps its place.
func TestPlacesAreGivenBack(t *testing.T) {
	s := newBusyStage(t, "8", "8")
	c := s.asks(t, "ann", "!redis del a b")
	var presses sync.WaitGroup
	for range 8 {
		presses.Go(func() {
			if run, _ := s.dispatcher.Confirm(t.Context(), c); run != nil {
				run(t.Context())
			}
		})
	}
	presses.Wait()
	var runs []func()
	for range 8 {
		run, refusal := s.dispatcher.Confirm(t.Context(), s.asks(t, "bob", "!redis del c d"))
		if run == nil {
			t.Fatalf("a place is lost: %s", saidIn(refusal))
		}
		runs = append(runs, func() { run(t.Context()) })
	}
	for _, run := range runs {
		run()
	}
}

// newApprovals is a stage where what destroys takes a second person.
func newApprovals(t *testing.T) stage {
	t.Helper()
	s := newStage(t, redistest.Any(t).URL(), map[string]string{
		"roles":    everybody + "lead: {discord: [\"300000000000000003\"], allow: [read, approve]}\n",
		"people":   "ann: 300000000000000001\nlea: 300000000000000003\n",
		"settings": "approvals.rights: destroy",
	})
	fillKeys(t, s.client, "SET a 1\nSET b 2")
	return s
}

func TestAPlanWhoseTimeIsOverCannotBeAgreedTo(t *testing.T) {
	s := newApprovals(t)
	c := s.asks(t, "ann", "!redis del a b")
	lea := func(text string) commands.Reply {
		return s.dispatcher.Handle(t.Context(), commands.Request{Text: text, Caller: s.people["lea"]})
	}
	if waiting := lea("!pending"); !strings.Contains(saidIn(waiting), c.Plan) {
		t.Fatalf("it does not wait: %s", saidIn(waiting))
	}
	s.client.PExpire(t.Context(), "{helix}:plan:"+c.Plan, time.Millisecond)
	redistest.Eventually(t, "the plan lapses", func(ctx context.Context) bool {
		return s.client.Exists(ctx, "{helix}:plan:"+c.Plan).Val() == 0
	})
	if waiting := lea("!pending"); saidIn(waiting) != "No plan waits.\n" {
		t.Errorf("pending: %s", saidIn(waiting))
	}
	if late := lea("!approve " + c.Plan); late.Outcome == commands.OK || !strings.Contains(late.Problem, "no such plan any more") {
		t.Errorf("approve: %+v", late)
	}
	if run, late := s.dispatcher.Confirm(t.Context(), c); run != nil || !strings.Contains(late.Problem, "Type the command again") {
		t.Errorf("confirm: %+v", late)
	}
}

// TestAnAgreementIsNoRight holds that what a second person agrees to is still
// not made by an author who lost the right to it meanwhile.
func TestAnAgreementIsNoRight(t *testing.T) {
	s := newApprovals(t)
	c := s.asks(t, "ann", "!redis del a b")
	c.Caller.Roles = nil
	if _, agreed := s.dispatcher.Approve(t.Context(), commands.Confirmation{Request: commands.Request{Caller: s.people["lea"]}, Plan: c.Plan}); agreed.Outcome != commands.OK {
		t.Fatalf("%+v", agreed)
	}
	run, refusal := s.dispatcher.Confirm(t.Context(), c)
	if run != nil {
		refusal = run(t.Context())
	}
	if refusal.Outcome != commands.Denied || !strings.Contains(refusal.Problem, "You need **destroy**") || redistest.Exist(t, s.client, "a", "b") != 2 {
		t.Errorf("%+v", refusal)
	}
}
