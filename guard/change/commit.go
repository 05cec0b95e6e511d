package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/helix-collective/helix/dump"
	"github.com/helix-collective/helix/journal"
)

// commit makes the transactions of a batch, one after another; in a Cluster
// side by side.
func (r *run) commit(ctx context.Context, b *batch) error {
	start := time.Now()
	defer func() { b.took = time.Since(start) }()
	if b.scattered {
		return r.commitScattered(ctx, b)
	}
	for i, u := range b.units {
		err := r.commitUnit(ctx, b, u)
		if isRefused(err) {
			return errors.Join(err, r.concludeAll(b.units[i:]))
		}
		if err != nil && !isUndone(err) {
			return err
		}
		failed := r.conclude(u)
		if err != nil && failed == nil {
			failed = r.concludeAll(b.units[i+1:]) // which are not made
		}
		if err != nil || failed != nil {
			return errors.Join(err, failed)
		}
	}
	return nil
}

func (r *run) concludeAll(units []*unit) error {
	for _, u := range units {
		if err := r.conclude(u); err != nil {
			return err
		}
	}
	return nil
}

func isUndone(err error) bool {
	var undone *UndoneError
	return errors.As(err, &undone)
}

func isRefused(err error) bool {
	var refused *RefusedError
	return errors.As(err, &refused)
}

// commitScattered makes transactions on several servers.
func (r *run) commitScattered(ctx context.Context, b *batch) error {
	errs := make([]error, len(b.units))
	var group sync.WaitGroup
	for i, u := range b.units {
		group.Go(func() { errs[i] = r.commitUnit(ctx, b, u) })
	}
	group.Wait()
	if slices.ContainsFunc(errs, func(err error) bool { return err != nil && !isRefused(err) && !isUndone(err) }) {
		return joined(errs...)
	}
	return errors.Join(joined(errs...), r.concludeAll(b.units))
}

// joined joins the errors of several transactions. What they say of commands that
// are gone again, or of which nobody knows, comes first, and is told of all.
func joined(errs ...error) error {
	undone, unknown := int64(0), 0
	var all []error
	for _, err := range errs {
		undone += undoneBy(err)
		if lost := (*LostError)(nil); errors.As(err, &lost) {
			unknown, err = unknown+lost.Unknown, lost.Err
		}
		all = append(all, err)
	}
	err := errors.Join(all...)
	if unknown > 0 {
		err = &LostError{Unknown: unknown, Err: err}
	}
	if undone > 0 {
		err = errors.Join(&UndoneError{Commands: undone}, err)
	}
	return err
}

func (r *run) commitUnit(ctx context.Context, b *batch, u *unit) error {
	if u.idle() {
		u.outcome, u.states = made, u.unchanged()
		return nil
	}
	if u.marked {
		u.note = r.noteOf(u)
	}
	if u.unwatched {
		return r.commitCompared(ctx, b, u)
	}
	commands := r.transaction(u)
	replies, err := r.submit(ctx, u, commands)
	if err != nil {
		return r.resolve(ctx, b, u, err)
	}
	err = u.conclude(replies, commands)
	if failed := asRefusal(err); failed != nil {
		return r.refused(ctx, b, u, failed, replies, commands)
	}
	if err != nil || u.outcome != made {
		return err
	}
	r.trouble.over()
	if !u.marked {
		return nil
	}
	list, _ := elements(replies[len(replies)-1])
	return r.noted(ctx, b, u, list[len(list)-1])
}

// refused deals with a transaction of which nothing was done.
func (r *run) refused(ctx context.Context, b *batch, u *unit, why *ServerError, replies [][]byte, commands [][]string) error {
	switch {
	case why.Code() == "OOM" && u.unwatchable() && !u.scripted:
		r.full.Store(true)
		return r.commitUnit(ctx, b, u) // as a script
	case passing(why):
		return r.elsewhere(ctx, b, u, why)
	case why.Halts():
		return &RefusedError{why}
	}
	return u.refuse(why, replies, commands)
}

// transaction lists the commands from MULTI to EXEC.
func (r *run) transaction(u *unit) [][]string {
	list := [][]string{{"MULTI"}, {"TIME"}}
	for _, c := range u.commands {
		if c != nil {
			list = append(list, c)
		}
	}
	if u.images != nil {
		for i, name := range u.names {
			if u.fingerprinted(i) {
				list = append(list, []string{"DUMP", name})
			}
			if !u.foretold(i) {
				list = append(list, []string{"PTTL", name})
			}
		}
	}
	if u.marked {
		list = append(list, u.setMarker())
	}
	return append(list, []string{"EXEC"})
}

// fingerprinted reports whether a key's value is looked at afterwards.
func (u *unit) fingerprinted(i int) bool {
	return u.fates[i].alters && !u.fates[i].ends && (u.heavy == nil || !u.heavy[i])
}

// refusal is an answer that stands in the place of QUEUED, or of all replies.
type refusal struct{ *ServerError }

func asRefusal(err error) *ServerError {
	if r, ok := err.(refusal); ok {
		return r.ServerError
	}
	return nil
}

// conclude reads the replies of a transaction. A *refusal means that nothing of
// it was done.
func (u *unit) conclude(replies [][]byte, commands [][]string) error {
	last := replies[len(replies)-1]
	if text, failed := isError(last); failed {
		for _, reply := range replies[:len(replies)-1] {
			if text, failed := isError(reply); failed {
				return refusal{&ServerError{text}}
			}
		}
		return refusal{&ServerError{text}}
	}
	results, ok := elements(last)
	if !ok {
		u.outcome = conflicted
		return nil
	}
	if len(results) != len(commands)-2 {
		return fmt.Errorf("read a transaction's replies: %w", errMalformed)
	}
	now, ok := milliseconds(results[0])
	if !ok {
		return fmt.Errorf("ask for the time: %w", errMalformed)
	}
	rest := u.takeReplies(results[1:])
	u.outcome = made
	return u.takeStates(now, rest)
}

// takeReplies gives every step its reply and answers the results that follow.
func (u *unit) takeReplies(results [][]byte) (rest [][]byte) {
	u.replies = make([][]byte, len(u.commands))
	for i, c := range u.commands {
		if c != nil {
			u.replies[i], results = results[0], results[1:]
		}
	}
	return results
}

// takeStates reads what the keys hold now.
func (u *unit) takeStates(now int64, results [][]byte) error {
	if u.images == nil {
		return nil
	}
	u.states = make([]journal.State, len(u.names))
	for i := range u.names {
		var content []byte
		if u.foretold(i) {
			u.states[i] = u.foretoldState(i, now)
			continue
		}
		if u.fingerprinted(i) {
			content, results = results[0], results[1:]
		}
		var err error
		if u.states[i], err = u.stateOf(i, now, content, results[0]); err != nil {
			return err
		}
		results = results[1:]
	}
	return nil
}

// foretold reports whether it is known what becomes of a key without asking.
func (u *unit) foretold(i int) bool { return u.fates[i].ends || u.fates[i].lives > 0 }

// foretoldState answers what became of such a key.
func (u *unit) foretoldState(i int, now int64) journal.State {
	f := u.fates[i]
	if f.ends {
		return journal.State{}
	}
	state := journal.State{Exists: u.images[i].Exists, Deadline: u.images[i].Deadline}
	if n, ok := integer(u.replies[f.by]); ok && n == 1 {
		state.Deadline = now + f.lives.Milliseconds()
	}
	return state
}

// missing is what PTTL answers for a key that is not there.
const missing = -2

// stateOf reads what DUMP and PTTL answered for a key; content is nil where
// DUMP was not asked.
func (u *unit) stateOf(i int, now int64, content, ttl []byte) (journal.State, error) {
	left, _ := integer(ttl)
	state := journal.State{Exists: left != missing, Deadline: deadlineOf(now, ttl)}
	payload, ok := bulk(content)
	if !ok {
		state.Altered = state.Exists && u.fates[i].alters
		return state, nil
	}
	sum, err := dump.Digest(payload)
	if err != nil {
		return state, fmt.Errorf("read the value of a key: %w", err)
	}
	state.Altered, state.Sum = true, sum
	return state, nil
}

// refuse ends a transaction that the server refused: a single command has its
// answer, several are made one by one.
func (u *unit) refuse(failed *ServerError, replies [][]byte, commands [][]string) error {
	if len(u.commands) > 1 {
		u.outcome = refused
		return nil
	}
	for i, reply := range replies[:len(replies)-1] {
		if text, bad := isError(reply); bad && !ours(commands[i]) {
			u.outcome, u.replies, u.states = made, [][]byte{reply}, u.unchanged()
			return nil
		} else if bad {
			return &ServerError{text}
		}
	}
	return failed
}

// ours reports whether a command of a transaction is one that nobody asked for.
func ours(command []string) bool {
	switch command[0] {
	case "MULTI", "TIME", "EXEC":
		return true
	case "DUMP", "PTTL":
		return false // those of the person cannot be told apart, and fail for the same reason
	}
	return command[0] == "SET" && len(command) > 1 && IsMarker(command[1])
}
