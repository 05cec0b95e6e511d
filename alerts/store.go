package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Our keys in Redis, in one slot.
const (
	incidentsKey = "{helix}:incidents"
	silencesKey  = "{helix}:silences"
)

// OwnKeys lists the keys that alerts live in.
func OwnKeys() []string { return []string{incidentsKey, silencesKey} }

// schema numbers the layout of what we store. An instance that meets a higher
// number saves nothing and sends nothing.
const schema = 1

// Fields of the hashes that are no records.
const (
	schemaField = "@schema"
	markField   = "@mark" // another one after each change
)

// The bounds of a record. No release writes larger ones, so what lies beyond was
// put there by a foreign hand and is not read.
const (
	maxRecord  = 64 << 10 // bytes
	maxVersion = 15       // digits
)

// Errors of saving.
var (
	errFenced = errors.New("another instance speaks now")
	errNewer  = &NewerError{}
)

// Fence is the proof that this instance may speak: the text at a key, in the
// slot of {helix}. The zero Fence proves nothing and is always let through.
type Fence struct{ Key, Token string }

// saveSource sets records of a hash, each unless there is one of the same or a
// higher version, and removes others. A record that is there already counts as
// set: the answer of an earlier try may have been lost.
//
// The first write is one that takes no memory, for servers before 7.0, which
// know no allow-oom: out of memory, they refuse a script's first write only.
//
// KEYS: hash, and the fence's key if there is one. ARGV: schema, the fence's
// token, mark, how many to remove, their names; then name, version and record
// of each. Answers a status, how many fields there are, and for each record 1 if it
// is there, else 0.
const saveSource = `
if KEYS[2] then
  local ok, token = pcall(redis.call, 'GET', KEYS[2])
  if not ok or token ~= ARGV[2] then return {'fenced'} end
end
local kind = redis.call('TYPE', KEYS[1])
kind = type(kind) == 'table' and kind['ok'] or kind
if kind == 'hash' then
  local there = redis.call('HGET', KEYS[1], '@schema')
  if there and tonumber(there) and tonumber(there) > tonumber(ARGV[1]) then return {'newer'} end
  redis.call('HDEL', KEYS[1], '@none')
else
  redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], '@schema', ARGV[1], '@mark', ARGV[3])
local remove = tonumber(ARGV[4])
for i = 5, 4 + remove do redis.call('HDEL', KEYS[1], ARGV[i]) end
local answer = {'saved', ''}
for i = 5 + remove, #ARGV, 3 do
  local there = redis.call('HGET', KEYS[1], ARGV[i])
  local version = there and tonumber(string.match(there, '^(%d+) ') or '') or 0
  if version < tonumber(ARGV[i + 1]) then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    there = ARGV[i + 2]
  end
  answer[#answer + 1] = there == ARGV[i + 2] and '1' or '0'
end
answer[2] = tostring(redis.call('HLEN', KEYS[1]))
return answer`

// store keeps the records in Redis.
type store struct {
	client redis.UniversalClient
	script *script.Script
}

func newStore(client redis.UniversalClient) store { return store{client, script.New(saveSource)} }

// record is one incident or silence on its way to Redis.
type record struct {
	id      string
	version int64
	body    any
}

// save answers which of the records are in Redis now, and its mark; the others were
// changed there meanwhile.
func (s store) save(ctx context.Context, key string, fence Fence, mark string, remove []string, records []record) (map[string]bool, string, error) {
	keys := []string{key}
	if fence.Key != "" {
		keys = append(keys, fence.Key)
	}
	args := []any{schema, fence.Token, mark, len(remove)}
	for _, id := range remove {
		args = append(args, id)
	}
	for _, r := range records {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, "", fmt.Errorf("write %s: %w", r.id, err)
		}
		args = append(args, r.id, r.version, strconv.FormatInt(r.version, 10)+" "+string(text))
	}
	answer, err := s.script.Run(ctx, s.client, keys, args...).StringSlice()
	switch {
	case err != nil:
		return nil, "", fmt.Errorf("write %s: %w", key, err)
	case len(answer) > 0 && answer[0] == "fenced":
		return nil, "", errFenced
	case len(answer) > 0 && answer[0] == "newer":
		return nil, "", errNewer
	case len(answer) != len(records)+2:
		return nil, "", fmt.Errorf("write %s: the script answered %d texts", key, len(answer))
	}
	saved := make(map[string]bool)
	for i, r := range records {
		saved[r.id] = answer[i+2] == "1"
	}
	return saved, markOf(mark, answer[1]), nil
}

// markOf is a hash's mark with how many fields it has, some of which may be lost
// while the mark stays; "" where there is none.
func markOf(mark, fields string) string {
	if mark == "" {
		return ""
	}
	return mark + " " + fields
}

// marks answers the marks of both hashes: equal ones mean that nothing changed.
func (s store) marks(ctx context.Context) ([2]string, error) {
	var marks [2]string
	for i, key := range OwnKeys() {
		pipe := s.client.Pipeline()
		mark, fields := pipe.HGet(ctx, key, markField), pipe.HLen(ctx, key)
		_, _ = pipe.Exec(ctx) // each command has its error
		for _, err := range []error{mark.Err(), fields.Err()} {
			if err != nil && !errors.Is(err, redis.Nil) && !wrongType(err) {
				return marks, fmt.Errorf("read %s: %w", key, err)
			}
		}
		marks[i] = markOf(mark.Val(), strconv.FormatInt(fields.Val(), 10))
	}
	return marks, nil
}

// read answers the records of a hash. What is no record of ours is left out,
// and so is a value of another type: ours is lost then.
func read[T any](ctx context.Context, s store, key string) (map[string]T, error) {
	fields, err := s.client.HGetAll(ctx, key).Result()
	if err != nil && !wrongType(err) {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	if number, err := strconv.Atoi(fields[schemaField]); err == nil && number > schema {
		return nil, errNewer
	}
	records := make(map[string]T)
	for id, text := range fields {
		version, body, ok := strings.Cut(text, " ")
		if !ok || strings.HasPrefix(id, "@") || len(text) > maxRecord || len(version) > maxVersion {
			continue
		}
		var r T
		if json.Unmarshal([]byte(body), &r) == nil {
			records[id] = r
		}
	}
	return records, nil
}

func wrongType(err error) bool { return redis.HasErrorPrefix(err, "WRONGTYPE") }
