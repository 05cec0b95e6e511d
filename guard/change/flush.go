package change

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/keyspace"
)

// Flush empties the database that client has chosen on one server, but for the
// keys that a pattern means: in one transaction these are taken out and put
// back. Memory is given back beside the server's work.
func Flush(ctx context.Context, client *redis.Client, but string) error {
	s := newSession(ctx, client)
	defer s.end()
	for range maxAttempts {
		names, err := namesLike(ctx, client, but)
		if err != nil {
			return err
		}
		done, err := s.flushBut(ctx, names)
		if err != nil || done {
			return err
		}
	}
	return errors.New("the keys that are to stay keep changing")
}

func namesLike(ctx context.Context, client *redis.Client, pattern string) ([]string, error) {
	var names []string
	_, err := keyspace.New(client).Scan(ctx, keyspace.Query{Pattern: pattern}, func(keys [][]byte) error {
		for _, k := range keys {
			names = append(names, string(k))
		}
		return nil
	})
	return names, err
}

// flushBut reports whether it was done: not if one of the names that are to
// stay changed meanwhile.
func (s *session) flushBut(ctx context.Context, names []string) (bool, error) {
	transaction := [][]string{{"MULTI"}, {"FLUSHDB", "ASYNC"}}
	if len(names) > 0 {
		replies, err := s.exchange(ctx, looking(names))
		if err != nil {
			return false, err
		}
		now, _ := milliseconds(replies[1])
		for i, name := range names {
			if content, ok := bulk(replies[2+2*i]); ok {
				deadline := deadlineOf(now, replies[3+2*i])
				transaction = append(transaction, []string{"RESTORE", name, strconv.FormatInt(deadline, 10), string(content), "ABSTTL"})
			}
		}
	}
	replies, err := s.exchange(ctx, append(transaction, []string{"EXEC"}))
	if err != nil {
		return false, err
	}
	if refused := (*ServerError)(nil); errors.As(asError(replies[1]), &refused) && refused.Code() == "OOM" {
		return s.flushByScript(ctx, names, transaction[1:])
	}
	for _, reply := range replies {
		if err := asError(reply); err != nil {
			return false, err
		}
	}
	_, done := elements(replies[len(replies)-1])
	return done, nil
}

// flushByScript is flushBut for a server that is full. Memory is given back
// before the names that are to stay are put back. What becomes of those between
// the look at them and the script is lost.
func (s *session) flushByScript(ctx context.Context, names []string, commands [][]string) (bool, error) {
	replies, err := s.exchange(ctx, [][]string{asScript(names, commands), {"UNWATCH"}})
	if err != nil {
		return false, err
	}
	results, ok := elements(replies[0])
	if !ok {
		return false, asError(replies[0])
	}
	for _, result := range results {
		if err := asError(result); err != nil {
			return false, err
		}
	}
	return true, nil
}

// looking lists the commands that watch keys and ask what they hold.
func looking(names []string) [][]string {
	commands := [][]string{append([]string{"WATCH"}, names...), {"TIME"}}
	for _, name := range names {
		commands = append(commands, []string{"DUMP", name}, []string{"PTTL", name})
	}
	return commands
}

// Look asks what keys hold, all in two round trips, and answers how many of
// them are too large to be asked. Keys that are gone are left out.
func Look(ctx context.Context, client redis.UniversalClient, db int, keys [][]byte) (images []journal.Image, large int, err error) {
	sizes, err := sizesOf(ctx, client, keys)
	if err != nil {
		return nil, 0, err
	}
	now, err := client.Time(ctx).Result()
	if err != nil {
		return nil, 0, err
	}
	dumps, ttls := make([]*redis.StringCmd, len(keys)), make([]*redis.DurationCmd, len(keys))
	if _, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, k := range keys {
			if sizes[i] <= MaxKept {
				dumps[i] = p.Dump(ctx, string(k))
			}
			ttls[i] = p.PTTL(ctx, string(k))
		}
		return nil
	}); err != nil && !errors.Is(err, redis.Nil) {
		return nil, 0, err
	}
	for i, k := range keys {
		if sizes[i] > MaxKept {
			large++
			continue
		}
		if dumps[i].Err() != nil {
			continue
		}
		image := journal.Image{Kind: journal.Key, DB: db, Name: append([]byte(nil), k...), Exists: true, Content: []byte(dumps[i].Val())}
		if left := ttls[i].Val(); left > 0 {
			image.Deadline = now.UnixMilli() + left.Milliseconds()
		}
		images = append(images, image)
	}
	return images, large, nil
}
