package commands

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

// unheard takes the answers of commands that a verb gives, which nobody asked to
// see.
type unheard struct{ io.Writer }

func (unheard) WriteKey(_, _ []byte) error { return nil }
func (unheard) Flush() error               { return nil }
func (unheard) Gone() <-chan struct{}      { return nil }

// sessionsFixTTL gives the sessions without a TTL one, as EXPIRE with NX does:
// one that has got one meanwhile keeps it.
func sessionsFixTTL(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	if len(args.words) > 0 {
		return t.misused(sessionsVerb(), "`sessions fix-ttl` takes no words: it means every session without a TTL.")
	}
	ttl := t.snapshot().Duration(settings.SessionTTL)
	n, err := t.sessionsSeen().WithoutTTL(ctx, func(keys [][]byte) error {
		for some := range slices.Chunk(keys, fixAtOnce) {
			batch := make([][]string, len(some))
			for i, key := range some {
				batch[i] = []string{"expire", string(key), strconv.FormatInt(int64(ttl.Seconds()), 10), "NX"}
			}
			if _, err := t.guard.DoBatch(ctx, t.caller, batch, unheard{io.Discard}, call.Stderr); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	text := "Every session has a TTL.\n"
	if n > 0 {
		text = fmt.Sprintf("%s without a TTL: now %s.\n", counted(n, "session", "sessions"), lasting(ttl))
	}
	_, err = call.Stdout.WriteString(text)
	return err
}

// fixAtOnce is how many commands are given at a time.
const fixAtOnce = 500

// sessionsExtend lets the key of a session live longer, never shorter.
func sessionsExtend(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	form, _ := findSessionsForm("extend")
	if len(args.words) != 2 {
		return t.misusedSessions(form, "`sessions extend` takes a session and for how long from now, as 1h or 3600.")
	}
	more, ok := timeOf(args.words[1])
	if !ok {
		return t.misusedSessions(form, "`%s` is no time; write 3600, 90m, 1h or 7d.", args.words[1])
	}
	keys, err := t.sessionKeys(ctx, args.words[:1])
	if err != nil {
		return err
	}
	s, err := t.Sessions.Get(ctx, keys[0])
	if err == nil && s.ExpiresIn == sessions.NoExpiry {
		return unable("It has no TTL, so it does not end; `%ssessions fix-ttl` gives it one.", t.prefix())
	}
	if err == nil && s.ExpiresIn >= more {
		return unable("It lasts for another %s already. Nothing was changed.", lasting(s.ExpiresIn))
	}
	t.hints.add(fmt.Sprintf("The policy still holds: Helix refuses a session that is not used for %s (redis.session_idle_timeout) or older than %s (redis.session_ttl), however long its key lives.",
		lasting(t.snapshot().Duration(settings.SessionIdleTimeout)), lasting(t.snapshot().Duration(settings.SessionTTL))))
	_, err = t.guard.Do(ctx, t.caller, []string{"expire", keys[0], strconv.FormatInt(int64(more.Seconds()), 10), "GT"}, unheard{io.Discard}, call.Stderr)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(call.Stdout, "Its key lives for another %s.\n", lasting(more))
	return err
}
