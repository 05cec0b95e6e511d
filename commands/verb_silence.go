package commands

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/shell"
)

func silenceVerb() verb {
	return verb{
		name:    "silence",
		summary: "keep incidents quiet for a while",
		usage:   []string{"[list]", "TARGET TIME [REASON]", "INCIDENT until-resolved [REASON]", "end SILENCE|TARGET"},
		details: "TARGET is a rule, a cause (memory, sessions, …), a severity, an incident or all; TIME is as in 15m,\n" +
			"1h or 2d. What is silenced is recorded all the same, and fires again once the silence is over.\n" +
			"Its start and its end are announced. It takes the right alerts.",
		examples: []string{"!silence", "!silence list"},
		slash: SlashVerb{Forms: []SlashForm{
			{Name: "list", Summary: "what is silenced now"},
			{Name: "begin", Summary: "keep something quiet", bare: true, Options: []SlashOption{
				{Name: "target", Summary: "a rule, a cause, a severity, an incident, or all", Required: true, source: targetSource},
				{Name: "time", Summary: "for how long, as in 15m, 1h, 2d or until-resolved", Required: true},
				{Name: "reason", Summary: "why"},
			}},
			{Name: "end", Summary: "let it be heard again", Options: []SlashOption{
				{Name: "silence", Summary: "the silence, or its target", Required: true, source: silenceSource},
			}},
		}},
		reads: func(_ context.Context, _ *turn, args []shell.SourceArg) bool { return listsSilences(args) },
		check: func(_ context.Context, t *turn, args []shell.SourceArg) error {
			if listsSilences(args) {
				return t.mayRead("silence")
			}
			return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Alerts, Name: "silence"})
		},
		run: runSilence,
	}
}

func listsSilences(args []shell.SourceArg) bool {
	return len(args) == 0 || len(args) == 1 && args[0].Literal && args[0].Text == "list"
}

// targetSource offers the open incidents and the rules.
func targetSource(ctx context.Context, c *completer) []Suggestion {
	return append(incidentSource(ctx, c), ruleSource(ctx, c)...)
}

// silenceSource offers the silences.
func silenceSource(ctx context.Context, c *completer) (found []Suggestion) {
	if c.Alerts == nil {
		return nil
	}
	all, _ := c.Alerts.Silences(ctx) // what this process knows, while Redis is away
	for _, s := range all {
		found = append(found, Suggestion{Value: s.ID, Label: s.ID + ": " + s.Target})
	}
	return found
}

// untilResolved stands in the place of a time.
const untilResolved = "until-resolved"

func runSilence(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	words := call.Texts()
	switch {
	case t.Alerts == nil:
		return 0, unable("Nothing is watched here.")
	case len(words) == 0, len(words) == 1 && words[0] == "list":
		return 0, t.asAlert(listSilences(ctx, t, call.Stdout))
	case len(words) == 1:
		return 0, t.misused(silenceVerb(), "For how long? As in `silence %s 1h`.", words[0])
	case t.late || t.mode == Only:
		return 0, &guard.Refused{Command: "silence", NeedsPlan: true}
	}
	if err := t.mayDoAtOnce("silence"); err != nil {
		return 0, err
	}
	if err := t.recording.open(ctx); err != nil {
		return 0, err
	}
	if words[0] == "end" {
		return 0, t.asAlert(endSilence(ctx, t, call.Stdout, words[1]))
	}
	wish, err := t.wish(words)
	if err != nil {
		return 0, err
	}
	made, err := t.Alerts.Silence(ctx, wish)
	if err != nil {
		return 0, t.asAlert(err)
	}
	_, err = fmt.Fprintf(call.Stdout, "%s is silent %s (%s). `%ssilence end %s` ends that.\n", made.Target, untilWhen(made), made.ID, t.prefix(), made.ID)
	return 0, err
}

// wish reads what is to be silenced, for how long and why.
func (t *turn) wish(words []string) (alerts.Wish, error) {
	w := alerts.Wish{Target: words[0], Reason: strings.Join(words[2:], " "), By: t.actor()}
	if words[1] == untilResolved {
		return w, nil
	}
	length, ok := timeOf(words[1])
	if !ok || length <= 0 {
		return w, t.misused(silenceVerb(), "`%s` is no time: write 15m, 1h, 2d or %s.", words[1], untilResolved)
	}
	if length > alerts.LongestSilence {
		return w, unable("A silence lasts for 30 days at most.")
	}
	w.For = length
	return w, nil
}

func untilWhen(s alerts.Silence) string {
	if s.Until.IsZero() {
		return "until it is resolved"
	}
	return "for " + lasting(time.Until(s.Until).Round(time.Minute))
}

func listSilences(ctx context.Context, t *turn, out io.Writer) error {
	all, err := t.Alerts.Silences(ctx)
	if err != nil {
		return err
	}
	list := Table{Columns: []Column{{"silence", 0}, {"target", 0}, {"left", 0}, {"by", 2}, {"reason", 1}}}
	for _, s := range all {
		list.Rows = append(list.Rows, []string{s.ID, s.Target, strings.TrimPrefix(untilWhen(s), "for "), s.By.Name, s.Reason})
	}
	if len(list.Rows) == 0 {
		_, err := io.WriteString(out, "Nothing is silenced.\n")
		return err
	}
	return t.cards.write(out, Card{Title: "Silences", Tables: []Table{list}})
}

func endSilence(ctx context.Context, t *turn, out io.Writer, name string) error {
	ended, err := t.Alerts.Unsilence(ctx, name, t.actor())
	if err != nil {
		return err
	}
	for _, s := range ended {
		if _, err := fmt.Fprintf(out, "%s of %s is over.\n", s.ID, s.Target); err != nil {
			return err
		}
	}
	return nil
}
