package plans

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Our keys in Redis, in one slot: the metadata of each plan, and the ids of
// those that wait with the milliseconds when they lapse.
const (
	planPrefix = "{helix}:plan:"
	indexKey   = "{helix}:plans"
)

// OwnKeys lists the keys of fixed names that plans live in.
func OwnKeys() []string { return []string{indexKey} }

// OwnIndexes answers the sorted sets whose members name further keys of plans,
// each with what begins those names.
func OwnIndexes() map[string]string { return map[string]string{indexKey: planPrefix} }

// A plan that was claimed leaves a mark in its place: this word, whose claim it
// is, and what was there. A claim whose answer was lost is found by it again.
const (
	takenMark = "taken "
	takenFor  = time.Minute
)

// maxValue is as much as there can be at a plan's key.
const maxValue = maxSealed + int64(len(takenMark)) + digestLength + 1

// soundSource begins the scripts: what is at the key of the index and no index is
// not ours, and goes.
const soundSource = `
if redis.call('TYPE', KEYS[2]).ok ~= 'zset' then redis.call('DEL', KEYS[2]) end`

// putSource sets a plan if its key holds what the caller saw there last; an
// empty expectation stands for nothing. What is set already counts as done.
//
// In each of these scripts the first write is one that takes no memory, for
// servers before 7.0, which know no allow-oom: out of memory, they refuse a
// script's first write only.
//
// KEYS: plan, index. ARGV: new value, expected value, ms to live, id, ms when
// it lapses. Answers whether it was done.
const putSource = soundSource + `
local now = redis.call('TIME')
local at = redis.call('GET', KEYS[1]) or ''
if at == ARGV[1] then return 1 end
if at ~= ARGV[2] then return 0 end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('(%d%03d', tonumber(now[1]), math.floor(tonumber(now[2]) / 1000)))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
return 1`

// claimSource leaves the mark of a claim in the place of a plan, if there is
// what the caller saw, or for an empty expectation whatever there is.
//
// KEYS: plan, index. ARGV: token, expected value, id, ms for the mark to live.
const claimSource = soundSource + `
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return 0 end
local at = redis.call('GET', KEYS[1])
if not at then return 0 end
local mine = 'taken ' .. ARGV[1] .. ' '
if string.sub(at, 1, #mine) == mine then return 1 end
if string.sub(at, 1, 6) == 'taken ' then return 2 end
if ARGV[2] ~= '' and at ~= ARGV[2] then return 3 end
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('SET', KEYS[1], mine .. ARGV[2], 'PX', ARGV[4])
return 1`

// What claimSource answers.
const (
	claimNothing = 0 // there is no such plan in Redis
	claimOurs    = 1
	claimOthers  = 2
	claimChanged = 3 // it is not what was expected
)

// ledger is the plans' metadata in Redis.
type ledger struct {
	client     redis.UniversalClient
	put, claim *script.Script
}

func newLedger(client redis.UniversalClient) ledger {
	return ledger{client, script.New(putSource), script.New(claimSource)}
}

// set puts a sealed plan where expected is.
func (l ledger) set(ctx context.Context, p Plan, sealed, expected string, life time.Duration) (bool, error) {
	done, err := l.put.Run(ctx, l.client, []string{planPrefix + p.ID, indexKey},
		sealed, expected, max(1, life.Milliseconds()), p.ID, p.Until.UnixMilli()).Bool()
	if err != nil {
		return false, fmt.Errorf("write plan %s: %w", p.ID, err)
	}
	return done, nil
}

// mark claims a plan for the holder of a token.
func (l ledger) mark(ctx context.Context, id, token, expected string) (int, error) {
	answer, err := l.claim.Run(ctx, l.client, []string{planPrefix + id, indexKey},
		token, expected, id, takenFor.Milliseconds()).Int()
	if err != nil {
		return 0, fmt.Errorf("claim plan %s: %w", id, err)
	}
	return answer, nil
}

// value answers what is at a plan's key: nothing, a sealed plan, or the mark of
// a claim. A longer value than we write comes cut, and proves false by that.
func (l ledger) value(ctx context.Context, id string) (string, error) {
	value, err := l.client.GetRange(ctx, planPrefix+id, 0, maxValue).Result()
	switch {
	case wrongType(err):
		return "", &TamperedError{id, "metadata"}
	case err != nil:
		return "", fmt.Errorf("read plan %s: %w", id, err)
	}
	return value, nil
}

// wrongType says that a key of ours holds something that is not ours, as if ours
// were not there.
func wrongType(err error) bool { return redis.HasErrorPrefix(err, "WRONGTYPE") }

// unmarked answers the sealed plan in a value: one that waits, or one that the
// token's holder claimed.
func unmarked(value, token string) (sealed string, ok bool) {
	rest, taken := strings.CutPrefix(value, takenMark)
	if !taken {
		return value, value != ""
	}
	by, sealed, _ := strings.Cut(rest, " ")
	return sealed, token != "" && by == token && sealed != ""
}

// maxPending bounds how many plans are listed.
const maxPending = 100

// waiting answers the ids of the plans that the index holds and the values at
// their keys, those that lapse last first. stale are members of it for which
// there is nothing.
func (l ledger) waiting(ctx context.Context, now time.Time) (values map[string]string, stale []any, err error) {
	members, err := l.client.ZRevRangeByScore(ctx, indexKey, &redis.ZRangeBy{
		Min: fmt.Sprint(now.UnixMilli()), Max: "+inf", Count: maxPending}).Result()
	if err != nil && !wrongType(err) {
		return nil, nil, fmt.Errorf("list plans: %w", err)
	}
	values = make(map[string]string)
	asked := make(map[string]*redis.StringCmd)
	_, err = l.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, id := range members {
			if !validID(id) {
				stale = append(stale, id)
				continue
			}
			asked[id] = pipe.GetRange(ctx, planPrefix+id, 0, maxValue)
		}
		return nil
	})
	if err != nil && !script.Refused(err) { // one of another type is that plan's own fault
		return nil, nil, fmt.Errorf("list plans: %w", err)
	}
	for id, cmd := range asked {
		if sealed, ok := unmarked(cmd.Val(), ""); ok {
			values[id] = sealed
		} else {
			stale = append(stale, id)
		}
	}
	return values, stale, nil
}

// prune takes members out of the index. A Redis that refuses writes keeps them.
func (l ledger) prune(ctx context.Context, stale []any) error {
	if len(stale) == 0 {
		return nil
	}
	if err := l.client.ZRem(ctx, indexKey, stale...).Err(); err != nil && !script.Refused(err) {
		return fmt.Errorf("list plans: %w", err)
	}
	return nil
}
