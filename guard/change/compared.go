package change

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/dump"
	"github.com/helix-collective/helix/journal"
)

// Keys of a step that has Each, and that are taken away or get another time to
// live, are not watched. A script compares them with what was kept and then
// changes them, which takes the server about two thirds of what WATCH and a
// transaction do, or a third where only their times are at stake.

//go:embed compared.lua
var comparedSource string

// maxCompared bounds the strings that the script compares, in bytes.
const maxCompared = 8 << 10

// scriptable reports whether a step's keys are changed by the script.
func (r *run) scriptable(s Step) bool {
	if !s.Each || r.Journal == nil || r.unscripted.Load() || r.full.Load() || len(s.Argv) > 4 {
		return false
	}
	return s.Keys[0].Lives > 0 || s.Keys[0].Ends
}

// valued reports whether the values of a step's keys are kept, and so compared.
func (r *run) valued(s Step) bool { return s.Keys[0].Ends || s.Keys[0].Lives <= r.memory() }

// lookUnwatched asks what the keys hold, if they are strings that are not long,
// and how long they live. There are no images afterwards if one holds something
// else.
func (u *unit) lookUnwatched(ctx context.Context, db int, valued bool) error {
	upTo := strconv.Itoa(maxCompared) // one byte more than is compared
	var texts []string
	if valued {
		texts = make([]string, 0, len(u.names))
	}
	err := u.asking(ctx, db, nil, func(i int) []string {
		if !valued {
			return nil
		}
		return []string{"GETRANGE", u.names[i], "0", upTo}
	}, func(reply []byte) ([]byte, bool) {
		if !valued {
			return nil, true
		}
		text, ok := bulk(reply)
		if !ok || len(text) > maxCompared {
			return nil, false
		}
		texts = append(texts, string(text))
		return dump.OfString(text), true
	})
	u.unwatched, u.texts = err == nil && u.images != nil, texts
	return err
}

// commitCompared makes a unit by the script.
func (r *run) commitCompared(ctx context.Context, b *batch, u *unit) error {
	if err := r.connect(ctx, b.db, u); err != nil {
		return err
	}
	defer r.letGo(u)
	reply, err := u.session.script(ctx, comparedSource, u.comparedKeys(), u.comparedWords())
	if err != nil {
		return r.resolve(ctx, b, u, err)
	}
	if text, failed := isError(reply); failed {
		return r.refusedScript(ctx, b, u, &ServerError{withoutLine(text)})
	}
	results, ok := elements(reply)
	if !ok {
		u.outcome = conflicted
		return nil
	}
	if err := u.concludeCompared(results); err != nil {
		return err
	}
	r.trouble.over()
	if !u.marked {
		return nil
	}
	return r.noted(ctx, b, u, results[2])
}

// withoutLine takes from an error what the server adds of the script's line.
func withoutLine(text string) string {
	if at := strings.LastIndex(text, " script: "); at > 0 && strings.Contains(text[at:], "@user_script") {
		return strings.TrimSpace(text[:at])
	}
	return text
}

// refusedScript deals with a script of which nothing was done.
func (r *run) refusedScript(ctx context.Context, b *batch, u *unit, why *ServerError) error {
	switch {
	case passing(why):
		return r.elsewhere(ctx, b, u, why)
	case why.Halts():
		return &RefusedError{why}
	}
	r.unscripted.Store(true) // and what is wrong with a command shows without it
	u.outcome = conflicted
	return nil
}

// comparedKeys lists the unit's keys, and behind them the one of ours if it notes
// its number there.
func (u *unit) comparedKeys() []string {
	if !u.marked {
		return u.names
	}
	return append(slices.Clip(u.names), u.marker.key)
}

// comparedWords are the script's arguments.
func (u *unit) comparedWords() []string {
	argv := u.steps[0].Argv
	words := make([]string, 0, 5+len(argv)+2*len(u.images))
	number, valued := "", "0"
	if u.marked {
		number = u.note.String()
	}
	if u.texts != nil {
		valued = "1"
	}
	words = append(words, number, strconv.FormatInt(markerLasts.Milliseconds(), 10), valued, strconv.Itoa(len(argv)-2), argv[0])
	words = append(words, argv[2:]...)
	for _, image := range u.images {
		switch {
		case !image.Exists:
			words = append(words, "-2")
		case image.Deadline == 0:
			words = append(words, "-1")
		default:
			words = append(words, strconv.FormatInt(image.Deadline, 10))
		}
	}
	return append(words, u.texts...)
}

// concludeCompared reads what the script answered.
func (u *unit) concludeCompared(results [][]byte) error {
	if len(results) != 3 {
		return fmt.Errorf("read a script's reply: %w", errMalformed)
	}
	now, ok := integer(results[0])
	text, told := bulk(results[1])
	if !ok || !told {
		return fmt.Errorf("read a script's reply: %w", errMalformed)
	}
	u.outcome = made
	u.replies = u.comparedReplies(text)
	if len(u.replies) != len(u.commands) {
		return fmt.Errorf("read a script's reply: %w", errMalformed)
	}
	u.states = make([]journal.State, len(u.names))
	for i := range u.names {
		u.states[i] = u.foretoldState(i, now)
	}
	return nil
}

// comparedReplies answers the replies that the script stands for: what UNLINK of
// a key answers goes by whether there was one.
func (u *unit) comparedReplies(text []byte) [][]byte {
	if u.steps[0].Together {
		return [][]byte{slices.Concat([]byte{':'}, text, []byte("\r\n"))}
	}
	if u.fates[0].ends {
		text = make([]byte, len(u.images))
		for i, image := range u.images {
			text[i] = '0'
			if image.Exists {
				text[i] = '1'
			}
		}
	}
	replies, all := make([][]byte, len(text)), make([]byte, 0, 4*len(text))
	for i, digit := range text {
		all = append(all, ':', digit, '\r', '\n')
		replies[i] = all[4*i : 4*i+4]
	}
	return replies
}

// script has the server run a script, sending its text where that is not known
// there, and answers the raw reply.
func (s *session) script(ctx context.Context, source string, keys, words []string) ([]byte, error) {
	argv := append([]string{"EVALSHA", redis.NewScript(source).Hash(), strconv.Itoa(len(keys))}, keys...)
	argv = append(argv, words...)
	for {
		replies, err := s.exchange(ctx, [][]string{argv})
		if err != nil {
			return nil, err
		}
		text, failed := isError(replies[0])
		if !failed || (&ServerError{text}).Code() != "NOSCRIPT" || argv[0] == "EVAL" {
			return replies[0], nil
		}
		argv[0], argv[1] = "EVAL", source
	}
}
