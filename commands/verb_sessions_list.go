package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/shell"
)

// filter is which sessions are listed.
type filter struct {
	user, address string
	older         time.Duration
	noTTL         bool
	now           time.Time
}

func (t *turn) sessionsFilter(form sessionsForm, args sessionsArgs) (filter, error) {
	f := filter{user: args.flags["--user"], noTTL: args.has("--no-ttl"), now: t.Now()}
	if text := args.flags["--ip"]; text != "" {
		if f.address = sessions.Network(text); f.address == "" {
			return f, t.misusedSessions(form, "`%s` is no IPv4 or IPv6 address.", text)
		}
	}
	if text, ok := args.flags["--older"]; ok {
		if f.older, ok = timeOf(text); !ok {
			return f, t.misusedSessions(form, "`%s` is no time; write 3600, 90m, 1h or 7d.", text)
		}
	}
	return f, nil
}

// takes reports whether a session is listed.
func (f filter) takes(s sessions.Session) bool {
	switch {
	case f.user != "" && s.UserID != f.user,
		f.address != "" && (s.IP == "" || sessions.Network(s.IP) != f.address),
		f.older > 0 && (s.CreatedAt.IsZero() || f.now.Sub(s.CreatedAt) < f.older),
		f.noTTL && s.ExpiresIn != sessions.NoExpiry:
		return false
	}
	return true
}

func sessionsList(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	form, _ := findSessionsForm("list")
	f, err := t.sessionsFilter(form, args)
	if err != nil {
		return err
	}
	if len(args.words) > 0 {
		return t.misusedSessions(form, "`sessions list` takes options alone. Did you mean `%ssessions show %s`?", t.prefix(), args.words[0])
	}
	write := t.sessionLine
	if args.has("--json") {
		write = t.sessionJSON
	}
	return t.listed(ctx, call, f, write)
}

// listed writes the sessions that a filter takes, each as one record that stands
// for its key.
func (t *turn) listed(ctx context.Context, call *shell.Call, f filter, write func(sessions.Session) string) error {
	var failed error
	err := t.sessionsSeen().Each(ctx, func(batch []sessions.Session) error {
		for _, s := range batch {
			if !f.takes(s) {
				continue
			}
			if failed = call.Stdout.WriteKey([]byte(write(s)), []byte(s.Key)); failed != nil {
				return failed
			}
		}
		return nil
	})
	if failed != nil {
		return failed
	}
	return err
}

// sessionLine is a session in one line: its key first.
func (t *turn) sessionLine(s sessions.Session) string {
	if s.Malformed {
		return fmt.Sprintf("%s  (holds no session)  ends %s", t.guard.ShownKey(s.Key), endsIn(s))
	}
	return fmt.Sprintf("%s  %s  %s  made %s  used %s  ends %s", t.guard.ShownKey(s.Key), named(s.UserID), address(s.IP),
		ago(s.CreatedAt), ago(s.LastAccessed), endsIn(s))
}

func named(userID string) string {
	if userID == "" {
		return "anonymous"
	}
	return oneLine(userID, maxShownName)
}

// maxShownName bounds what is shown of what anybody may have written, in
// characters.
const maxShownName = 80

func address(ip string) string {
	if ip == "" {
		return "no address"
	}
	return oneLine(ip, maxShownName)
}

func ago(at time.Time) string {
	if at.IsZero() {
		return "nobody knows when"
	}
	return lasting(max(time.Since(at), 0)) + " ago"
}

func endsIn(s sessions.Session) string {
	if s.ExpiresIn == sessions.NoExpiry {
		return "never"
	}
	return "in " + lasting(s.ExpiresIn)
}

// sessionJSON is a session as one line of JSON, as jq reads it.
func (t *turn) sessionJSON(s sessions.Session) string {
	line := struct {
		Key     string   `json:"key"`
		Kind    string   `json:"kind"`
		UserID  string   `json:"user_id"`
		IP      string   `json:"ip"`
		Created *float64 `json:"created_at"`
		Used    *float64 `json:"last_accessed"`
		TTL     int64    `json:"ttl"`
	}{t.guard.ShownKey(s.Key), kindOf(s), s.UserID, s.IP, secondsOf(s.CreatedAt), secondsOf(s.LastAccessed), -1}
	if s.ExpiresIn != sessions.NoExpiry {
		line.TTL = int64(s.ExpiresIn.Seconds())
	}
	text, _ := json.Marshal(line) // of texts and numbers: never fails
	return string(text)
}

func secondsOf(at time.Time) *float64 {
	if at.IsZero() {
		return nil
	}
	seconds := float64(at.UnixMicro()) / 1e6
	return &seconds
}

func kindOf(s sessions.Session) string {
	switch {
	case s.Foreign:
		return "other software"
	case s.UserID == "":
		return "anonymous"
	}
	return "signed in"
}
