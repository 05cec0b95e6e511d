package sessions

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/helix-collective/helix/keyspace"
)

// Session is a session as it was when it was read. It holds no credential.
type Session struct {
	// ID is how the session is called: the sid at the end of its key. Of sessions
	// of other software (Foreign) it is a credential nevertheless.
	ID string
	// Key is its key in Redis.
	Key string

	UserID          string // empty: anonymous
	IP              string
	CreatedAt       time.Time // zero where the session does not say
	LastAccessed    time.Time // zero where the session does not say
	AuthenticatedAt time.Time // zero for anonymous sessions
	UserAgent       string
	Data            json.RawMessage // nil: none

	// ExpiresIn is how long it lasts if it is not used; NoExpiry where its key has
	// no TTL.
	ExpiresIn time.Duration
	// Stale says that Redis refused to note this use of it.
	Stale bool
	// Retired says that it was read with a token that Regenerate has replaced.
	Retired bool
	// Foreign says that other software made it.
	Foreign bool
	// Malformed says, in what Each visits, that the key holds no session.
	Malformed bool

	extra string // members of its JSON that are not ours, each after a comma
}

// Person answers whose a session is, by what it says, else by the name of its key;
// empty: nobody's.
func (s Session) Person() string {
	if s.UserID != "" || !strings.HasPrefix(s.Key, userPrefix) {
		return s.UserID
	}
	return unescape(string(keyspace.Field(':', 3)([]byte(s.Key))))
}

// NoExpiry is the ExpiresIn of a session whose key has no TTL.
const NoExpiry time.Duration = -1
