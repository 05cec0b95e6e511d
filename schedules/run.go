package schedules

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// soundSource begins the scripts that write: what is at the key of the runs and is
// no hash is not ours, and goes.
const soundSource = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end`

// claimSource claims a run for the holder of a token, unless a later one or this
// one was claimed, or the schedule is not what its caller saw. The first write is
// one that takes no memory, for servers before 7.0: out of memory, they refuse a
// script's first write only.
//
// KEYS: runs, schedules. ARGV: id, ms of the run, token, the schedule as kept.
const claimSource = soundSource + `
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[4] then return 0 end
local at = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local mine = ARGV[2] .. ' ' .. ARGV[3]
if at == mine then return 1 end
local last = tonumber(string.match(at, '^%d+') or '0')
if last >= tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], mine)
return 1`

// failedSource counts a run that failed, once, and answers how many did in a row.
//
// KEYS: runs, schedules. ARGV: id, ms of the run.
const failedSource = soundSource + `
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return 0 end
local name = 'failed ' .. ARGV[1]
local count, last = string.match(redis.call('HGET', KEYS[1], name) or '', '^(%d+) (%d+)$')
count = tonumber(count or '0')
if last == ARGV[2] then return count end
redis.call('HDEL', KEYS[1], name)
redis.call('HSET', KEYS[1], name, string.format('%d %s', count + 1, ARGV[2]))
return count + 1`

// recallSource notes runs that were made, each unless it or a later one is noted.
//
// KEYS: runs. ARGV: id and ms of each run.
const recallSource = soundSource + `
for i = 1, #ARGV, 2 do
  local last = tonumber(string.match(redis.call('HGET', KEYS[1], ARGV[i]) or '', '^%d+') or '0')
  if last < tonumber(ARGV[i + 1]) then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] .. ' lost') end
end
return 1`

// Recall has Redis know again which runs were made or were another instance's, the
// last of each schedule by its id, so that none is made twice where Redis has lost
// that.
func (s *Store) Recall(ctx context.Context, tried map[string]time.Time) error {
	var words []any
	for id, at := range tried {
		if !at.IsZero() {
			words = append(words, id, at.UnixMilli())
		}
	}
	if len(words) == 0 {
		return nil
	}
	if err := s.recall.Run(ctx, s.client, []string{runsKey}, words...).Err(); err != nil {
		return fmt.Errorf("note the runs of schedules again: %w", err)
	}
	return nil
}

// Claim reports whether a run of a schedule is its caller's to make. Of all who
// ask, on whatever instance, one is told so, once.
func (s *Store) Claim(ctx context.Context, c Schedule, at time.Time) (bool, error) {
	claimed, err := s.claim.Run(ctx, s.client, []string{runsKey, key}, c.ID, at.UnixMilli(), rand.Text(), c.kept).Bool()
	if err != nil {
		return false, fmt.Errorf("claim a run of schedule %s: %w", c.ID, err)
	}
	return claimed, nil
}

// Failed counts a run that failed, and answers how many have in a row.
func (s *Store) Failed(ctx context.Context, f Schedule, at time.Time) (inARow int, err error) {
	inARow, err = s.failed.Run(ctx, s.client, []string{runsKey, key}, f.ID, at.UnixMilli()).Int()
	if err != nil {
		return 0, fmt.Errorf("count a failure of schedule %s: %w", f.ID, err)
	}
	return inARow, nil
}

// Succeeded begins the count of failures anew.
func (s *Store) Succeeded(ctx context.Context, f Schedule) error {
	if err := s.forget(ctx, "failed "+f.ID); err != nil {
		return fmt.Errorf("count the failures of schedule %s anew: %w", f.ID, err)
	}
	return nil
}

// forget takes fields away from the runs. What is no hash holds none.
func (s *Store) forget(ctx context.Context, fields ...string) error {
	err := s.client.HDel(ctx, runsKey, fields...).Err()
	if redis.HasErrorPrefix(err, "WRONGTYPE") {
		return nil
	}
	return err
}
