package commands

import (
	"context"
	"errors"
	"fmt"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/register"
	"github.com/helix-collective/helix/schedules"
	"github.com/helix-collective/helix/shell"
)

// schedule makes a schedule of the line that the message defines.
func (t *turn) schedule(ctx context.Context, call *shell.Call, spec string) error {
	if t.caller.Local {
		return unable("A schedule shows its output in a channel of Discord, so that is where it is made.")
	}
	when, channel, err := schedules.Parse(spec)
	if wrong := (*schedules.SpecError)(nil); errors.As(err, &wrong) {
		return t.misused(everyVerb(), "%s", wrong.Reason)
	} else if err != nil {
		return err
	}
	line, err := t.definedLine(call)
	if err != nil {
		return err
	}
	author, err := t.authorIn(ctx, channel)
	if err != nil {
		return err
	}
	if err := t.mayRunByItself(ctx, author, line); err != nil {
		return err
	}
	return t.keepSchedule(ctx, call, schedules.Schedule{
		ID: schedules.NewID(), Line: line, When: when,
		Guild: author.Guild, Channel: author.Channel, Author: author.ID, Nick: author.Name,
	})
}

// authorIn is the caller in the channel that a schedule is to speak in.
func (t *turn) authorIn(ctx context.Context, channel string) (permissions.Member, error) {
	if channel == "" || channel == t.caller.Channel {
		return t.caller, nil
	}
	if t.elsewhere == nil {
		return permissions.Member{}, unable("Only this channel can be scheduled for here.")
	}
	author, err := t.elsewhere(ctx, channel)
	absent := (*AbsentError)(nil)
	switch {
	case errors.As(err, &absent):
		return author, unable("%s", absent.Reason)
	case err != nil:
		return author, unable("That channel could not be read from Discord, so nothing was scheduled. Try again in a moment.")
	}
	return author, nil
}

// mayRunByItself refuses a line that does more than read, or that its author may
// not run in the schedule's channel.
func (t *turn) mayRunByItself(ctx context.Context, author permissions.Member, line string) error {
	program, err := shell.Parse(line)
	switch {
	case err != nil:
		return err
	case program.Empty():
		return unable("There is nothing to run in that line.")
	}
	for _, call := range program.Calls() {
		if stands, ok := t.standsFor(ctx, call); ok {
			return unable("`%s` is an alias, which anybody who may could change under your rights. Write out what it stands for: %s", call.Name, stands)
		}
	}
	return t.turnOf(Request{Caller: author, Schedule: "new", Mentioned: true}).preflight(ctx, program)
}

// standsFor answers what a call's name stands for, if it is an alias.
func (t *turn) standsFor(ctx context.Context, call shell.SourceCall) (string, bool) {
	if !t.isStrange(call) {
		return "", false
	}
	t.loadAliases(ctx)
	return t.aliasLine(call.Name)
}

func (t *turn) keepSchedule(ctx context.Context, call *shell.Call, s schedules.Schedule) error {
	all, err := t.Schedules.All(ctx)
	if err != nil {
		return err
	}
	mine := 0
	for _, other := range all {
		if other.Author == s.Author {
			mine++
		}
	}
	if mine >= schedules.MaxEach {
		return unable("You have %d schedules, which is as many as one person may have. `%severy remove ID` makes room.", mine, t.prefix())
	}
	if shown, err := t.beforeDefining(ctx, "every", fmt.Sprintf("schedule %s, every %s in %s: %s", s.ID, s.When, s.Channel, s.Line)); shown || err != nil {
		return err
	}
	if s.Made, err = t.Schedules.Now(ctx); err != nil {
		return err
	}
	err = t.Schedules.Put(ctx, s)
	if full := (*register.FullError)(nil); errors.As(err, &full) {
		return unable("There are %d schedules already, which is as many as are kept. `%severy remove ID` makes room.", full.Records, t.prefix())
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(call.Stdout, "Schedule %s: every %s in %s, for the first time %s.\n`%severy remove %s` ends it.\n",
		s.ID, s.When, t.channelName(s.Channel), clockTime(s.Next(s.Made)), t.prefix(), s.ID)
	return err
}
