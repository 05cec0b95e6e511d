package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
)

// extraOf finds the sessions that a person has beyond redis.max_sessions_per_user,
// as that is now: those not used for longest. Other software's are among them.
func (t *turn) extraOf(ctx context.Context, user string) (ending, error) {
	var theirs []sessions.Session
	err := t.eachOf(ctx, user, func(s sessions.Session) {
		theirs = append(theirs, sessions.Session{Key: s.Key, LastAccessed: s.LastAccessed, CreatedAt: s.CreatedAt})
	})
	if err != nil {
		return ending{}, err
	}
	slices.SortFunc(theirs, func(a, b sessions.Session) int {
		return cmp.Or(a.LastAccessed.Compare(b.LastAccessed), a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Key, b.Key))
	})
	e := ending{users: 1}
	for _, s := range theirs[:max(0, len(theirs)-t.mostOfOne())] {
		e.Keys = append(e.Keys, s.Key)
	}
	slices.Sort(e.Keys)
	return e, nil
}

// mostOfOne is how many sessions one person may have.
func (t *turn) mostOfOne() int { return t.snapshot().Int(settings.MaxSessionsPerUser) }

// nothingToEnd says why an end has nothing to do.
func (t *turn) nothingToEnd(args sessionsArgs) string {
	if !args.has("--extra") {
		return "There is no such session.\n"
	}
	return fmt.Sprintf("%s has no more than the %s that one person may have.\n", named(args.flags["--user"]), counted(int64(t.mostOfOne()), "session", "sessions"))
}
