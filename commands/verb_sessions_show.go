package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/shell"
)

func sessionsShow(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	if len(args.words) == 0 {
		form, _ := findSessionsForm("show")
		return t.misusedSessions(form, "Which session? `%ssessions list` lists them.", t.prefix())
	}
	keys, err := t.sessionKeys(ctx, args.words)
	if err != nil {
		return err
	}
	for i, key := range keys {
		if i > 0 {
			if _, err := call.Stdout.WriteString("\n"); err != nil {
				return err
			}
		}
		if err := t.showSession(ctx, call, key); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) showSession(ctx context.Context, call *shell.Call, key string) error {
	s, err := t.Sessions.Get(ctx, key)
	if errors.Is(err, sessions.ErrNoSession) {
		_, err = fmt.Fprintf(call.Stdout, "%s holds no session, or has ended: `%sredis type` tells.\n", t.guard.ShownKey(key), t.prefix())
		return err
	}
	if err != nil {
		return err
	}
	return t.cards.write(call.Stdout, t.sessionCard(s))
}

// sessionCard is everything about a session, its data without secrets where the
// request is redacted.
func (t *turn) sessionCard(s sessions.Session) Card {
	rows := [][]string{
		{"key", t.guard.ShownKey(s.Key)},
		{"kind", kindOf(s)},
		{"user", named(s.UserID)},
		{"address", address(s.IP)},
		{"made", moment(s.CreatedAt)},
		{"used", moment(s.LastAccessed)},
	}
	if !s.AuthenticatedAt.IsZero() {
		rows = append(rows, []string{"signed in", moment(s.AuthenticatedAt)})
	}
	rows = append(rows, []string{"ends", endsIn(s)})
	if s.UserAgent != "" {
		rows = append(rows, []string{"agent", oneLine(s.UserAgent, sessions.MaxUserAgent)})
	}
	if s.Data != nil {
		data := []byte(s.Data)
		if t.redacts {
			data = t.Redactor.Value(data)
		}
		rows = append(rows, []string{"data", oneLine(string(data), maxShownData)})
	}
	return Card{Title: "Session", Tables: []Table{figures(rows...)}}
}

// maxShownData bounds what is shown of a session's data, in characters.
const maxShownData = 1000

func moment(at time.Time) string {
	if at.IsZero() {
		return "it does not say"
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC") + ", " + ago(at)
}
