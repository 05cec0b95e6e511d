package commands

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/shell"
)

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

// visitors lists people, those with the most sessions first.
func visitors(people map[string]*visitor) string {
	list := slices.SortedFunc(maps.Values(people), func(a, b *visitor) int {
		return cmp.Or(cmp.Compare(b.sessions, a.sessions), cmp.Compare(a.name, b.name))
	})
	var b strings.Builder
	for _, v := range list {
		fmt.Fprintf(&b, "%7s %s, used %s\n", grouped(v.sessions), v.name, ago(v.used))
	}
	return b.String()
}
