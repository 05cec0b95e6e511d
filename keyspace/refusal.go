package keyspace

import (
	"errors"
	"strings"

	"github.com/redis/go-redis/v9"
)

// isAway reports whether a server's error means that it takes nothing now.
func isAway(words string) bool {
	word, _, _ := strings.Cut(words, " ")
	switch word {
	case "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "BUSY":
		return true
	}
	return false
}

// awayError is a server that takes nothing now and may do so later, or whose
// place another one has taken.
type awayError struct{ error }

func (e *awayError) Unwrap() error { return e.error }

// refusedError is a refusal that another attempt would only repeat.
type refusedError struct{ error }

func (e *refusedError) Unwrap() error { return e.error }

// isAnswer reports whether an error is a server's.
func isAnswer(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

// worse answers the error that decides what becomes of a batch: a refusal
// rather than a server that is away.
func worse(a, b error) error {
	var refused *refusedError
	if a == nil || b != nil && !errors.As(a, &refused) {
		return b
	}
	return a
}
