package sessions

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// soundLua takes away what stands in the place of a sorted set and is none: KEYS is
// where.
const soundLua = `
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'zset' or kind == 'none' then return 0 end
return redis.call('UNLINK', KEYS[1])
`

// onSets runs a script that works on sorted sets of ours, the index of a person say.
// Where it meets something else in the place of one, that is nobody's: it goes, and
// the script, of which nothing that counts was done, runs again. So nobody is kept
// from signing in by what a foreign hand has put there. What the set knew is made
// good as sessions are used.
func (s *Store) onSets(ctx context.Context, sets []string, run func() error) error {
	err := run()
	if !meetsAnotherType(err) {
		return err
	}
	for _, set := range sets {
		if set == "" {
			continue
		}
		if err := s.run.sound.Run(ctx, s.client, []string{set}).Err(); err != nil {
			return fmt.Errorf("clear %s: %w", set, err)
		}
	}
	return run()
}

// meetsAnotherType reports whether a script has met a key of another type. Servers
// before 7.0 put words of their own before those of the error.
func meetsAnotherType(err error) bool {
	var answered redis.Error
	return errors.As(err, &answered) && strings.Contains(answered.Error(), "WRONGTYPE")
}
