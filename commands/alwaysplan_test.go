package commands_test

import (
	"context"
	"strings"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
)

// TestNothingIsChangedUnplannedWhereAllIsPlanned has every kind of change that a
// typed message makes at once asked for as a press does.
func TestNothingIsChangedUnplannedWhereAllIsPlanned(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{
		"people": "ann: owner", "audit": "", "keys": "set note one ex 900\nset other one",
	})
	ann := s.people["ann"]
	ask := func(text string, all bool) commands.Reply {
		return s.dispatcher.Handle(context.Background(), commands.Request{Text: text, Caller: ann, AlwaysPlan: all})
	}
	if reply := ask("!redis expire other 60", false); reply.Outcome != commands.OK || reply.Plan != nil {
		t.Fatalf("typed: %s %s", reply.Outcome, reply.Problem)
	}
	for _, tt := range []struct{ line, check, before, after string }{
		{"!redis expire note 3600 GT", "!redis ttl note | sed 's/^[1-9][0-9][0-9]$/same/'", "same", "3600"},
		{"!config set redis.max_share=50", "!config get redis.max_share", "100", "50"},
		{"!undo", "!config get redis.max_share", "50", "100"},
	} {
		reply := ask(tt.line, true)
		if reply.Plan == nil {
			t.Errorf("%s: no plan: %s %s %s", tt.line, reply.Outcome, reply.Output, reply.Problem)
			continue
		}
		if got := strings.TrimSpace(string(ask(tt.check, false).Output)); got != tt.before {
			t.Errorf("%s: changed before the yes: %s", tt.line, got)
		}
		confirm(t, s, ann, reply.Plan)
		if got := strings.TrimSpace(string(ask(tt.check, false).Output)); !strings.HasPrefix(got, tt.after[:2]) {
			t.Errorf("%s: not made: %s", tt.line, got)
		}
	}
	for _, line := range []string{"!approve abcdef", "!sessions cleanup --own"} {
		if reply := ask(line, true); !strings.Contains(reply.Problem, "typed as a new message") {
			t.Errorf("%s: %s %s", line, reply.Outcome, reply.Problem)
		}
	}
}

// confirm says yes to a plan, as its buttons do.
func confirm(t *testing.T, s stage, who permissions.Member, p *commands.Plan) commands.Reply {
	t.Helper()
	run, refusal := s.dispatcher.Confirm(context.Background(), commands.Confirmation{
		Request: commands.Request{Caller: who}, Plan: p.ID, Word: p.Word,
	})
	if run == nil {
		t.Fatalf("the plan was refused: %s", refusal.Problem)
	}
	return run(context.Background())
}
