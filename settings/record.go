package settings

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Our keys in Redis. They share a hash tag, so that one script may change them
// together in a Cluster.
const (
	configKey = "{helix}:config"     // hash: live values, @revision, @id, @schema
	policyKey = "{helix}:policy"     // hash: the effective value of every live setting
	logKey    = "{helix}:config:log" // list of entries in JSON, the newest first
)

// Channel is where changes are announced.
const Channel = "{helix}:events"

// OwnKeys answers the keys that settings keeps in Redis.
func OwnKeys() []string { return []string{configKey, policyKey, logKey} }

// announcement begins the messages on Channel that concern settings; the
// revision follows.
const announcement = "config "

// schema numbers the layout of what we store. An instance that meets a higher
// number changes nothing.
const schema = 1

// record is what Redis holds of the live values.
type record struct {
	revision int64
	stamp    stamp
	schema   int

	// overrides are the live values as stored, also those that today's table
	// refuses.
	overrides map[string]string
}

// stamp tells two records apart, also those that a failover gave the same
// revision: the revision as stored, and the id of the change that made it.
type stamp struct{ revision, id string }

func (l *Live) read(ctx context.Context) (record, error) {
	fields, err := l.client.HGetAll(ctx, configKey).Result()
	if err != nil {
		return record{}, fmt.Errorf("read %s: %w", configKey, err)
	}
	return decodeRecord(fields), nil
}

// decodeRecord reads the hash. A revision that is not a number, which only a
// foreign hand can have put there, counts as none.
func decodeRecord(fields map[string]string) record {
	r := record{overrides: make(map[string]string)}
	for name, value := range fields {
		switch name {
		case "@revision":
			r.stamp.revision = value
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 {
				r.revision = n
			}
		case "@id":
			r.stamp.id = value
		case "@schema":
			// Illegible means written by something that we do not know.
			n, err := strconv.Atoi(value)
			if err != nil {
				n = schema + 1
			}
			r.schema = n
		default:
			if !strings.HasPrefix(name, "@") {
				r.overrides[name] = value
			}
		}
	}
	return r
}

// readOnly says that a later release owns the record.
func (r record) readOnly() bool { return r.schema > schema }

// fields answers the hash to store.
func (r record) fields() []any {
	fields := []any{"@revision", r.stamp.revision, "@id", r.stamp.id, "@schema", schema}
	for _, key := range sortedKeys(r.overrides) {
		fields = append(fields, key, r.overrides[key])
	}
	return fields
}

// next answers the record that follows r with other live values.
func (r record) next(overrides map[string]string, id string) record {
	n := r.revision + 1
	return record{
		revision: n, stamp: stamp{strconv.FormatInt(n, 10), id},
		schema: schema, overrides: overrides,
	}
}

// stampAndPolicy asks in one round trip which record Redis holds, and whether
// it holds a policy.
func (l *Live) stampAndPolicy(ctx context.Context) (s stamp, policy bool, err error) {
	pipe := l.client.Pipeline()
	meta := pipe.HMGet(ctx, configKey, "@revision", "@id")
	exists := pipe.Exists(ctx, policyKey)
	if _, err := pipe.Exec(ctx); err != nil {
		return stamp{}, false, fmt.Errorf("read %s: %w", configKey, err)
	}
	values := meta.Val()
	s.revision, _ = values[0].(string)
	s.id, _ = values[1].(string)
	return s, exists.Val() == 1, nil
}

// commitSource stores a record, the policy and a log entry, and announces the
// revision, if the store still holds what the caller saw.
//
// DEL stands first for servers before 7.0, which know no allow-oom: out of
// memory, they refuse a script's first write only, and never a DEL.
//
// KEYS: config, policy, log. ARGV: the expected revision and id ("" for an
// empty store), the channel, the message, the entry's JSON after its time, how
// many entries to keep, how many words of config follow, these, then the
// policy.
const commitSource = `
local held = redis.call('HMGET', KEYS[1], '@revision', '@id')
if (held[1] or '') ~= ARGV[1] or (held[2] or '') ~= ARGV[2] then return 0 end
local last = 7 + tonumber(ARGV[7])
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], unpack(ARGV, 8, last))
redis.call('HSET', KEYS[2], unpack(ARGV, last + 1, #ARGV))
local now = redis.call('TIME')
local ms = now[1] .. string.format('%03d', math.floor(tonumber(now[2]) / 1000))
redis.call('LPUSH', KEYS[3], '{"at":' .. ms .. ',' .. ARGV[5])
redis.call('LTRIM', KEYS[3], 0, tonumber(ARGV[6]) - 1)
redis.pcall('PUBLISH', ARGV[3], ARGV[4])
return 1`

// policySource stores the policy if the store still holds the record that it
// was made from. KEYS: config, policy. ARGV: revision, id, the policy.
const policySource = `
local held = redis.call('HMGET', KEYS[1], '@revision', '@id')
if (held[1] or '') ~= ARGV[1] or (held[2] or '') ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], unpack(ARGV, 3, #ARGV))
return 1`

// logSize is how many changes the history keeps.
const logSize = 1000

// commit stores next in place of held. ok is false if the store holds another
// record meanwhile.
func (l *Live) commit(ctx context.Context, held stamp, next *state, e Entry) (ok bool, err error) {
	entry, err := e.encode()
	if err != nil {
		return false, err
	}
	fields := next.record.fields()
	args := []any{held.revision, held.id, Channel, announcement + next.record.stamp.revision, entry, logSize, len(fields)}
	args = append(append(args, fields...), flat(next.snapshot.Policy())...)
	n, err := l.commitScript.run(ctx, l.client, []string{configKey, policyKey, logKey}, args)
	return n == 1, err
}

// publishPolicy stores the policy of the values in force.
func (l *Live) publishPolicy(ctx context.Context, s *state) error {
	args := append([]any{s.record.stamp.revision, s.record.stamp.id}, flat(s.snapshot.Policy())...)
	_, err := l.policyScript.run(ctx, l.client, []string{configKey, policyKey}, args)
	return err
}

func flat(m map[string]string) []any {
	var words []any
	for _, k := range sortedKeys(m) {
		words = append(words, k, m[k])
	}
	return words
}
