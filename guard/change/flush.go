package change

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/keyspace"
)

// Own is what a flush leaves: the keys under a prefix. Those whose names can be
// told beforehand stay even where they are made while the flush is on its way.
type Own struct {
	Prefix  string
	Names   []string          // fixed ones under it
	Indexes map[string]string // sorted sets under it, each with what begins the keys that its members name
}

// Flush empties the database that client has chosen on one server, but for what
// is its own. Where another database has none of those names they are moved there
// and back in one transaction with the flush, which takes no time however large
// they are. Elsewhere, in a Cluster for one, every other key is taken away by
// itself. Memory is given back beside the server's work.
func Flush(ctx context.Context, client *redis.Client, own Own) error {
	found, err := namesUnder(ctx, client, own.Prefix)
	if err != nil {
		return err
	}
	s := newSession(ctx, client, func(string) {})
	defer s.end()
	for range maxAttempts {
		names, err := s.names(ctx, own, found)
		if err != nil {
			return err
		}
		refuge, ok, err := s.refuge(ctx, client.Options().DB, names)
		if err != nil {
			return err
		}
		if !ok {
			return unlinkBut(ctx, client, own.Prefix)
		}
		done, err := s.flushBut(ctx, client.Options().DB, refuge, names)
		if err != nil || done {
			return err
		}
	}
	return errors.New("the names of the keys that are to stay keep appearing, here or in another database")
}

// names completes the names that were found by those that are fixed, and by those
// that the indexes list, which it watches. Where none was found there is nothing
// of our own.
func (s *session) names(ctx context.Context, own Own, found []string) ([]string, error) {
	if len(found) == 0 {
		return nil, nil
	}
	all := slices.Concat(found, own.Names)
	for index, prefix := range own.Indexes {
		replies, err := s.exchange(ctx, [][]string{{"WATCH", index}, {"ZRANGE", index, "0", "-1"}})
		if err != nil {
			return nil, err
		}
		members, _ := elements(replies[1]) // of another type it names nothing
		for _, m := range members {
			member, _ := bulk(m)
			all = append(all, prefix+string(member))
		}
		all = append(all, index)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func namesUnder(ctx context.Context, client *redis.Client, prefix string) ([]string, error) {
	var names []string
	_, err := keyspace.New(client).Scan(ctx, keyspace.Query{Pattern: prefix + "*"}, func(keys [][]byte) error {
		for _, k := range keys {
			names = append(names, string(k))
		}
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names), err
}

// refuges are the databases that are tried, the least likely to be used first.
func refuges() []int { return []int{15, 14, 13, 1, 0} }

// refuge finds a database that has none of the names, and watches them there.
// With no names it is any.
func (s *session) refuge(ctx context.Context, own int, names []string) (db int, ok bool, err error) {
	if len(names) == 0 {
		return own, true, nil
	}
	back := []string{"SELECT", strconv.Itoa(own)}
	for _, db := range refuges() {
		if db == own {
			continue
		}
		replies, err := s.exchange(ctx, [][]string{{"SELECT", strconv.Itoa(db)}})
		if err != nil {
			return 0, false, err
		}
		if _, refused := isError(replies[0]); refused {
			continue // there is no such database
		}
		replies, err = s.exchange(ctx, [][]string{append([]string{"WATCH"}, names...), append([]string{"EXISTS"}, names...), back})
		if err != nil {
			return 0, false, err
		}
		for _, reply := range replies {
			if err := asError(reply); err != nil {
				return 0, false, err
			}
		}
		if there, _ := integer(replies[1]); there == 0 {
			return db, true, nil
		}
	}
	return 0, false, nil
}

// flushBut reports whether it was done: not if one of the names appeared in the
// refuge meanwhile, or an index changed.
func (s *session) flushBut(ctx context.Context, own, refuge int, names []string) (bool, error) {
	var commands [][]string
	for _, name := range names {
		commands = append(commands, []string{"MOVE", name, strconv.Itoa(refuge)})
	}
	commands = append(commands, []string{"FLUSHDB", "ASYNC"}, []string{"SELECT", strconv.Itoa(refuge)})
	for _, name := range names {
		commands = append(commands, []string{"MOVE", name, strconv.Itoa(own)})
	}
	commands = append(commands, []string{"SELECT", strconv.Itoa(own)})
	replies, err := s.exchange(ctx, slices.Concat([][]string{{"MULTI"}}, commands, [][]string{{"EXEC"}}))
	if err != nil {
		return false, err
	}
	if refused := (*ServerError)(nil); errors.As(asError(replies[1]), &refused) && refused.Code() == "OOM" {
		// A full server queues nothing, but carries a script out.
		replies, err = s.exchange(ctx, [][]string{{"UNWATCH"}, asScript(names, commands)})
		if err != nil {
			return false, err
		}
	}
	return flushed(replies)
}

// flushed reads the replies up to that of EXEC, or of a script.
func flushed(replies [][]byte) (done bool, err error) {
	results, done := elements(replies[len(replies)-1])
	for _, reply := range append(replies, results...) {
		if err := asError(reply); err != nil {
			return false, err
		}
	}
	return done, nil
}

// unlinkBut takes away every key that is not under the prefix.
func unlinkBut(ctx context.Context, client *redis.Client, prefix string) error {
	_, err := keyspace.New(client).Scan(ctx, keyspace.Query{}, func(keys [][]byte) error {
		_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, k := range keys {
				if !bytes.HasPrefix(k, []byte(prefix)) {
					p.Unlink(ctx, string(k))
				}
			}
			return nil
		})
		return err
	})
	return err
}

// Look asks what keys hold, all in two round trips. Keys that are gone are left
// out; of those that are too large only the deadline is asked.
func Look(ctx context.Context, client redis.UniversalClient, db int, keys [][]byte) ([]journal.Image, error) {
	sizes, err := sizesOf(ctx, client, keys)
	if err != nil {
		return nil, err
	}
	now, err := client.Time(ctx).Result()
	if err != nil {
		return nil, err
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
		return nil, err
	}
	var images []journal.Image
	for i, k := range keys {
		image := journal.Image{Kind: journal.Key, DB: db, Name: slices.Clone(k), Exists: true}
		switch {
		case ttls[i].Val() == missing, dumps[i] != nil && dumps[i].Err() != nil:
			continue
		case dumps[i] != nil:
			image.Content = []byte(dumps[i].Val())
		}
		if left := ttls[i].Val(); left > 0 {
			image.Deadline = now.UnixMilli() + left.Milliseconds()
		}
		images = append(images, image)
	}
	return images, nil
}
