package sessions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Census is what one pass over all sessions found.
type Census struct {
	At     time.Time     `json:"at"`        // when it was over, by the server's clock
	Server time.Duration `json:"server_ns"` // how long the servers worked on it together: an estimate

	Keys               int64  `json:"keys"` // in the database, of whatever kind, about then
	Sessions           Totals `json:"sessions"`
	WithoutTTL         int64  `json:"without_ttl"`
	PeopleOverLimit    int64  `json:"people_over_limit"`    // with more sessions than redis.max_sessions_per_user
	AddressesOverLimit int64  `json:"addresses_over_limit"` // see Addresses, with more than redis.max_sessions_per_ip_per_hour

	People []Tally `json:"people"` // the ten with the most sessions
	// Addresses are the ten networks of which the most sessions are that were made
	// within the last hour. Those that have ended since are not known.
	Addresses []Tally `json:"addresses"`
}

// outliers is how many people and addresses a census names.
const outliers = 10

// The keys of the last census, and of the lock that keeps it to one at a time.
const (
	censusKey     = "{helix}:census"
	censusLockKey = "{helix}:census:lock"
)

// censusLasts is for how long a census is kept that no other follows.
const censusLasts = 24 * time.Hour

// keepCensusLua keeps a text for some time: KEYS is where, ARGV the text and how
// long in ms.
const keepCensusLua = `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`

// ErrCounting says that a census is being taken already, here or on another
// instance, or a cleanup runs, which takes one.
var ErrCounting = errors.New("the sessions are being counted already")

// TakeCensus goes through all sessions, as Each does, and keeps what it found
// for every instance. It takes at most share per cent of a server's time, and no
// more than Options.Share.
func (s *Store) TakeCensus(ctx context.Context, share int) (Census, error) {
	left, err := s.client.PTTL(ctx, lockKey).Result()
	if err != nil {
		return Census{}, fmt.Errorf("ask whether a cleanup runs: %w", err)
	}
	if left > 0 { // else it is no lock of ours
		return Census{}, ErrCounting
	}
	var found Census
	err = s.alone(ctx, lock{censusLockKey, ErrCounting}, func(ctx context.Context) error {
		found, err = s.sparing(share).census(ctx)
		if err != nil {
			return err
		}
		return s.keepCensus(ctx, found)
	})
	if err != nil {
		return Census{}, fmt.Errorf("take a census of the sessions: %w", err)
	}
	return found, nil
}

// sparing answers a Store that shares everything with s, and takes less of a
// server's time.
func (s *Store) sparing(most int) *Store {
	spared := *s
	spared.share = func() int { return min(s.share(), most) }
	return &spared
}

func (s *Store) census(ctx context.Context) (Census, error) {
	now, err := s.client.Time(ctx).Result()
	if err != nil {
		return Census{}, fmt.Errorf("ask for the time: %w", err)
	}
	taker := newTaker(now, s.policy())
	worked, err := s.each(ctx, func(batch []Session) error {
		for _, one := range batch {
			taker.add(one)
		}
		return nil
	})
	if err != nil {
		return Census{}, err
	}
	found := taker.census(worked)
	found.Keys, err = s.countKeys(ctx)
	return found, err
}

// countKeys answers how many keys there are without the lock that is held.
func (s *Store) countKeys(ctx context.Context) (int64, error) {
	n, err := s.client.DBSize(ctx).Result()
	if err != nil {
		return 0, fmt.Errorf("count the keys: %w", err)
	}
	return max(n-1, 0), nil
}

// LastCensus answers the last census that any instance has taken, of the last 24
// hours; ok is false if there is none.
func (s *Store) LastCensus(ctx context.Context) (last Census, ok bool, err error) {
	text, err := s.client.Get(ctx, censusKey).Bytes()
	if errors.Is(err, redis.Nil) || wrongType(err) {
		return Census{}, false, nil
	}
	if err != nil {
		return Census{}, false, fmt.Errorf("read the census of the sessions: %w", err)
	}
	if json.Unmarshal(text, &last) != nil {
		return Census{}, false, nil // a foreign hand's
	}
	return last, true, nil
}

func (s *Store) keepCensus(ctx context.Context, c Census) error {
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("keep a census: %w", err)
	}
	if err := s.run.keepCensus.Run(ctx, s.client, []string{censusKey}, text, censusLasts.Milliseconds()).Err(); err != nil {
		return fmt.Errorf("keep a census: %w", err)
	}
	return nil
}

// keepCensus keeps what a cleanup leaves, unless it has ended sessions of people
// over their limit: those it had counted already.
func (p *pass) keepCensus(ctx context.Context) error {
	p.did.ended.Add(p.report.Ended())
	if p.report.OverLimit > 0 {
		return nil
	}
	left := p.left.census(p.worked)
	var err error
	if left.Keys, err = p.countKeys(ctx); err != nil {
		return err
	}
	return p.Store.keepCensus(ctx, left)
}
