package commands_test

import (
	"context"
	"strings"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/lease"
)

// atFirst does something when the first text is written.
type atFirst func()

func (f atFirst) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// What a change came to that ended with the right to speak is found out once, as of
// one whose process ended: nobody heard it.
func TestAChangeThatEndsWithTheRightIsRecovered(t *testing.T) {
	s := newStage(t, redistest.Standalone(t).URL(), map[string]string{"people": "olga: owner\n"})
	ctx, lose := context.WithCancelCause(t.Context())
	r := s.dispatcher.Handle(ctx, commands.Request{
		Text: "!redis set a 1; redis set b 2", Caller: s.people["olga"], Mode: commands.Direct,
		Stdout: atFirst(func() { lose(lease.ErrLost) }),
	})
	if r.Outcome == commands.OK || s.client.Exists(t.Context(), "a", "b").Val() != 1 {
		t.Fatalf("%s %q", r.Outcome, r.Problem)
	}
	found, err := s.dispatcher.Recover(t.Context())
	if err != nil || len(found) != 1 || !strings.Contains(found[0].Text, "was interrupted: 1 command was carried out") {
		t.Errorf("it came to %v, %v", found, err)
	}
	if found, err := s.dispatcher.Recover(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("a second time: %v, %v", found, err)
	}
}
