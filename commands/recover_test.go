package commands_test

import (
	"context"
	"errors"
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
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "olga: owner\n"})
	ctx, lose := context.WithCancelCause(t.Context())
	r := s.dispatcher.Handle(ctx, commands.Request{
		Text: "!redis set a 1; redis set b 2", Caller: s.people["olga"], Mode: commands.Direct,
		Stdout: atFirst(func() { lose(lease.ErrLost) }),
	})
	if r.Outcome == commands.OK || r.Asked != "" || redistest.Exist(t, s.client, "a", "b") != 1 {
		t.Fatalf("%s %q, told of twice: %q", r.Outcome, r.Problem, r.Asked)
	}
	if r := s.dispatcher.Handle(t.Context(), commands.Request{Text: "!redis set heard 1", Caller: s.people["olga"], Mode: commands.Direct}); r.Asked != "!redis set heard 1" {
		t.Errorf("of a change that is heard is known %q", r.Asked)
	}
	var told []string
	tell := func(r commands.Recovered) error { told = append(told, r.Text); return nil }
	if err := s.dispatcher.Recover(t.Context(), tell); err != nil || len(told) != 1 || !strings.Contains(told[0], "was interrupted: 1 command was carried out") {
		t.Errorf("it came to %q, %v", told, err)
	}
	if err := s.dispatcher.Recover(t.Context(), tell); err != nil || len(told) > 1 {
		t.Errorf("a second time: %q, %v", told, err)
	}
}

// What became of an interrupted change is told until somebody has taken it, and then
// no more, even where Redis goes away in that moment.
func TestARecoveredChangeIsToldOfUntilItIsTaken(t *testing.T) {
	server := redistest.Standalone(t)
	s := newStage(t, server.URL(), map[string]string{"people": "olga: owner\n"})
	ctx, lose := context.WithCancelCause(t.Context())
	s.dispatcher.Handle(ctx, commands.Request{
		Text: "!seq 1 100 | xargs -I {} redis set key:{} v", Caller: s.people["olga"], Mode: commands.Direct,
		Stdout: atFirst(func() { lose(lease.ErrLost) }),
	})
	refused := errors.New("nobody is there")
	var told []string
	take := func(r commands.Recovered) error { told = append(told, r.Text); return refused }
	for range 2 {
		if err := s.dispatcher.Recover(t.Context(), take); !errors.Is(err, refused) {
			t.Errorf("a refusal comes to %v", err)
		}
	}
	take = func(r commands.Recovered) error { told = append(told, r.Text); server.Kill(); return nil }
	if err := s.dispatcher.Recover(t.Context(), take); err != nil {
		t.Errorf("taken, it comes to %v", err)
	}
	if len(told) != 3 || told[0] != told[1] || told[1] != told[2] || !strings.Contains(told[0], "carried out") {
		t.Errorf("told is %q", told)
	}
	if err := s.dispatcher.Recover(t.Context(), take); err != nil || len(told) > 3 {
		t.Errorf("once more: %q, %v", told, err)
	}
}

// What was found of a change is told of once the replicas have it: the server that
// tells may be replaced by one that knows of less.
func TestARecoveredChangeIsToldOfOnceReplicasHaveIt(t *testing.T) {
	master := redistest.Standalone(t, "--repl-diskless-sync-delay", "0")
	replica := redistest.Standalone(t, "--replicaof", strings.Replace(master.Addr, ":", " ", 1))
	redistest.Eventually(t, "the replica is in step", func(ctx context.Context) bool {
		return strings.Contains(master.Client().Info(ctx, "replication").Val(), "state=online")
	})
	s := newStage(t, master.URL(), map[string]string{"people": "olga: owner\n"})
	ctx, lose := context.WithCancelCause(t.Context())
	s.dispatcher.Handle(ctx, commands.Request{
		Text: "!redis set a 1; redis set b 2", Caller: s.people["olga"], Mode: commands.Direct,
		Stdout: atFirst(func() { lose(lease.ErrLost) }),
	})
	var told []string
	tell := func(r commands.Recovered) error { told = append(told, r.Text); return nil }
	replica.Pause()
	if err := s.dispatcher.Recover(t.Context(), tell); err == nil || len(told) > 0 {
		t.Errorf("while the replica stands still: %q, %v", told, err)
	}
	replica.Resume()
	redistest.Eventually(t, "it is told of", func(ctx context.Context) bool {
		return s.dispatcher.Recover(ctx, tell) == nil && len(told) == 1
	})
	if strings.Contains(told[0], "replica") {
		t.Errorf("told is %q", told[0])
	}
}
