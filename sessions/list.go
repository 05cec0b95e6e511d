package sessions

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Get answers the session that a key holds, as Session.Key names it, without
// using it. It applies no limit of age: what Redis holds is answered. The error
// is ErrNoSession where there is none, or something else under that key.
func (s *Store) Get(ctx context.Context, key string) (Session, error) {
	p, ok := at(key)
	if !ok {
		return Session{}, &Refusal{Reason: Malformed}
	}
	found, err := s.readAll(ctx, []place{p})
	if err != nil {
		return Session{}, err
	}
	if found[0].err != nil {
		return Session{}, found[0].err
	}
	return found[0].session, nil
}

// listAtOnce is how many sessions are read in one round trip.
const listAtOnce = 64

// List answers the sessions of a person, the last used first, without their Data.
// It takes out of the index what is no session any more. A session of another
// form than a session has, written by a foreign hand, is left out.
func (s *Store) List(ctx context.Context, userID string) ([]Session, error) {
	members, err := s.client.ZRange(ctx, index(userID), 0, -1).Result()
	if err != nil && !wrongType(err) {
		return nil, fmt.Errorf("list the sessions of a person: %w", err)
	}
	var all []Session
	for some := range slices.Chunk(members, listAtOnce) {
		read, gone, err := s.listed(ctx, userID, some)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
		if err := s.unlist(ctx, userID, gone); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b Session) int { return b.LastAccessed.Compare(a.LastAccessed) })
	return all, nil
}

// listed reads sessions by their members in the index of a person.
func (s *Store) listed(ctx context.Context, userID string, members []string) (all []Session, gone []any, err error) {
	places := make([]place, len(members))
	for i, member := range members {
		places[i] = listedAt(userID, member)
	}
	found, err := s.readAll(ctx, places)
	if err != nil {
		return nil, nil, err
	}
	for i, f := range found {
		switch {
		case f.missing:
			gone = append(gone, members[i])
		case f.err == nil:
			f.session.Data = nil
			all = append(all, f.session)
		}
	}
	return all, gone, nil
}

// unlist takes members out of the index of a person. A session that is gone
// never comes back under its name.
func (s *Store) unlist(ctx context.Context, userID string, gone []any) error {
	if len(gone) == 0 {
		return nil
	}
	if err := s.client.ZRem(ctx, index(userID), gone...).Err(); err != nil {
		return fmt.Errorf("take sessions that are over out of the index: %w", err)
	}
	return nil
}

// countAtOnce is for how many sessions it is asked in one round trip whether they
// are there.
const countAtOnce = 1000

// CountUser answers how many sessions a person has, in one round trip and one
// more for every thousand.
func (s *Store) CountUser(ctx context.Context, userID string) (int, error) {
	members, err := s.client.ZRange(ctx, index(userID), 0, -1).Result()
	if err != nil && !wrongType(err) {
		return 0, fmt.Errorf("count the sessions of a person: %w", err)
	}
	count := 0
	for some := range slices.Chunk(members, countAtOnce) {
		keys := make([]string, len(some))
		for i, member := range some {
			keys[i] = listedAt(userID, member).key
		}
		there, err := s.present(ctx, keys)
		if err != nil {
			return 0, err
		}
		for _, is := range there {
			if is {
				count++
			}
		}
	}
	return count, nil
}

// listedAt answers the place that a member of a person's index names.
func listedAt(userID, member string) place {
	if strings.HasPrefix(member, sessionPrefix) {
		return foreign(member)
	}
	return own(userID, member)
}

// present answers which keys are there.
func (s *Store) present(ctx context.Context, keys []string) ([]bool, error) {
	replies := make([]*redis.IntCmd, len(keys))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			replies[i] = p.Exists(ctx, key)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ask which sessions there are: %w", err)
	}
	there := make([]bool, len(keys))
	for i, reply := range replies {
		there[i] = reply.Val() > 0
	}
	return there, nil
}

// found is what is under a key.
type found struct {
	session Session
	missing bool
	left    time.Duration
	err     error // a *Refusal: there is no session
}

// readAll reads sessions in one round trip to each server.
func (s *Store) readAll(ctx context.Context, places []place) ([]found, error) {
	values := make([]*redis.StringCmd, len(places))
	left := make([]*redis.DurationCmd, len(places))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, place := range places {
			values[i] = p.GetRange(ctx, place.key, 0, maxValue)
			left[i] = p.PTTL(ctx, place.key)
		}
		return nil
	})
	all := make([]found, len(places))
	for i, place := range places {
		if all[i], err = judge(place, values[i], left[i]); err != nil {
			return nil, fmt.Errorf("read a session: %w", err)
		}
	}
	return all, err
}

// judge answers what the replies about one key say; the error is a fault.
func judge(p place, value *redis.StringCmd, left *redis.DurationCmd) (found, error) {
	if err := cmp.Or(value.Err(), left.Err()); err != nil {
		if redis.HasErrorPrefix(err, "WRONGTYPE") {
			return found{left: left.Val(), err: &Refusal{Reason: Malformed}}, nil
		}
		return found{}, err
	}
	if value.Val() == "" {
		return found{missing: true, err: &Refusal{Reason: Unknown}}, nil
	}
	session, err := read(p, value.Val())
	if err != nil {
		return found{left: left.Val(), err: &Refusal{Reason: Malformed}}, nil
	}
	session.ExpiresIn = left.Val()
	return found{session: session}, nil
}
