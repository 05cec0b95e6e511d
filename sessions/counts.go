package sessions

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Counts is how much a Store has done since it was made.
type Counts struct {
	Created   int64 // sessions, by Create and by signing in; a rotation makes no new one
	Validated int64 // uses that Validate allowed
	Ended     int64 // sessions that were ended on purpose or by cleanup; not those that ran out
}

// counters are a Store's Counts while they go on.
type counters struct{ created, validated, ended atomic.Int64 }

// Counts answers how much s and the Stores that share everything with it have done.
func (s *Store) Counts() Counts {
	return Counts{Created: s.did.created.Load(), Validated: s.did.validated.Load(), Ended: s.did.ended.Load()}
}

// Tallied is what one instance has told of itself.
type Tallied struct {
	Counts
	At time.Time // when it did, by the clock of Redis
}

// countsKey is a HASH: the name of an instance → when, and its Counts.
const countsKey = "{helix}:counts"

// tellCountsLua keeps the counts of an instance, and forgets those that have said
// nothing for an hour: KEYS is the hash, ARGV the instance and its counts.
const tellCountsLua = clockLua + `
local hour = 3600
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
redis.call('HSET', KEYS[1], ARGV[1], stamp .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], hour * 1000)
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local at = tonumber(string.match(all[i + 1], '^[%d.]+') or '')
  if not at or at < time[1] - hour then redis.call('HDEL', KEYS[1], all[i]) end
end
return 1
`

// TellCounts lets every instance know this one's Counts. They are told whole, so
// that it does no harm if they are told twice.
func (s *Store) TellCounts(ctx context.Context) error {
	c := s.Counts()
	text := fmt.Sprintf("%d %d %d", c.Created, c.Validated, c.Ended)
	if err := s.run.tellCounts.Run(ctx, s.client, []string{countsKey}, s.instance, text).Err(); err != nil {
		return fmt.Errorf("tell what was done to sessions: %w", err)
	}
	return nil
}

// tellEvery is how often KeepTelling tells.
const tellEvery = 5 * time.Second

// KeepTelling calls TellCounts every few seconds until ctx ends. What one call
// could not tell the next one does.
func (s *Store) KeepTelling(ctx context.Context) {
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	for {
		_ = s.TellCounts(ctx) // see above
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// AllCounts answers what every instance told last, by its name, which no other
// has before or after it.
func (s *Store) AllCounts(ctx context.Context) (map[string]Tallied, error) {
	texts, err := s.client.HGetAll(ctx, countsKey).Result()
	if err != nil && !wrongType(err) {
		return nil, fmt.Errorf("ask what was done to sessions: %w", err)
	}
	all := make(map[string]Tallied, len(texts))
	for instance, text := range texts {
		if t, ok := parseTallied(text); ok { // else a foreign hand's
			all[instance] = t
		}
	}
	return all, nil
}

func parseTallied(text string) (t Tallied, ok bool) {
	words := strings.Fields(text)
	if len(words) != 4 {
		return Tallied{}, false
	}
	at, err := strconv.ParseFloat(words[0], 64)
	if err != nil || !(math.Abs(at) < maxSeconds) { // NaN is in no order
		return Tallied{}, false
	}
	t.At = time.UnixMicro(int64(at * 1e6))
	for i, n := range []*int64{&t.Created, &t.Validated, &t.Ended} {
		if *n, err = strconv.ParseInt(words[i+1], 10, 64); err != nil {
			return Tallied{}, false
		}
	}
	return t, true
}
