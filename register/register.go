// Package register keeps a bounded number of small records, each under a name, in
// one hash of Redis. It reads no more than it would write, whatever a foreign hand
// has put there, and it never looks into a record.
package register

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Register is the records under one key. Its methods may be called from several
// goroutines, and on several instances of Helix.
type Register struct {
	client                      redis.UniversalClient
	key                         string
	bounds                      Bounds
	all, put, replaced, removed *script.Script
}

// Bounds is how much a Register keeps: records, and bytes of one of them.
type Bounds struct{ Records, Bytes int }

// FullError says that a Register holds as many records as it may.
type FullError struct{ Records int }

func (e *FullError) Error() string {
	return fmt.Sprintf("there are %d already, which is as many as are kept", e.Records)
}

// New answers the records under a key. Nothing is asked of Redis.
func New(client redis.UniversalClient, key string, bounds Bounds) *Register {
	return &Register{
		client: client, key: key, bounds: bounds,
		all: script.New(allSource), put: script.New(putSource), replaced: script.New(replaceSource), removed: script.New(removeSource),
	}
}

// allSource answers names and records, alternating, and none that is longer than
// we write, nor more than we do. A value of another type counts as none.
//
// KEYS: the hash. ARGV: records, bytes.
const allSource = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return {} end
local most, found = tonumber(ARGV[1]), {}
local cursor = '0'
repeat
  local page = redis.call('HSCAN', KEYS[1], cursor, 'COUNT', most)
  cursor = page[1]
  for i = 1, #page[2], 2 do
    if #page[2][i + 1] <= tonumber(ARGV[2]) and #found < 2 * most then
      found[#found + 1] = page[2][i]
      found[#found + 1] = page[2][i + 1]
    end
  end
until cursor == '0' or #found >= 2 * most
return found`

// putSource sets a record. What is set already counts as done. The first write is
// one that takes no memory, for servers before 7.0: out of memory, they refuse a
// script's first write only.
//
// KEYS: the hash. ARGV: name, record, records. Answers whether there was room.
const putSource = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
local at = redis.call('HGET', KEYS[1], ARGV[1])
if at == ARGV[2] then return 1 end
if not at and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1`

// replaceSource sets a record in the place of another, and answers whether that
// was there. KEYS: the hash. ARGV: name, the other, record.
const replaceSource = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
local at = redis.call('HGET', KEYS[1], ARGV[1])
if at == ARGV[3] then return 1 end
if at ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`

// removeSource takes a record away. KEYS: the hash. ARGV: name.
const removeSource = `
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])`

// All answers the records by name. Those beyond the bounds, which no Register has
// written, are left out.
func (r *Register) All(ctx context.Context) (map[string]string, error) {
	list, err := r.all.Run(ctx, r.client, []string{r.key}, r.bounds.Records, r.bounds.Bytes).StringSlice()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", r.key, err)
	}
	found := make(map[string]string, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		found[list[i]] = list[i+1]
	}
	return found, nil
}

// Put sets the record of a name, in the place of what it had. The error is a
// *FullError where there is no room for another name.
func (r *Register) Put(ctx context.Context, name, record string) error {
	if len(record) > r.bounds.Bytes {
		return r.tooLong(record)
	}
	roomy, err := r.put.Run(ctx, r.client, []string{r.key}, name, record, r.bounds.Records).Bool()
	if err != nil {
		return fmt.Errorf("write %s: %w", r.key, err)
	}
	if !roomy {
		return &FullError{r.bounds.Records}
	}
	return nil
}

// Replace sets a record in the place of the one that was there when it was read,
// and reports whether that still was.
func (r *Register) Replace(ctx context.Context, name, was, record string) (bool, error) {
	if len(record) > r.bounds.Bytes {
		return false, r.tooLong(record)
	}
	done, err := r.replaced.Run(ctx, r.client, []string{r.key}, name, was, record).Bool()
	if err != nil {
		return false, fmt.Errorf("write %s: %w", r.key, err)
	}
	return done, nil
}

func (r *Register) tooLong(record string) error {
	return fmt.Errorf("write %s: the record has %d bytes, %d are the limit", r.key, len(record), r.bounds.Bytes)
}

// Remove takes a record away, and reports whether there was one.
func (r *Register) Remove(ctx context.Context, name string) (bool, error) {
	there, err := r.removed.Run(ctx, r.client, []string{r.key}, name).Bool()
	if err != nil {
		return false, fmt.Errorf("write %s: %w", r.key, err)
	}
	return there, nil
}
