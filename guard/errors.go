package guard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Refused says that a call does not run, whoever asks for it.
type Refused struct {
	Command string // as people know it: "redis shutdown"
	Reason  string // a sentence without its full stop; or, where NeedsPlan, empty

	// NeedsPlan says that the call would change something, that the caller may
	// do so, and that the Guard was given nothing to make or record changes with.
	NeedsPlan bool
}

// Error says what was refused, why, and where it helps what to do instead.
func (e *Refused) Error() string {
	if e.NeedsPlan {
		return fmt.Sprintf("`%s` changes data, and nothing may be changed here.", e.Command)
	}
	return fmt.Sprintf("`%s` is refused: %s.", e.Command, strings.TrimSuffix(e.Reason, "."))
}

// UnknownCommand says that the server has no such command.
type UnknownCommand struct {
	Name       string // as typed: "redis gte"
	Suggestion string // what may have been meant: "redis get"; may be empty
}

// Error says what is unknown and what may have been meant.
func (e *UnknownCommand) Error() string {
	text := fmt.Sprintf("`%s` is not a command of this Redis server.", e.Name)
	if e.Suggestion != "" {
		text += fmt.Sprintf(" Did you mean `%s`?", e.Suggestion)
	}
	return text
}

// misuse is a call that redis-cli would not understand either. It ends only
// the call, as it does there: a sentence on standard error and status 1.
type misuse struct{ text string }

func (e *misuse) Error() string { return e.text }

// complain prints a misuse; every other error is answered as it is.
func complain(err error, stderr io.Writer) (int, error) {
	var m *misuse
	if !errors.As(err, &m) {
		return 0, err
	}
	if _, err := fmt.Fprintln(stderr, m.text); err != nil {
		return 0, err
	}
	return 1, nil
}

// faults are the beginnings of error replies that speak of the connection or
// the server rather than of the command.
func faults() []string {
	return []string{"NOAUTH ", "WRONGPASS ", "NOPERM ", "LOADING ", "MASTERDOWN ", "CLUSTERDOWN "}
}

// serverFault answers an error reply that is no result of the command, as an
// error that redis.IsAuthError, redis.IsPermissionError, redis.IsLoadingError
// and their like recognise.
func serverFault(r reply) error {
	if r.kind != errorReply {
		return nil
	}
	for _, prefix := range faults() {
		if strings.HasPrefix(string(r.text), prefix) {
			return fmt.Errorf("redis: %w", like(redis.ErrCrossSlot, string(r.text)))
		}
	}
	return nil
}

// like answers text as an error of the same type as model: go-redis does not
// export the type of the errors that servers answer.
func like[E ~string](_ E, text string) E { return E(text) }

// fault names what failed. Once ctx has ended, that is why.
func fault(ctx context.Context, what string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%s: %w", what, err)
}
