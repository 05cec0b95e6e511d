package settings

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
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

// The bounds of what a record may hold. No release stores more, so what lies
// beyond was put there by a foreign hand; it is not read, and the next change
// leaves it out.
const (
	maxName     = 128 // bytes of a key
	maxForeign  = 100 // keys that the table does not know
	maxRevision = 1 << 53
)

// read answers the record in Redis, and of how many fields it is.
func (l *Live) read(ctx context.Context) (r record, fields int64, err error) {
	all, err := l.hash(ctx, configKey)
	if err != nil {
		return record{}, 0, err
	}
	return decodeRecord(all), int64(len(all)), nil
}

// hash reads one of our hashes. A value of another type in its place counts as
// none, since ours is lost then.
func (l *Live) hash(ctx context.Context, key string) (map[string]string, error) {
	fields, err := l.client.HGetAll(ctx, key).Result()
	if err != nil && !wrongType(err) {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return fields, nil
}

// decodeRecord reads the hash. A revision that no change can have reached
// counts as none.
func decodeRecord(fields map[string]string) record {
	r := record{overrides: make(map[string]string)}
	for name, value := range fields {
		switch name {
		case "@revision":
			r.stamp.revision = value
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 && n < maxRevision {
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
			if !strings.HasPrefix(name, "@") && len(name) <= maxName && len(value) <= maxText {
				r.overrides[name] = value
			}
		}
	}
	dropForeign(r.overrides)
	return r
}

// dropForeign leaves maxForeign of the keys that the table does not know, the
// same ones in every instance.
func dropForeign(overrides map[string]string) {
	foreign := 0
	for _, key := range sortedKeys(overrides) {
		if _, known := index()[key]; known {
			continue
		}
		if foreign++; foreign > maxForeign {
			delete(overrides, key)
		}
	}
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

// glance is what one round trip tells of the store.
type glance struct {
	stamp       stamp
	fields      int64 // of the record
	policy, log bool  // whether they are there, the policy whole
}

// look asks which record Redis holds, and whether a policy and a history.
// A value of another type in a place of ours counts as none.
func (l *Live) look(ctx context.Context) (glance, error) {
	pipe := l.client.Pipeline()
	meta := pipe.HMGet(ctx, configKey, "@revision", "@id")
	fields, policy, log := pipe.HLen(ctx, configKey), pipe.HLen(ctx, policyKey), pipe.LLen(ctx, logKey)
	_, _ = pipe.Exec(ctx) // each command has its own error
	for _, reply := range []redis.Cmder{meta, fields, policy, log} {
		if err := reply.Err(); err != nil && !wrongType(err) {
			return glance{}, fmt.Errorf("read %s: %w", configKey, err)
		}
	}
	g := glance{fields: fields.Val(), policy: policy.Val() >= int64(len(l.Snapshot().Policy())), log: log.Val() > 0}
	if values := meta.Val(); len(values) == 2 {
		g.stamp.revision, _ = values[0].(string)
		g.stamp.id, _ = values[1].(string)
	}
	return g, nil
}

// wrongType says that a key of ours holds something that is not ours.
func wrongType(err error) bool { return redis.HasErrorPrefix(err, "WRONGTYPE") }

// holdsSource begins the scripts: holds answers whether the store still has
// the record that the caller saw, and store fills a hash, however large.
const holdsSource = `
local function holds(key, revision, id)
  if redis.call('TYPE', key).ok ~= 'hash' then return revision == '' and id == '' end
  local held = redis.call('HMGET', key, '@revision', '@id')
  return (held[1] or '') == revision and (held[2] or '') == id
end
local function store(key, first, last)
  for i = first, last, 2 do redis.call('HSET', key, ARGV[i], ARGV[i + 1]) end
end
local function log(key, entry, size)
  if redis.call('TYPE', key).ok ~= 'list' then redis.call('DEL', key) end
  local now = redis.call('TIME')
  local ms = now[1] .. string.format('%03d', math.floor(tonumber(now[2]) / 1000))
  redis.call('LPUSH', key, '{"at":' .. ms .. ',' .. entry)
  redis.call('LTRIM', key, 0, tonumber(size) - 1)
end`

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
const commitSource = holdsSource + `
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
local last = 7 + tonumber(ARGV[7])
redis.call('DEL', KEYS[1], KEYS[2])
store(KEYS[1], 8, last)
store(KEYS[2], last + 1, #ARGV)
log(KEYS[3], ARGV[5], ARGV[6])
redis.pcall('PUBLISH', ARGV[3], ARGV[4])
return 1`

// policySource stores the policy if the store still holds the record that it
// was made from. KEYS: config, policy. ARGV: revision, id, the policy.
const policySource = holdsSource + `
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
redis.call('DEL', KEYS[2])
store(KEYS[2], 3, #ARGV)
return 1`

// logSource begins a history that is gone with an entry for the record that
// the store holds. KEYS: config, log. ARGV: revision, id, the entry's JSON
// after its time, how many entries to keep.
const logSource = holdsSource + `
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
if redis.call('TYPE', KEYS[2]).ok == 'list' then return 0 end
log(KEYS[2], ARGV[3], ARGV[4])
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
	n, err := l.commitScript.Run(ctx, l.client, []string{configKey, policyKey, logKey}, args...).Int()
	return n == 1, err
}

// publishPolicy stores the policy of the values in force.
func (l *Live) publishPolicy(ctx context.Context, s *state) error {
	args := append([]any{s.record.stamp.revision, s.record.stamp.id}, flat(s.snapshot.Policy())...)
	_, err := l.policyScript.Run(ctx, l.client, []string{configKey, policyKey}, args...).Int()
	return err
}

// beginLog stores an entry for the record in force, where the history is gone.
func (l *Live) beginLog(ctx context.Context, s *state) error {
	entry, err := restored(s, nil).encode()
	if err != nil {
		return err
	}
	args := []any{s.record.stamp.revision, s.record.stamp.id, entry, logSize}
	_, err = l.logScript.Run(ctx, l.client, []string{configKey, logKey}, args...).Int()
	return err
}

func flat(m map[string]string) []any {
	var words []any
	for _, k := range sortedKeys(m) {
		words = append(words, k, m[k])
	}
	return words
}
