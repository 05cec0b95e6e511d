package commands

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/shell"
)

// How many of the most sessions are shown.
const (
	usualTop = 10
	maxTop   = 1000
)

func sessionsTop(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	form, _ := findSessionsForm("top")
	what, n, ok := topWords(args.words)
	if !ok {
		return t.misusedSessions(form, "Of what? users, addresses or size, and how many from 1 to %d.%s", maxTop, meant(strings.Join(args.words[:min(1, len(args.words))], ""), []string{"users", "addresses", "size"}))
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

// topWords reads what the top is of, and how many are wanted.
func topWords(words []string) (what string, n int, ok bool) {
	n = usualTop
	switch len(words) {
	case 2:
		var err error
		if n, err = strconv.Atoi(words[1]); err != nil || n < 1 || n > maxTop {
			return "", 0, false
		}
	case 1:
	default:
		return "", 0, false
	}
	switch strings.ToLower(words[0]) {
	case "user", "users":
		return "users", n, true
	case "address", "addresses", "ip", "ips":
		return "addresses", n, true
	case "size", "sizes":
		return "size", n, true
	}
	return "", 0, false
}

// topNames lists the people, or the addresses, with the most sessions.
func (t *turn) topNames(ctx context.Context, byAddress bool, n int) (string, error) {
	counter := keyspace.NewCounter(maxPeople)
	err := t.sessionsSeen().Each(ctx, func(batch []sessions.Session) error {
		for _, s := range batch {
			counter.Add(topName(s, byAddress))
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i, g := range counter.Groups().Groups {
		if i == n {
			break
		}
		fmt.Fprintf(&b, "%7s %s%s\n", grouped(g.Keys), oneLine(g.Name, maxShownName), missed(g.Missed))
	}
	return b.String(), nil
}

// topName answers what a session counts towards; nil: nothing.
func topName(s sessions.Session, byAddress bool) []byte {
	switch {
	case byAddress && s.IP != "":
		return []byte(cmp.Or(sessions.Network(s.IP), s.IP))
	case !byAddress && s.UserID != "":
		return []byte(s.UserID)
	}
	return nil
}

func missed(n int64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (or up to %s more)", grouped(n))
}

// topSizes lists the largest sessions, each a record that stands for its key.
func (t *turn) topSizes(ctx context.Context, call *shell.Call, n int) error {
	top, err := t.sessionsSeen().TopSizes(ctx, n)
	if err != nil {
		return err
	}
	for _, s := range top {
		line := fmt.Sprintf("%9s B %s", grouped(s.Bytes), t.guard.ShownKey(s.Key))
		if err := call.Stdout.WriteKey([]byte(line), []byte(s.Key)); err != nil {
			return err
		}
	}
	return nil
}
