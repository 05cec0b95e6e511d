package sessions

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/script"
)

// Destroy ends the session that a token stands for. With a retired token that is
// the session it still reads. Ending one that is already gone, or that never was,
// is not an error. A session that was ended never validates again.
func (s *Store) Destroy(ctx context.Context, token Token) error {
	p, err := s.find(token, s.policy())
	if err != nil {
		return nil // it is no credential, so there is nothing to end
	}
	_, err = s.destroy(ctx, p)
	return err
}

// DestroyKey ends the session that a key holds, as Session.Key names it, and
// answers whether there was one. It is for those who administer sessions: a key
// is no credential. The error is an *InputError for a key that is no session's.
func (s *Store) DestroyKey(ctx context.Context, key string) (bool, error) {
	p, ok := at(key)
	if !ok {
		return false, &InputError{Field: "key", Reason: "not the key of a session"}
	}
	ended, err := s.destroy(ctx, p)
	return ended > 0, err
}

// DestroyKeys is DestroyKey for many, in few round trips. It answers how many there
// were. Keys that are no session's are left alone. After an error some may have
// been ended.
func (s *Store) DestroyKeys(ctx context.Context, keys []string) (ended int, err error) {
	for some := range slices.Chunk(keys, actAtOnce) {
		var calls []script.Call
		var named []string
		for _, key := range some {
			if p, ok := at(key); ok {
				calls = append(calls, script.Call{Keys: p.keys(), Args: []any{p.id, s.undo.Milliseconds()}})
				named = append(named, key)
			}
		}
		if err := s.remember(ctx, named); err != nil {
			return ended, err
		}
		done, err := s.run.destroy.RunAll(ctx, s.client, calls)
		if err != nil {
			return ended, fmt.Errorf("end sessions: %w", err)
		}
		for _, cmd := range done {
			if n, _ := cmd.Int(); n > 0 {
				ended++
				s.did.ended.Add(1)
			}
		}
	}
	return ended, nil
}

// destroy answers how many sessions it ended.
func (s *Store) destroy(ctx context.Context, p place) (int, error) {
	return s.destroyFor(ctx, p, "")
}

// destroyFor ends a session that a sign-in, which has claimed it, has replaced.
func (s *Store) destroyFor(ctx context.Context, p place, claimant string) (int, error) {
	keys, args := p.keys(), []any{p.id, s.undo.Milliseconds()}
	if claimant != "" {
		keys, args = append(keys, p.claim()), append(args, claimant)
	}
	ended, err := s.run.destroy.Run(ctx, s.client, keys, args...).Int()
	if err != nil {
		return 0, fmt.Errorf("end a session: %w", err)
	}
	s.did.ended.Add(int64(ended))
	if ended > 0 && p.index == "" {
		return ended, s.remember(ctx, []string{p.key})
	}
	return ended, nil
}

// DestroyUser ends all sessions of a person but those whose Session.ID is in
// except, and answers how many it ended. Sessions that are made meanwhile may
// stay. Sessions of other software are among them once cleanup has found out
// whose they are.
//
// Where the server has evicted keys, the list of the person's sessions may have
// been among them, and a foreign hand may have put something else in its place:
// then all keys are looked through as well, in small steps.
func (s *Store) DestroyUser(ctx context.Context, userID string, except ...string) (int, error) {
	if userID == "" {
		return 0, &InputError{Field: memberUser, Reason: "empty"}
	}
	args := []any{prefix(userID), s.undo.Milliseconds()}
	for _, id := range except {
		args = append(args, id)
	}
	var reply []any
	tries := 0
	err := s.onSets(ctx, []string{index(userID)}, func() (err error) {
		tries++
		reply, err = s.run.destroyUser.Run(ctx, s.client, []string{index(userID)}, args...).Slice()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("end the sessions of a person: %w", err)
	}
	ended := 0
	if n, ok := reply[0].(int64); ok {
		ended = int(n)
		s.did.ended.Add(n)
	}
	others, err := s.unlinkForGood(ctx, asTexts(reply, 1))
	ended += others
	if err != nil {
		return ended, err
	}
	rest, err := s.destroyUnlisted(ctx, userID, except, tries > 1)
	return ended + rest, err
}

// prefix is what the keys of a person's sessions begin with.
func prefix(userID string) string { return own(userID, "").key }

// destroyUnlisted ends those sessions of a person that the index has lost, if it was
// damaged or the server has evicted anything.
func (s *Store) destroyUnlisted(ctx context.Context, userID string, except []string, damaged bool) (ended int, err error) {
	if !damaged {
		evicted, err := s.hasEvicted(ctx, index(userID))
		if err != nil || !evicted {
			return 0, err
		}
	}
	q := keyspace.Query{Pattern: userPrefix + escape(userID) + ":*", Type: "string"}
	_, err = s.keys.Scan(ctx, q, func(keys [][]byte) error {
		var found []string
		for _, key := range keys {
			if p, ok := signedIn(string(key)); ok && !slices.Contains(except, p.id) {
				found = append(found, p.key)
			}
		}
		n, err := s.unlinkForGood(ctx, found)
		ended += n
		return err
	})
	if err != nil {
		return ended, fmt.Errorf("look for unlisted sessions of a person: %w", err)
	}
	return ended, nil
}

// hasEvicted reports whether the server of a key has evicted keys since its start.
func (s *Store) hasEvicted(ctx context.Context, key string) (bool, error) {
	info := s.client.Info
	if cluster, ok := s.client.(*redis.ClusterClient); ok {
		node, err := cluster.MasterForKey(ctx, key)
		if err != nil {
			return false, fmt.Errorf("find the server of a person's sessions: %w", err)
		}
		info = node.Info
	}
	stats, err := info(ctx, "stats").Result()
	if err != nil {
		return false, fmt.Errorf("ask whether keys were evicted: %w", err)
	}
	_, count, said := strings.Cut(stats, "evicted_keys:")
	return said && !strings.HasPrefix(count, "0"), nil
}

// unlinkForGood is unlink, and remembers it.
func (s *Store) unlinkForGood(ctx context.Context, keys []string) (int, error) {
	if err := s.remember(ctx, keys); err != nil {
		return 0, err
	}
	return s.unlink(ctx, keys)
}

// unlink ends sessions whose index is in order already, wherever they are, and
// answers how many there were.
func (s *Store) unlink(ctx context.Context, keys []string) (int, error) {
	if len(keys) == 0 {
		return 0, nil
	}
	replies := make([]*redis.IntCmd, len(keys))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			replies[i] = p.Unlink(ctx, key)
		}
		return nil
	})
	ended := 0
	for _, reply := range replies {
		ended += int(reply.Val())
	}
	s.did.ended.Add(int64(ended))
	if err != nil {
		return ended, fmt.Errorf("end sessions: %w", err)
	}
	return ended, nil
}
