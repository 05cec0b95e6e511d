package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/shell"
)

func sessionsCount(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	if len(args.words) > 0 {
		return t.misused(sessionsVerb(), "`sessions count` takes no words.")
	}
	totals, err := t.sessionsSeen().Count(ctx)
	if err != nil {
		return err
	}
	_, err = call.Stdout.WriteString(table([][]string{
		{"sessions", grouped(totals.All)},
		{"signed in", grouped(totals.SignedIn)},
		{"anonymous", grouped(totals.Anonymous)},
		{"others", grouped(totals.Foreign)},
	}))
	return err
}

// filter is which sessions are listed.
type filter struct {
	user, address string
	older         time.Duration
	noTTL         bool
	now           time.Time
}

func (t *turn) sessionsFilter(form sessionsForm, args sessionsArgs) (filter, error) {
	f := filter{user: args.flags["--user"], noTTL: args.has("--no-ttl"), now: time.Now()}
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
		s, err := t.Sessions.Get(ctx, key)
		if err != nil && !errors.Is(err, sessions.ErrNoSession) {
			return err
		}
		text := t.sessionCard(s)
		if err != nil {
			text = fmt.Sprintf("%s holds no session, or has ended: `%sredis type` tells.\n", t.guard.ShownKey(key), t.prefix())
		}
		if i > 0 {
			text = "\n" + text
		}
		if _, err := call.Stdout.WriteString(text); err != nil {
			return err
		}
	}
	return nil
}

// sessionCard is everything about a session, its data without secrets where the
// request is redacted.
func (t *turn) sessionCard(s sessions.Session) string {
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
	return table(rows)
}

// maxShownData bounds what is shown of a session's data, in characters.
const maxShownData = 1000

func moment(at time.Time) string {
	if at.IsZero() {
		return "it does not say"
	}
	return at.UTC().Format("2006-01-02 15:04:05 UTC") + ", " + ago(at)
}

func sessionsWho(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	form, _ := findSessionsForm("who")
	if len(args.words) != 1 || sessions.Network(args.words[0]) == "" {
		return t.misusedSessions(form, "`sessions who` takes one IPv4 or IPv6 address.")
	}
	people := make(map[string]*visitor)
	f := filter{address: sessions.Network(args.words[0])}
	err := t.sessionsSeen().Each(ctx, func(batch []sessions.Session) error {
		for _, s := range batch {
			if f.takes(s) {
				meet(people, s)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(people) == 0 {
		_, err := fmt.Fprintf(call.Stdout, "Nobody has a session from %s.\n", f.address)
		return err
	}
	_, err = call.Stdout.WriteString(visitors(people))
	return err
}

// visitor is one person at an address.
type visitor struct {
	name     string
	sessions int64
	used     time.Time
}

// maxVisitors bounds how many people at one address are told apart.
const maxVisitors = 10_000

func meet(people map[string]*visitor, s sessions.Session) {
	v := people[s.UserID]
	if v == nil {
		if len(people) >= maxVisitors {
			return
		}
		v = &visitor{name: named(s.UserID)}
		people[s.UserID] = v
	}
	v.sessions++
	if s.LastAccessed.After(v.used) {
		v.used = s.LastAccessed
	}
}

func sessionsTop(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	form, _ := findSessionsForm("top")
	what, n, ok := topWords(args.words)
	if !ok {
		return t.misusedSessions(form, "Of what? users, addresses or size, and how many from 1 to %d.", maxTop)
	}
	if what == "size" {
		return t.topSizes(ctx, call, n)
	}
	text, err := t.topNames(ctx, strings.TrimSuffix(what, "es") == "address", n)
	if err != nil {
		return err
	}
	_, err = call.Stdout.WriteString(text)
	return err
}
