package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/shell"
)

// AbsentError says that somebody is not where they would have to be: no member of
// the guild any more, or without the right to write in a channel.
type AbsentError struct{ Reason string } // a sentence

func (e *AbsentError) Error() string { return e.Reason }

// scheduledID begins the request of a run, and what is recorded of it.
func scheduledID(schedule string) string { return "schedule " + schedule }

// mayBeScheduled refuses what no schedule may call: anything that does more than
// read, and what never ends by itself.
func (t *turn) mayBeScheduled(ctx context.Context, v verb, args []shell.SourceArg) error {
	if t.scheduled == "" || v.reads != nil && v.reads(ctx, t, args) {
		return nil
	}
	name := v.name
	if len(args) > 0 && args[0].Literal {
		name += " " + args[0].Text
	}
	return unscheduled(name)
}

func unscheduled(name string) error {
	return unable("A schedule only reads, and `%s` may do more, or goes on until somebody stops it. Nothing was run.", name)
}

// always is for verbs that only read, whatever is behind them.
func always(context.Context, *turn, []shell.SourceArg) bool { return true }

// redisReads reports whether a call of Redis only reads, as far as its text tells.
func redisReads(ctx context.Context, t *turn, args []shell.SourceArg) bool {
	words := literals(withoutRedis(args, staticText))
	return !t.guard.IsLive(words) && !t.guard.MayChange(ctx, words)
}

// noView is a guard.Viewer that lets no live view begin.
type noView struct{}

func (noView) Begin() (<-chan struct{}, func()) {
	over := make(chan struct{})
	close(over)
	return over, func() {}
}

func (noView) Saw([]byte) {}

// fromSchedule words a refusal for the channel that a schedule speaks to.
func (t *turn) fromSchedule(refused *guard.Refused) string {
	return fmt.Sprintf("A schedule only reads, so `%s` was not run.", strings.TrimSpace(refused.Command))
}
