package commands

import (
	"context"
	"fmt"

	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

func sessionsOverview(ctx context.Context, t *turn, call *shell.Call, _ sessionsArgs) error {
	v, err := t.survey(ctx)
	if err != nil {
		return err
	}
	cleanup, err := t.cleanupState(ctx)
	if err != nil {
		return err
	}
	t.adviseOnSessions(v)
	totals := v.figures(t.snapshot().Int(settings.MaxSessionsPerUser))
	totals.Rows = append(totals.Rows, []string{"Cleanup", cleanup})
	return t.cards.write(call.Stdout, Card{Title: "Sessions", Tables: []Table{totals, v.histogram()}})
}

func sessionsCount(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	if len(args.words) > 0 {
		return t.misused(sessionsVerb(), "`sessions count` takes no words.")
	}
	totals, err := t.sessionsSeen().Count(ctx)
	if err != nil {
		return err
	}
	return t.cards.write(call.Stdout, Card{Title: "Sessions", Tables: []Table{figures(
		[]string{"sessions", grouped(totals.All)},
		[]string{"signed in", grouped(totals.SignedIn)},
		[]string{"anonymous", grouped(totals.Anonymous)},
		[]string{"others", grouped(totals.Foreign)},
	)}})
}

// adviseOnSessions tells the next step where something is amiss.
func (t *turn) adviseOnSessions(v *survey) {
	if v.noTTL > 0 {
		t.hints.add(fmt.Sprintf("Sessions without a TTL never end. `%ssessions fix-ttl` gives them one.", t.prefix()))
	}
}

// figures are what a survey counted.
func (v *survey) figures(most int) Table {
	t := v.totals
	return figures(
		[]string{"Sessions", fmt.Sprintf("%s: %s signed in, %s anonymous, %s others", grouped(t.All), grouped(t.SignedIn), grouped(t.Anonymous), grouped(t.Foreign))},
		[]string{"No TTL", grouped(v.noTTL)},
		[]string{"Over limit", fmt.Sprintf("%s with more than %d", counted(v.over(most), "person", "people"), most)},
	)
}

// cleanupState says when sessions were cleaned up last, and what is left alone.
func (t *turn) cleanupState(ctx context.Context) (string, error) {
	last, err := t.Sessions.Reports(ctx, 1)
	if err != nil {
		return "", err
	}
	consent, err := t.Sessions.Consent(ctx)
	if err != nil {
		return "", err
	}
	text := "never yet"
	if len(last) > 0 {
		text = fmt.Sprintf("%s, ended %s", ago(last[0].At), grouped(last[0].Ended()))
	}
	switch {
	case !t.snapshot().Bool(settings.SessionCleanup):
		text += "; switched off (redis.session_cleanup)"
	case !consent.Given():
		text += "; other software's sessions are left alone"
	}
	return text, nil
}
