package audit

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Our keys in Redis, in one slot.
const (
	streamKey    = "{helix}:audit"
	headKey      = "{helix}:audit:head"
	announcedKey = "{helix}:audit:announced" // the day whose head has been told
)

// OwnKeys lists the keys that the audit lives in.
func OwnKeys() []string { return []string{streamKey, headKey, announcedKey} }

// What an entry of the stream holds.
const (
	bodyField = "record"
	hashField = "hash"
)

// Head is the newest record of the chain.
type Head struct {
	Seq   int64
	Hash  string
	First int64 // the oldest record that is kept
}

// appendSource adds records if the chain still ends where the caller saw it,
// and trims the oldest away, leaving the hash of the last of them as an anchor.
// Where the head is gone or damaged, evicted say, the stream's last entry tells.
// What is of another type is not ours, and goes.
//
// DEL stands first for servers before 7.0, which know no allow-oom: out of
// memory, they refuse a script's first write only, and never a DEL.
//
// Where the chain ends elsewhere, the caller's newest record is looked for: others
// may have gone on after a failover that lost it, and know nothing of that.
//
// KEYS: stream, head. ARGV: schema; the expected seq and hash; seq, hash and
// first after it; how many to trim; seq and hash of the caller's newest record;
// then each record and its hash. Answers a status, where the chain ends, the time,
// and 1 where another record stands in the place of the caller's newest.
const appendSource = `
local function is(key, kind) return redis.call('TYPE', key).ok == kind end
local function count(n) return type(n) == 'number' and n >= 0 and n < 1e15 end
local h = {}
if is(KEYS[2], 'hash') then h = redis.call('HMGET', KEYS[2], 'seq', 'hash', 'first', 'schema', 'anchor') end
local now = redis.call('TIME')
local streamed = is(KEYS[1], 'stream')
if not (string.match(h[1] or '', '^%d+$') and string.match(h[3] or '', '^%d+$') and #(h[2] or '') == 64) then
  h[1], h[2], h[3] = false, false, false
  local last = streamed and redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if last then
    local ok, r = pcall(cjson.decode, last[2][2])
    if ok and type(r) == 'table' and count(r['seq']) and count(r['first']) then
      h[1], h[2], h[3] = string.format('%d', r['seq']), last[2][4], string.format('%d', r['first'])
    end
  end
end
local seq, hash, first, anchor = h[1] or '0', h[2] or '', h[3] or '1', h[5] or ''
local status, replaced = 0, 0
if (tonumber(h[4] or '0') or 0) > tonumber(ARGV[1]) then
  status = 2
elseif seq == ARGV[2] and hash == ARGV[3] then
  redis.call('DEL', KEYS[2])
  if not streamed then redis.call('DEL', KEYS[1]) end
  local trim = tonumber(ARGV[7])
  if streamed and trim > 0 then
    local old = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', trim)
    if #old > 0 then anchor = old[#old][2][4] or anchor end
    redis.call('XTRIM', KEYS[1], 'MAXLEN', redis.call('XLEN', KEYS[1]) - #old)
  end
  redis.call('HSET', KEYS[2], 'schema', ARGV[1], 'seq', ARGV[4], 'hash', ARGV[5], 'first', ARGV[6], 'anchor', anchor)
  for i = 10, #ARGV, 2 do
    redis.call('XADD', KEYS[1], '*', 'record', ARGV[i], 'hash', ARGV[i + 1])
  end
  status = 1
elseif streamed then
  local behind = tonumber(seq) - tonumber(ARGV[8])
  if tonumber(ARGV[8]) >= tonumber(first) and behind >= 0 and behind < 1000 then
    local mine = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', behind + 1)[behind + 1]
    if mine and mine[2][4] ~= ARGV[9] then replaced = 1 end
  end
end
return {status, seq, hash, first, now[1], now[2], replaced}`

// What appendSource answers.
const (
	moved    = 0 // the chain ends elsewhere; nothing was added
	appended = 1
	newer    = 2 // a later release keeps the audit; nothing was added
)

// store is the chain in Redis.
type store struct {
	client redis.UniversalClient
	append *script.Script
}

// answer is what a try to add records comes to.
type answer struct {
	status int64
	head   Head      // before it
	now    time.Time // by the clock of Redis

	replaced bool // another record stands in the place of our newest
}

// add puts sealed records behind the head that is expected; mine is a record that
// should stand there, if it has a number.
func (s store) add(ctx context.Context, expected, mine, next Head, trim int64, sealed []string) (answer, error) {
	args := []any{schema, expected.Seq, expected.Hash, next.Seq, next.Hash, next.First, trim, mine.Seq, mine.Hash}
	for _, word := range sealed {
		args = append(args, word)
	}
	got, err := s.append.Run(ctx, s.client, []string{streamKey, headKey}, args...).Slice()
	if err != nil {
		return answer{}, fmt.Errorf("write %s: %w", streamKey, err)
	}
	return readAnswer(got)
}

func readAnswer(got []any) (answer, error) {
	var numbers [7]int64
	if len(got) != len(numbers) {
		return answer{}, fmt.Errorf("write %s: the script answered %d values", streamKey, len(got))
	}
	for i, v := range got {
		switch text := v.(type) {
		case int64:
			numbers[i] = text
		case string:
			numbers[i], _ = strconv.ParseInt(text, 10, 64) // the hash is no number
		}
	}
	hash, _ := got[2].(string)
	return answer{
		status: numbers[0],
		head:   Head{Seq: numbers[1], Hash: hash, First: numbers[3]},
		now:    time.Unix(numbers[4], numbers[5]*1000),

		replaced: numbers[6] == 1,
	}, nil
}

// item is one entry of the stream.
type item struct {
	id, body, hash string
}

func items(messages []redis.XMessage) []item {
	list := make([]item, len(messages))
	for i, m := range messages {
		body, _ := m.Values[bodyField].(string)
		hash, _ := m.Values[hashField].(string)
		list[i] = item{m.ID, body, hash}
	}
	return list
}

// pageSize is how many records are read at once.
const pageSize = 500

// wrongType says that a key of ours holds something that is not ours, as if ours
// were not there.
func wrongType(err error) bool { return redis.HasErrorPrefix(err, "WRONGTYPE") }

// newestFirst shows visit the stream from its end until it answers false.
func (s store) newestFirst(ctx context.Context, visit func(item) bool) error {
	last := "+"
	for {
		page, err := s.client.XRevRangeN(ctx, streamKey, last, "-", pageSize).Result()
		if err != nil && !wrongType(err) {
			return fmt.Errorf("read %s: %w", streamKey, err)
		}
		for _, it := range items(page) {
			if !visit(it) {
				return nil
			}
		}
		if len(page) < pageSize {
			return nil
		}
		last = before(page[len(page)-1].ID)
	}
}
