package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/shell"
)

func sessionsEnd(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	form, _ := findSessionsForm("end")
	ending, err := t.toEnd(ctx, form, args)
	if err != nil {
		return err
	}
	if len(ending.Keys) == 0 {
		_, err := call.Stdout.WriteString(t.nothingToEnd(args))
		return err
	}
	if err := t.mayEnd(ending); err != nil {
		return err
	}
	if t.mode == Direct {
		return t.endSessions(ctx, ending, call.Stdout)
	}
	return t.noteEnding(ending)
}

// ending is sessions that are to be ended, as a plan keeps it.
type ending struct {
	Keys []string `json:"keys"`

	users int // whose they are
}

// toEnd finds the sessions that a call of end means.
func (t *turn) toEnd(ctx context.Context, form sessionsForm, args sessionsArgs) (ending, error) {
	user, byUser := args.flags["--user"]
	switch {
	case byUser && (len(args.words) > 0 || user == ""):
		return ending{}, t.misusedSessions(form, "`--user` names a person whose sessions end, and no session besides.")
	case args.has("--extra") && (!byUser || args.has("--except")):
		return ending{}, t.misusedSessions(form, "`--extra` ends the sessions of one `--user` beyond their limit, and takes no `--except`.")
	case !byUser && (len(args.words) == 0 || args.has("--except")):
		return ending{}, t.misusedSessions(form, "Which session shall end? `%ssessions list` lists them.", t.prefix())
	case args.has("--extra"):
		return t.extraOf(ctx, user)
	case byUser:
		return t.toEndOf(ctx, user, args)
	}
	keys, err := t.sessionKeys(ctx, args.words)
	slices.Sort(keys)
	return ending{Keys: slices.Compact(keys)}, err
}

// maxEnding bounds how many sessions one call ends, which a plan holds in memory.
const maxEnding = 50_000

// toEndOf finds the sessions of a person.
func (t *turn) toEndOf(ctx context.Context, user string, args sessionsArgs) (ending, error) {
	stays := ""
	if word, ok := args.flags["--except"]; ok {
		keys, err := t.sessionKeys(ctx, []string{word})
		if err != nil {
			return ending{}, err
		}
		stays = keys[0]
	}
	e := ending{users: 1}
	err := t.eachOf(ctx, user, func(s sessions.Session) {
		if s.Key != stays {
			e.Keys = append(e.Keys, s.Key)
		}
	})
	slices.Sort(e.Keys)
	return e, err
}

// eachOf visits the sessions of a person that the caller may see.
func (t *turn) eachOf(ctx context.Context, user string, visit func(sessions.Session)) error {
	n := 0
	return t.sessionsSeen().Each(ctx, func(batch []sessions.Session) error {
		for _, s := range batch {
			if s.Person() == user {
				n++
				visit(s)
			}
		}
		if n > maxEnding {
			return unable("%s has more than %s sessions. `%sredis --scan --pattern` with xargs reaches so many.", named(user), grouped(maxEnding), t.prefix())
		}
		return nil
	})
}

// mayEnd checks the right to end sessions, of each.
func (t *turn) mayEnd(e ending) error {
	return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Destroy, Name: "sessions end", Keys: e.Keys})
}

// maxNamed is how many keys a plan names.
const maxNamed = 5

func (t *turn) endingText(e ending) string {
	n := int64(len(e.Keys))
	return strings.Join([]string{
		fmt.Sprintf("Plan: end %s%s.", counted(n, "session", "sessions"), ofPeople(int64(e.users))),
		"Keys: " + t.named(e.Keys[:min(maxNamed, len(e.Keys))], n),
		"Warning: whoever they belong to has to sign in again.",
		"It CANNOT be taken back: a session that was ended stays ended.",
	}, "\n")
}

// The changes of sessions that are no commands of Redis, as the only step of a
// plan: the mark, a word, and JSON.
const (
	sessionsMark = "sessions "
	endWord      = "end "
	cleanupWord  = "cleanup "
)

// noteEnding notes sessions that the program is to end: xargs may call end many
// times, and people are asked once.
func (t *turn) noteEnding(e ending) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ending == nil {
		t.ending = &ending{users: e.users}
	}
	t.ending.Keys = append(t.ending.Keys, e.Keys...)
	if len(t.ending.Keys) > maxEnding {
		return unable("One plan ends at most %s sessions. `%sredis --scan --pattern` with `xargs redis unlink` takes more.", grouped(maxEnding), t.prefix())
	}
	return nil
}

// planEnding asks a confirmation for the sessions that the program is to end.
func (t *turn) planEnding(ctx context.Context) error {
	if t.ending == nil {
		return nil
	}
	slices.Sort(t.ending.Keys)
	t.ending.Keys = slices.Compact(t.ending.Keys)
	step, err := json.Marshal(t.ending)
	if err != nil {
		return fmt.Errorf("plan to end sessions: %w", err)
	}
	return t.planFinal(ctx, endWord+string(step), "sessions end", t.endingText(*t.ending), int64(len(t.ending.Keys)))
}

// planFinal asks a confirmation, by a word, for a change of sessions that cannot
// be taken back.
func (t *turn) planFinal(ctx context.Context, step, line, text string, keys int64) error {
	switch {
	case t.mode == Only:
		t.waits = &Plan{Text: text}
		return nil
	case t.Plans == nil:
		return &guard.Refused{Command: line, NeedsPlan: true}
	}
	needs := guard.Summary{Rights: []permissions.Right{permissions.Destroy}, Keys: keys}
	return t.planStep(ctx, sessionsMark+step, plans.Plan{
		Line: line, Text: text, Word: wordForever, Keys: keys,
		Rights: []string{string(permissions.Destroy)}, Approval: t.approval(needs),
	})
}

// changeSessions carries out the step of a plan, after the rights are checked
// anew.
func (t *turn) changeSessions(ctx context.Context, step string, out io.Writer) error {
	if text, ok := strings.CutPrefix(step, endWord); ok {
		var e ending
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return fmt.Errorf("read the plan to end sessions: %w", err)
		}
		if err := t.mayEnd(e); err != nil {
			return err
		}
		return t.endSessions(ctx, e, out)
	}
	return t.carryOutCleanup(ctx, strings.TrimPrefix(step, cleanupWord) == string(ofForeign), out)
}

// endSessions ends sessions and says how many there were.
func (t *turn) endSessions(ctx context.Context, e ending, out io.Writer) error {
	if err := t.recording.open(ctx); err != nil {
		return err
	}
	ended, err := t.Sessions.DestroyKeys(ctx, e.Keys)
	if ended > 0 {
		t.recording.count("sessions ended", ended)
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Ended %s.\n", counted(int64(ended), "session", "sessions"))
	if gone := len(e.Keys) - ended; gone > 0 {
		text = fmt.Sprintf("Ended %s; %s had ended already.\n", counted(int64(ended), "session", "sessions"), grouped(int64(gone)))
	}
	_, err = io.WriteString(out, text)
	return err
}
