package lease

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// beatSource tells the others that an instance is there, and renews the lease or
// takes it, as far as that is wanted. Asking again after a lost reply is harmless:
// what was taken is then found to be its own.
//
// The first write is one that takes no memory, for servers before 7.0, which know
// no allow-oom: out of memory, they refuse a script's first write only.
//
// KEYS: the lease, what is left of the last holder, the instances. ARGV: the
// instance's id and record; the term; when an instance is gone, both in
// milliseconds; what is wanted (none: the lease is let be; keep: only what it held
// is renewed, or taken where it was given back; take: a free one is taken); the
// value that it held; the highest token that it has seen; its application; for how
// many milliseconds another application is kept out.
// Answers a word, the lease's value, for how many milliseconds that stands, and to
// the holder since when, in milliseconds, Redis has lost nothing: whoever comes first
// after a loss notes that.
const beatSource = `
local lease, last, instances = KEYS[1], KEYS[2], KEYS[3]
local id, record, term, want, mine, application = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[5], ARGV[6], ARGV[8]
local function fit(key, kind)
  local is = redis.call('TYPE', key)
  is = type(is) == 'table' and is['ok'] or is
  if is ~= kind and is ~= 'none' then redis.call('DEL', key) end
end
fit(lease, 'string') fit(last, 'hash') fit(instances, 'hash')
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local text = string.format('%.0f', now)
redis.call('HDEL', instances, '@none')
local owner, seen = redis.call('HGET', last, 'application'), tonumber(redis.call('HGET', last, 'seen') or '') or 0
local held = redis.call('GET', lease)
if application ~= '' and owner and owner ~= '' and owner ~= application and (held or now - seen < tonumber(ARGV[9])) then
  return {'foreign', owner, math.max(0, tonumber(ARGV[9]) - (now - seen)), 0}
end
if not redis.call('HGET', last, 'since') then redis.call('HSET', last, 'since', text) end
redis.call('HSET', instances, id, text .. ' ' .. record)
local all = redis.call('HGETALL', instances)
for i = 1, #all, 2 do
  local at = tonumber(string.match(all[i + 1], '^(%d+) ') or '')
  if not at or now - at > tonumber(ARGV[4]) then redis.call('HDEL', instances, all[i]) end
end
if held and (held ~= mine or want == 'none') then return {'other', held, redis.call('PTTL', lease), 0} end
if want == 'none' then return {'free', '', -2, 0} end
local function note(token, value)
  redis.call('SET', lease, value, 'PX', term)
  redis.call('HSET', last, 'token', token, 'application', application ~= '' and application or owner or '', 'seen', text, 'released', '0')
  return {'mine', value, term, tonumber(redis.call('HGET', last, 'since')) or now}
end
local token = redis.call('HGET', last, 'token')
if mine ~= '' and (held or token == string.match(mine, '^(%d+) ')) then return note(string.match(mine, '^(%d+) '), mine) end
if want == 'keep' and redis.call('HGET', last, 'released') ~= '1' then return {'free', '', -2, 0} end
local next = string.format('%.0f', math.max(tonumber(token or '') or 0, tonumber(ARGV[7]), now) + 1)
return note(next, next .. ' ' .. record)`

// releaseSource gives the lease back and leaves the list.
//
// KEYS: as of beatSource. ARGV: the instance's id, the value that it held.
const releaseSource = `
redis.call('HDEL', KEYS[3], ARGV[1])
if ARGV[2] == '' or redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[2], 'released', '1')
return 1`

// What an instance wants of a beat.
const (
	wantNone = "none"
	wantKeep = "keep"
	wantTake = "take"
)

// word is what a beat found.
type word string

const (
	mine    word = "mine"
	other   word = "other"
	free    word = "free"
	foreign word = "foreign" // the value is the application that uses this Redis
)

// answer is what Redis says to a beat.
type answer struct {
	word  word
	value string
	left  time.Duration
	since time.Time // of mine
}

// ledger is the lease in Redis.
type ledger struct {
	client        redis.UniversalClient
	beat, release *script.Script
}

func newLedger(client redis.UniversalClient) ledger {
	return ledger{client, script.New(beatSource), script.New(releaseSource)}
}

var ledgerKeys = []string{leaseKey, lastKey, instancesKey}

// ask makes a beat.
func (l ledger) ask(ctx context.Context, self Instance, want, held string, seen int64, application string) (answer, error) {
	reply, err := l.beat.Run(ctx, l.client, ledgerKeys, self.ID, self.record(), Term.Milliseconds(), goneAfter.Milliseconds(),
		want, held, seen, application, foreignFor.Milliseconds()).Slice()
	if err != nil {
		return answer{}, fmt.Errorf("ask for the lease: %w", err)
	}
	if len(reply) != 4 {
		return answer{}, fmt.Errorf("ask for the lease: the script answered %d values", len(reply))
	}
	said, isText := reply[0].(string)
	value, _ := reply[1].(string)
	left, isNumber := reply[2].(int64)
	since, isTime := reply[3].(int64)
	if !isText || !isNumber || !isTime {
		return answer{}, fmt.Errorf("ask for the lease: the script answered %s", strconv.Quote(fmt.Sprint(reply...)))
	}
	return answer{word(said), value, time.Duration(left) * time.Millisecond, time.UnixMilli(since)}, nil
}

// giveBack ends a right that is held, and the instance's place in the list.
func (l ledger) giveBack(ctx context.Context, id, held string) error {
	if err := l.release.Run(ctx, l.client, ledgerKeys, id, held).Err(); err != nil {
		return fmt.Errorf("give the lease back: %w", err)
	}
	return nil
}
