package sessions

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/helix-collective/helix/script"
)

// endedPrefix begins the keys that remember which sessions were ended for good.
const endedPrefix = "helix:ended:"

// usualUndo is for how long changes can be taken back where nobody says.
const usualUndo = 15 * time.Minute

// markLua remembers that a session was ended: KEYS is the mark, ARGV for how many
// ms.
const markLua = `
redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
return 1
`

// remember notes that sessions were ended for good, before they are.
func (s *Store) remember(ctx context.Context, keys []string) error {
	for some := range slices.Chunk(keys, actAtOnce) {
		calls := make([]script.Call, len(some))
		for i, key := range some {
			calls[i] = script.Call{Keys: []string{endedPrefix + key}, Args: []any{s.undo.Milliseconds()}}
		}
		if _, err := s.run.mark.RunAll(ctx, s.client, calls); err != nil {
			return fmt.Errorf("remember that sessions were ended: %w", err)
		}
	}
	return nil
}

// Ended answers which of the keys were sessions that somebody ended, by Destroy or
// its like, within the time in which changes can be taken back. Whoever brings
// keys back must leave those alone, and end those that were ended meanwhile: an
// end of a session is final.
func (s *Store) Ended(ctx context.Context, keys []string) ([]bool, error) {
	marks := make([]string, len(keys))
	for i, key := range keys {
		marks[i] = endedPrefix + key
	}
	var ended []bool
	for some := range slices.Chunk(marks, countAtOnce) {
		there, err := s.present(ctx, some)
		if err != nil {
			return nil, fmt.Errorf("ask which sessions were ended: %w", err)
		}
		ended = append(ended, there...)
	}
	return ended, nil
}
