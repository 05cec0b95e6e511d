package change

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/journal"
)

// Where a step only gives keys another time to live, and one that outlasts what
// is kept, nothing but their times is at stake. A script that compares these
// with what was kept takes the server about half of what WATCH and a transaction
// do, and five times as many keys at once.

//go:embed timed.lua
var timedSource string

// timed reports whether a step's keys are changed by the script.
func (r *run) timed(s Step) bool {
	return s.Each && r.Journal != nil && !r.unscripted.Load() && !r.full.Load() && len(s.Argv) <= 4 && s.Keys[0].Lives > r.memory()
}

// lookTimed asks how long the keys live.
func (u *unit) lookTimed(ctx context.Context, db int) error {
	replies, err := u.session.exchange(ctx, append([][]string{{"TIME"}}, each(u.names, func(int) []string { return []string{"PTTL"} })...))
	if err != nil {
		return err
	}
	now, ok := milliseconds(replies[0])
	if !ok {
		return errors.Join(asError(replies[0]), fmt.Errorf("ask for the time: %w", errMalformed))
	}
	images := make([]journal.Image, len(u.names))
	for i, name := range u.names {
		if err := asError(replies[1+i]); err != nil {
			return fmt.Errorf("look at a key: %w", err)
		}
		images[i] = imageOf(db, name, now, nil, replies[1+i])
	}
	u.images, u.large, u.at, u.timed = images, make([]bool, len(images)), now, true
	return nil
}

// commitTimed makes a unit by the script.
func (r *run) commitTimed(ctx context.Context, b *batch, u *unit) error {
	reply, err := u.session.script(ctx, timedSource, u.timedKeys(r.ID), u.timedWords())
	if err != nil {
		return r.resolve(ctx, b, u, err)
	}
	if failed := asError(reply); failed != nil {
		return r.refusedTimed(ctx, b, u, failed.(*ServerError))
	}
	results, ok := elements(reply)
	if !ok {
		u.outcome = conflicted
		return nil
	}
	if err := u.concludeTimed(results); err != nil {
		return err
	}
	r.trouble.over()
	if !u.marked {
		return nil
	}
	return r.noted(b, u, results[2])
}

// refusedTimed deals with a script of which nothing was done.
func (r *run) refusedTimed(ctx context.Context, b *batch, u *unit, why *ServerError) error {
	switch {
	case passing(why):
		return r.elsewhere(ctx, b, u, why)
	case why.Halts():
		return &RefusedError{why}
	}
	r.unscripted.Store(true) // whatever is wrong with the command shows by itself
	u.outcome = conflicted
	return nil
}

// timedKeys lists the unit's keys, and behind them the one of ours if it notes
// its number there.
func (u *unit) timedKeys(id string) []string {
	if !u.marked {
		return u.names
	}
	return append(u.names[:len(u.names):len(u.names)], markerKey(id))
}

// timedWords are the script's arguments: the number to note and how long that
// lasts, the command without its key, and when each key ends.
func (u *unit) timedWords() []string {
	argv := u.steps[0].Argv
	words := make([]string, 0, 3+len(argv)+len(u.images))
	number := ""
	if u.marked {
		number = strconv.FormatInt(u.number, 10)
	}
	words = append(words, number, strconv.FormatInt(markerLasts.Milliseconds(), 10), strconv.Itoa(len(argv)-2), argv[0])
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
	return words
}

// concludeTimed reads what the script answered: the time, the reply for each
// key, a digit, and the number that stood in the key of ours.
func (u *unit) concludeTimed(results [][]byte) error {
	if len(results) != 3 {
		return fmt.Errorf("read a script's reply: %w", errMalformed)
	}
	now, ok := integer(results[0])
	digits, _ := bulk(results[1])
	if !ok || len(digits) != len(u.names) {
		return fmt.Errorf("read a script's reply: %w", errMalformed)
	}
	u.outcome = made
	u.replies, u.states = make([][]byte, len(digits)), make([]journal.State, len(digits))
	for i, digit := range digits {
		u.replies[i] = []byte{':', digit, '\r', '\n'}
		u.states[i] = u.foretoldState(i, now)
	}
	return nil
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
