package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/lease"
)

// holdsRight joins as an instance that takes the right and keeps it until the test
// ends.
func holdsRight(t *testing.T, client redis.UniversalClient, id string) {
	t.Helper()
	m := lease.New(lease.Options{Client: client, Self: lease.Instance{ID: id, Speaks: true}, Log: zap.NewNop()})
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() { ended <- m.Run(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil }) }()
	t.Cleanup(func() { stop(); <-ended })
	redistest.Eventually(t, id+" holds the right", func(context.Context) bool { return m.Holds() })
}

// losing is where a change prints what ends with its right at the first text.
type losing struct{ lose context.CancelCauseFunc }

func (l losing) Write(p []byte) (int, error) {
	l.lose(lease.ErrLost)
	return len(p), nil
}

// A change that ended with its instance's right is said by the one that speaks now,
// once, and names the instance that has its journal.
func TestTheNextInstanceTellsOfAnInterruptedChange(t *testing.T) {
	t.Parallel()
	server := redistest.Any(t)
	h := newChannel(t, server.URL())
	ctx, lose := context.WithCancelCause(t.Context())
	h.app.dispatcher.Handle(ctx, commands.Request{
		Text: "!redis set a 1; redis set b 2", Caller: h.ann, Mode: commands.Direct, Stdout: losing{lose},
	})
	holdsRight(t, server.Client(), "holder")
	s := &speaker{app: h.app, member: lease.New(lease.Options{Client: h.app.client, Self: lease.Instance{ID: "standby", Host: "there"}, Log: zap.NewNop()})}
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 2)
	go func() { ended <- s.member.Run(running, nil) }()
	go func() { ended <- s.handOver(running) }()
	t.Cleanup(func() { stop(); <-ended; <-ended })
	redistest.Eventually(t, "it is handed over", func(ctx context.Context) bool { return h.app.client.HLen(ctx, untoldKey).Val() == 1 })

	var said []string
	refuse := func(context.Context, string, string) error { return errors.New("refused") }
	if err := h.app.announceUntold(t.Context(), refuse); err == nil {
		t.Error("a refusal is dropped")
	}
	for range 2 {
		err := h.app.announceUntold(t.Context(), func(_ context.Context, _, text string) error { said = append(said, text); return nil })
		if err != nil {
			t.Error(err)
		}
	}
	if len(said) != 1 || !slices.ContainsFunc(said, func(text string) bool {
		return strings.Contains(text, "was interrupted: 1 command was carried out") && strings.Contains(text, "standby on there")
	}) {
		t.Errorf("said is %q", said)
	}
}
