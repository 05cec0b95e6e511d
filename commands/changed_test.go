package commands_test

import (
	"context"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// TestAReplySaysWhetherSomethingWasChanged, which an edit of its message goes by.
func TestAReplySaysWhetherSomethingWasChanged(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "ann: owner", "audit": "", "keys": "set a 1"})
	for _, tt := range []struct {
		line string
		want bool
	}{
		{"!redis get a", false},
		{"!redis expire a 60", true},
		{"!redis expire none 60", true}, // it might have been there
		{"!redis epxire a 60", false},
		{"!redis del a b", false}, // it waits for a yes
		{"!redis monitor --for 1s", false},
		{"!redis slowlog get", false},
		{"!config set redis.max_share=50", true},
		{"!config set redis.max_share=nonsense", false},
		{"!config set redis.max_shaer=50", false},
		{"!config get redis.max_share", false},
		{"!undo", true},
		{"!undo nothing", false},
		{"!alias size = redis dbsize", true},
		{"!alias size = reids dbsize", false},
		{"!alias list", false},
		{"!sessions end --user ann", false},
	} {
		reply := s.dispatcher.Handle(context.Background(), commands.Request{Text: tt.line, Caller: s.people["ann"]})
		if reply.Changed != tt.want {
			t.Errorf("%s: %v (%s %s)", tt.line, reply.Changed, reply.Outcome, reply.Problem)
		}
		if reply.Plan != nil {
			if done := confirm(t, s, s.people["ann"], reply.Plan); !done.Changed {
				t.Errorf("%s, confirmed: not changed", tt.line)
			}
		}
	}
}
