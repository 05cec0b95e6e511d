package sessions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/keyspace"
)

// Tally is how many sessions one person, or one network, has.
type Tally struct {
	Name     string // the person's id as it is, or the address or /64 network
	Sessions int64  // at least
	Missed   int64  // how many more there may be at most; 0 unless there are very many names
}

// Totals is how many sessions there are, by the form of their keys.
type Totals struct {
	All       int64
	SignedIn  int64 // session:user:…
	Anonymous int64 // session:<sid> that this package made
	Foreign   int64 // session:<uuid> and every other session:…
}

// Add counts the session of a key.
func (t *Totals) Add(key string) { t.count([]byte(key)) }

func (t *Totals) count(key []byte) {
	t.All++
	switch {
	case strings.HasPrefix(string(key), userPrefix):
		t.SignedIn++
	case ids.Match(key[len(sessionPrefix):]):
		t.Anonymous++
	default:
		t.Foreign++
	}
}

// Stats is the state of all sessions at about one moment.
type Stats struct {
	Totals
	WithoutTTL int64
	OverLimit  int64 // people with more sessions than redis.max_sessions_per_user, by the names of the keys
}

const (
	every  = sessionPrefix + "*" // means every session's key
	signed = userPrefix + "*"    // means the keys that name a person
)

// Count answers how many sessions there are. It goes through all keys, in steps
// that hold the server for about a millisecond each. Where it ends early, it
// answers what it saw with the error; so do all that follow.
func (s *Store) Count(ctx context.Context) (Totals, error) {
	var t Totals
	_, err := s.keys.Scan(ctx, s.over(every), func(keys [][]byte) error {
		for _, key := range keys {
			if s.sees(key) {
				t.count(key)
			}
		}
		return nil
	})
	if err != nil {
		return t, fmt.Errorf("count the sessions: %w", err)
	}
	return t, nil
}

// TopUsers answers the n people with the most sessions, by the names of the
// keys: sessions of other software that name the person only within do not
// count.
func (s *Store) TopUsers(ctx context.Context, n int) ([]Tally, error) {
	groups, _, err := s.keys.CountBy(ctx, s.over(signed), s.person, n)
	if err != nil {
		err = fmt.Errorf("count the sessions of people: %w", err)
	}
	return tallies(groups, unescape), err
}

// person answers the part of a key that names its person.
func (s *Store) person(key []byte) []byte {
	if !s.sees(key) {
		return nil
	}
	return keyspace.Field(':', 3)(key)
}

func unescape(escaped string) string {
	if name, err := url.PathUnescape(escaped); err == nil {
		return name
	}
	return escaped // of other software, which has no such rule
}

func tallies(groups keyspace.Groups, name func(string) string) []Tally {
	all := make([]Tally, 0, len(groups.Groups))
	for _, g := range groups.Groups {
		all = append(all, Tally{Name: name(g.Name), Sessions: g.Keys, Missed: g.Missed})
	}
	return all
}

// TopAddresses answers the n addresses (networks, for IPv6) with the most
// sessions. It reads the beginning of every session.
func (s *Store) TopAddresses(ctx context.Context, n int) ([]Tally, error) {
	counter := keyspace.NewCounter(n)
	q := s.over(every)
	q.Type = "string"
	_, err := s.keys.Scan(ctx, q, func(keys [][]byte) error {
		return s.countAddresses(ctx, keys, counter)
	})
	if err != nil {
		err = fmt.Errorf("count the sessions of addresses: %w", err)
	}
	return tallies(counter.Groups(), func(name string) string { return name }), err
}

// beginning is how much of a session is read to learn its address, in bytes: the
// person and the address come first.
const beginning = 1 << 10

// readAtOnce is how many sessions' beginnings are read in one round trip: a
// server takes less than a millisecond for them.
const readAtOnce = 256

func (s *Store) countAddresses(ctx context.Context, keys [][]byte, counter *keyspace.Counter) error {
	for some := range slices.Chunk(keys, readAtOnce) {
		replies, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, key := range some {
				if !s.sees(key) {
					continue
				}
				p.GetRange(ctx, string(key), 0, beginning-1)
			}
			return nil
		})
		if err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") {
			return err
		}
		for _, reply := range replies {
			if value := reply.(*redis.StringCmd).Val(); value != "" {
				counter.Add(addressIn(value))
			}
		}
	}
	return nil
}

// WithoutTTL visits the keys of all sessions that never end, in batches that are
// valid until visit returns, and answers how many there are. visit may be nil;
// its error ends the visits.
func (s *Store) WithoutTTL(ctx context.Context, visit func(keys [][]byte) error) (int64, error) {
	var n int64
	_, err := s.keys.Apply(ctx, s.over(every), keyspace.TTL(), func(results []keyspace.Result) error {
		var endless [][]byte
		for _, r := range results {
			if r.Outcome == keyspace.Answered && r.TTL == keyspace.NoTTL && s.sees(r.Key) {
				endless = append(endless, r.Key)
			}
		}
		n += int64(len(endless))
		if visit == nil || len(endless) == 0 {
			return nil
		}
		return visit(endless)
	})
	if err != nil {
		return n, fmt.Errorf("look for sessions without a TTL: %w", err)
	}
	return n, nil
}

// Size is how much memory a session takes.
type Size struct {
	Key   string
	Bytes int64 // as MEMORY USAGE has it
}

// TopSizes answers the n largest sessions.
func (s *Store) TopSizes(ctx context.Context, n int) ([]Size, error) {
	var top []Size
	_, err := s.keys.Apply(ctx, s.over(every), keyspace.MemoryUsage(), func(results []keyspace.Result) error {
		for _, r := range results {
			if r.Outcome != keyspace.Answered || !s.sees(r.Key) || len(top) == n && r.Size <= top[n-1].Bytes {
				continue
			}
			at, _ := slices.BinarySearchFunc(top, r.Size, func(a Size, size int64) int { return cmp.Compare(size, a.Bytes) })
			top = slices.Insert(top, at, Size{Key: string(r.Key), Bytes: r.Size})
			top = top[:min(len(top), n)]
		}
		return nil
	})
	if err != nil {
		return top, fmt.Errorf("weigh the sessions: %w", err)
	}
	return top, nil
}

// Find answers the keys of sessions that a glob pattern means and that is allows,
// at most most of them. A pattern of one key needs no pass over all keys.
func (s *Store) Find(ctx context.Context, pattern string, is func(key string) bool, most int) ([]string, error) {
	var found []string
	_, err := s.keys.Scan(ctx, s.over(pattern), func(keys [][]byte) error {
		for _, key := range keys {
			if _, ok := at(string(key)); ok && s.sees(key) && is(string(key)) {
				found = append(found, string(key))
			}
			if len(found) == most {
				return errEnough
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("look for a session: %w", err)
	}
	return found, nil
}

var errEnough = errors.New("enough was found")

// Stats answers figures over all sessions, in two passes over the keys.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	var all Stats
	_, err := s.keys.Apply(ctx, s.over(every), keyspace.TTL(), func(results []keyspace.Result) error {
		for _, r := range results {
			if r.Outcome != keyspace.Answered || !s.sees(r.Key) {
				continue
			}
			all.count(r.Key)
			if r.TTL == keyspace.NoTTL {
				all.WithoutTTL++
			}
		}
		return nil
	})
	if err != nil {
		return all, fmt.Errorf("look at the sessions: %w", err)
	}
	all.OverLimit, err = s.overLimit(ctx)
	return all, err
}

// mostPeople is how many people are told apart in looking for those over their
// limit; above twice as many, those with the fewest sessions are left out.
const mostPeople = 100_000

func (s *Store) overLimit(ctx context.Context) (people int64, err error) {
	groups, _, err := s.keys.CountBy(ctx, s.over(signed), s.person, mostPeople)
	if err != nil {
		return 0, fmt.Errorf("look for people over their limit: %w", err)
	}
	most := int64(s.policy().MaxPerUser)
	for _, g := range groups.Groups {
		if g.Keys > most {
			people++
		}
	}
	return people, nil
}
