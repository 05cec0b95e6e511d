// Package sessions keeps user sessions in Redis within their limits. It makes,
// checks, replaces and ends them, each in one script on the server, so that
// limits hold under parallel sign-ins and what has ended stays ended. It never
// writes a key without a TTL, never keeps a credential in Redis, and never
// answers a fault of Redis as "no such session".
//
// Three kinds of keys are its own:
//
//	session:user:<uid>:{<tag>}<sid>    a signed-in person's session, a JSON object
//	session:<sid>                      an anonymous session, a JSON object
//	helix:index:{<tag>}:<uid>          the person's sessions, a ZSET: sid → last access in µs,
//	                                   of several within one second the first
//
// and four more that last for an hour, ten seconds, five seconds, and as long as
// changes can be taken back:
//
//	helix:address:<network>            the creations of an address within the last hour, a ZSET
//	helix:retired:{<tag>}<sid>         what a rotated token still reads, a string
//	helix:claim:{<tag>}<sid>           who is signing in with a token, a string
//
// Sessions that other software keeps under session:<uuid> as the JSON object of
// the guide are read, touched without being rewritten, and ended as well.
package sessions

import (
	"cmp"
	"crypto/rand"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/keyspace"
)

// Store is the sessions in one Redis: a server, what Sentinel names, or a
// Cluster. Its methods may be called from several goroutines. Every one asks for
// the policy in force when it is called and holds to it until it returns.
//
// An error of a Store is ErrNoSession (compare with errors.Is; a *Refusal says
// more), a *LimitError, an *InputError, or a fault of Redis or of the way to it,
// which says nothing about whether there is such a session.
type Store struct {
	client redis.UniversalClient
	policy func() Policy
	keys   *keyspace.Keyspace
	names  names
	run    scripts
	share  func() int
	undo   time.Duration
	sees   func(key []byte) bool
	heard  func(keyspace.Progress) // nil: nobody asks

	did      *counters
	instance string // what others know it by
}

// Options are what a Store is told once.
type Options struct {
	// Key is a secret kept outside Redis, the setting sessions.key. With one,
	// whoever can write to Redis but does not know it cannot make a token that is
	// valid. Another key ends every session that was made under this one.
	Key []byte
	// Share is how many per cent of a server's time a pass over all sessions may
	// take, from 1 to 100; nil means 100.
	Share func() int
	// Undo is for how long changes can be taken back, the setting undo.retention:
	// so long it is remembered which sessions were ended, see Ended. 0 means 15 min.
	Undo time.Duration
}

// New answers a Store over the database that client has chosen. The client stays
// the caller's to close. See Live and Fixed for policy.
func New(client redis.UniversalClient, policy func() Policy, o Options) *Store {
	s := &Store{client: client, policy: policy, keys: keyspace.New(client), names: names{key: o.Key}, run: newScripts(), share: o.Share, undo: cmp.Or(o.Undo, usualUndo), did: &counters{}, instance: rand.Text()}
	if s.share == nil {
		s.share = func() int { return 100 }
	}
	s.sees = func([]byte) bool { return true }
	return s
}

// Seeing answers a Store that shares everything with s, and in whose figures and
// lists over all sessions only those count whose keys sees allows.
func (s *Store) Seeing(sees func(key []byte) bool) *Store {
	narrowed := *s
	narrowed.sees = sees
	return &narrowed
}

// Telling answers a Store that shares everything with s and tells heard how far
// each of its passes over all keys is. heard is called often.
func (s *Store) Telling(heard func(keyspace.Progress)) *Store {
	telling := *s
	telling.heard = heard
	return &telling
}

// over answers a query for a pass over keys, at the pace that is set.
func (s *Store) over(pattern string) keyspace.Query {
	return keyspace.Query{Pattern: pattern, Share: s.share(), Progress: s.heard}
}

// Request is what a new session is made of.
type Request struct {
	// UserID is whom the session is for, at most MaxUserID bytes of UTF-8; empty
	// for an anonymous session.
	UserID string
	// IP is the client's address: IPv4 or IPv6, with or without a port, a zone or
	// brackets. It is kept without them.
	IP string
	// UserAgent is kept for people to read, cut at MaxUserAgent bytes.
	UserAgent string
	// Data is any JSON text of at most MaxData bytes, or nil.
	Data []byte
}

// The bounds of a Request, in bytes.
const (
	MaxUserID    = 256
	MaxUserAgent = 512
	MaxData      = 64 << 10
)
