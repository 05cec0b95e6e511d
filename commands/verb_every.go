package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/schedules"
	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/suggest"
)

// everySetting stands for other people's schedules where the right configure is
// narrowed.
const everySetting = "every"

func everyVerb() verb {
	return verb{
		name:    "every",
		summary: "run a line by the clock, and show its output in a channel",
		usage:   []string{"1h in #CHANNEL: LINE", "15m: LINE", "day at 09:00: LINE", "list", "remove ID", "resume ID"},
		details: "A schedule only reads, every 5 minutes at most. It runs under the rights that its author has at that\n" +
			"time in that channel, by the clock of Redis, in UTC. A run that was missed is not made up for. It\n" +
			"pauses when its author may not any more, and after three failures in a row, and says so; resume\n" +
			"lets it go on. Its author ends it, and whoever has the right configure (of `every`).",
		examples: []string{"!every list"},
		run:      runEvery,
	}
}

func runEvery(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	words := call.Texts()
	form := ""
	if len(words) > 0 {
		form = strings.ToLower(words[0])
	}
	switch {
	case len(words) == 2 && words[1] == "=":
		return 0, t.schedule(ctx, call, words[0])
	case len(words) == 0, len(words) == 1 && form == "list":
		return 0, t.listSchedules(ctx, call)
	case len(words) == 2 && form == "remove":
		return 0, t.removeSchedule(ctx, call, words[1])
	case len(words) == 2 && form == "resume":
		return 0, t.resumeSchedule(ctx, call, words[1])
	case slices.Contains([]string{"list", "remove", "resume"}, form):
		return 0, t.misused(everyVerb(), "`every %s` takes the id of one schedule, as `every list` shows it.", form)
	}
	if near, ok := suggest.Nearest(form, []string{"list", "remove", "resume"}); ok {
		return 0, t.unknownForm(everyVerb(), form, []string{near})
	}
	return 0, t.misused(everyVerb(), "A schedule is a message of its own: when it runs, a colon, a blank, and the line.")
}

func (t *turn) channelName(channel string) string {
	if channel == t.caller.Channel {
		return "this channel"
	}
	return "channel:" + channel
}

func clockTime(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }

// schedulesHere answers the schedules that the caller may know of: those of their
// guild, or at a terminal all.
func (t *turn) schedulesHere(ctx context.Context) ([]schedules.Schedule, error) {
	all, err := t.Schedules.All(ctx)
	return slices.DeleteFunc(all, func(s schedules.Schedule) bool { return !t.caller.Local && s.Guild != t.caller.Guild }), err
}

func (t *turn) listSchedules(ctx context.Context, call *shell.Call) error {
	all, err := t.schedulesHere(ctx)
	if err != nil {
		return err
	}
	now, err := t.Schedules.Now(ctx)
	if err != nil {
		return err
	}
	list := Table{Columns: []Column{{Title: "id"}, {Title: "every"}, {Title: "in", Drop: 2}, {Title: "by", Drop: 3}, {Title: "next", Drop: 1}, {Title: "line"}}}
	for _, s := range all {
		next := clockTime(s.Next(now))
		if s.Paused != "" {
			next = "paused: " + clipLine(s.Paused)
		}
		list.Rows = append(list.Rows, []string{s.ID, s.When.String(), t.channelName(s.Channel), s.Nick, next, clipLine(s.Line)})
	}
	if len(list.Rows) == 0 {
		_, err := fmt.Fprintf(call.Stdout, "Nothing is scheduled. `%shelp every` tells how to.\n", t.prefix())
		return err
	}
	return t.cards.write(call.Stdout, Card{Title: "Schedules", Tables: []Table{list}})
}

// ofSchedule finds a schedule that the caller may change: their own, or with the
// right configure anybody's.
func (t *turn) ofSchedule(ctx context.Context, id string) (schedules.Schedule, error) {
	all, err := t.schedulesHere(ctx)
	if err != nil {
		return schedules.Schedule{}, err
	}
	for _, s := range all {
		switch {
		case s.ID != strings.ToLower(id):
		case s.Author == t.caller.ID:
			return s, nil
		default:
			return s, t.mayConfigure("every", everySetting)
		}
	}
	return schedules.Schedule{}, unable("There is no schedule `%s`. `%severy list` shows all.", id, t.prefix())
}

func (t *turn) removeSchedule(ctx context.Context, call *shell.Call, id string) error {
	s, err := t.ofSchedule(ctx, id)
	if err != nil {
		return err
	}
	if shown, err := t.beforeDefining(ctx, "every remove", "end schedule "+s.ID); shown || err != nil {
		return err
	}
	if _, err := t.Schedules.Remove(ctx, s.ID); err != nil { // somebody else may have been first
		return err
	}
	_, err = fmt.Fprintf(call.Stdout, "Schedule %s has ended. It was: every %s: %s\n", s.ID, s.When, s.Line)
	return err
}

func (t *turn) resumeSchedule(ctx context.Context, call *shell.Call, id string) error {
	s, err := t.ofSchedule(ctx, id)
	if err != nil {
		return err
	}
	if s.Paused == "" {
		return unable("Schedule %s does not pause.", s.ID)
	}
	if shown, err := t.beforeDefining(ctx, "every resume", "resume schedule "+s.ID); shown || err != nil {
		return err
	}
	if _, err := t.Schedules.Resume(ctx, s); err != nil {
		return err
	}
	now, err := t.Schedules.Now(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(call.Stdout, "Schedule %s goes on; it runs next %s.\n", s.ID, clockTime(s.Next(now)))
	return err
}
