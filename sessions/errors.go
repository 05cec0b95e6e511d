package sessions

import (
	"errors"
	"fmt"
	"time"
)

// ErrNoSession says that a token or a key stands for no session that may be used.
var ErrNoSession = errors.New("no such session")

// Reason is why a session may not be used.
type Reason string

// The reasons of a Refusal.
const (
	Unknown      Reason = "unknown"   // there is none: never was, expired, ended, or forged
	Malformed    Reason = "malformed" // the token, or what the key holds, has not the form of one
	OtherAddress Reason = "address"   // it was made from another network
	OtherUser    Reason = "user"      // what the key holds names another person than the token
	Idle         Reason = "idle"      // it was not used for the idle timeout
	TooOld       Reason = "age"       // it has reached its absolute age
	NotAccepted  Reason = "compat"    // it is another software's, and redis.session_compat is off
)

// Refusal is ErrNoSession with its reason, which is for logs and figures: a
// client is to be told no more than that there is no session.
type Refusal struct{ Reason Reason }

func (e *Refusal) Error() string { return "no such session: " + string(e.Reason) }

// Is makes errors.Is find ErrNoSession.
func (e *Refusal) Is(target error) bool { return target == ErrNoSession }

// Limit names what a creation ran into, by its setting.
type Limit string

// The limits of a LimitError.
const (
	PerUser    Limit = "redis.max_sessions_per_user"
	PerAddress Limit = "redis.max_sessions_per_ip_per_hour"
)

// LimitError refuses a creation. Nothing was made and nothing was ended.
type LimitError struct {
	Limit Limit
	Max   int
	// RetryAfter is when a creation from this address is next possible; 0 for
	// PerUser, which no time mends.
	RetryAfter time.Duration
}

func (e *LimitError) Error() string {
	if e.Limit == PerAddress {
		return fmt.Sprintf("this address has made %d sessions within an hour, the most there may be (%s)", e.Max, e.Limit)
	}
	return fmt.Sprintf("this person has %d sessions, the most there may be (%s)", e.Max, e.Limit)
}

// InputError refuses a Request that cannot be a session.
type InputError struct {
	Field  string // as the JSON of a session names it
	Reason string
}

func (e *InputError) Error() string { return e.Field + ": " + e.Reason }
