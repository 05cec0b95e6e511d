package change

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// perElement is what an element is reckoned to take where the server does not
// tell, in bytes.
const perElement = 256

// sizes answers the bytes that keys take; 0 for one that is not there. Where
// the server's user may not ask for them they are reckoned.
func (s *session) sizes(ctx context.Context, names []string) ([]int64, error) {
	if s.unweighed {
		return s.reckoned(ctx, names)
	}
	replies, err := s.exchange(ctx, each(names, func(int) []string { return []string{"MEMORY", "USAGE"} }))
	if err != nil {
		return nil, err
	}
	sizes := make([]int64, len(replies))
	for i, reply := range replies {
		if text, failed := isError(reply); failed && untold(text) {
			s.unweighed = true
			return s.reckoned(ctx, names)
		}
		if err := asError(reply); err != nil {
			return nil, fmt.Errorf("ask for the size of a key: %w", err)
		}
		sizes[i], _ = integer(reply)
	}
	return sizes, nil
}

// untold reports whether an error says that MEMORY cannot be had at all.
func untold(text string) bool {
	return strings.HasPrefix(text, "NOPERM ") || strings.HasPrefix(text, "ERR unknown command")
}

// reckoned answers the sizes of keys by the lengths of strings and the numbers
// of elements.
func (s *session) reckoned(ctx context.Context, names []string) ([]int64, error) {
	types, err := s.exchange(ctx, each(names, func(int) []string { return []string{"TYPE"} }))
	if err != nil {
		return nil, err
	}
	counts, err := s.exchange(ctx, each(names, func(i int) []string { return []string{counter(text(types[i]))} }))
	if err != nil {
		return nil, err
	}
	sizes := make([]int64, len(names))
	for i, reply := range counts {
		if err := asError(types[i]); err != nil {
			return nil, fmt.Errorf("ask for the type of a key: %w", err)
		}
		n, told := integer(reply)
		sizes[i] = reckon(text(types[i]), n, told)
	}
	return sizes, nil
}

// reckon answers what a key of a type takes that is so long; told is false where
// that is not known.
func reckon(typ string, n int64, told bool) int64 {
	switch {
	case typ == "none":
		return 0
	case !told: // of a module's type, or another than it was
		return MaxKept + 1
	case typ == "string":
		return n
	}
	return n * perElement
}

// counter is the command that tells how long a key of a type is.
func counter(typ string) string {
	switch typ {
	case "list":
		return "LLEN"
	case "set":
		return "SCARD"
	case "zset":
		return "ZCARD"
	case "hash":
		return "HLEN"
	case "stream":
		return "XLEN"
	}
	return "STRLEN"
}

// text is what a status reply says.
func text(status []byte) string {
	if len(status) < 3 {
		return ""
	}
	return string(status[1 : len(status)-2])
}

// each lists a command for every key, which stands behind its words.
func each(names []string, words func(i int) []string) [][]string {
	commands := make([][]string, len(names))
	for i, name := range names {
		commands[i] = append(words(i), name)
	}
	return commands
}

// sizesOf is sizes by a client, which may be a Cluster's.
func sizesOf(ctx context.Context, client redis.UniversalClient, keys [][]byte) ([]int64, error) {
	sizes, err := pipelined(ctx, client, keys, func(int) []any { return []any{"MEMORY", "USAGE"} })
	if err == nil || !untold(err.Error()) {
		return integers(sizes), err
	}
	types, err := pipelined(ctx, client, keys, func(int) []any { return []any{"TYPE"} })
	if err != nil {
		return nil, err
	}
	counts, err := pipelined(ctx, client, keys, func(i int) []any { return []any{counter(types[i].Val().(string))} })
	if err != nil && !strings.HasPrefix(err.Error(), "WRONGTYPE ") {
		return nil, err
	}
	reckoned := make([]int64, len(keys))
	for i, n := range counts {
		count, err := n.Int64()
		reckoned[i] = reckon(types[i].Val().(string), count, err == nil)
	}
	return reckoned, nil
}

func integers(cmds []*redis.Cmd) []int64 {
	list := make([]int64, len(cmds))
	for i, c := range cmds {
		list[i], _ = c.Int64() // else the key is gone
	}
	return list
}

// pipelined sends a command for every key, which stands behind its words. The
// error is the first of them, unless it says that there is no such key.
func pipelined(ctx context.Context, client redis.UniversalClient, keys [][]byte, words func(i int) []any) ([]*redis.Cmd, error) {
	cmds := make([]*redis.Cmd, len(keys))
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, k := range keys {
			cmds[i] = p.Do(ctx, append(words(i), k)...)
		}
		return nil
	})
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	return cmds, err
}
