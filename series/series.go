// Package series keeps the samples of the last seven days in Redis, the older the
// coarser, so that charts survive a restart. What it keeps is bounded however long
// it goes on, and ends by itself a while after nobody adds to it. It never fills
// a gap, and never keeps a name of a person or an address.
package series

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/script"
)

// Store keeps series in one Redis.
type Store struct {
	client redis.UniversalClient
	names  []sample.Name
	append *script.Script
}

// Usual are the values that are kept if nobody says otherwise.
func Usual() []sample.Name {
	return []sample.Name{
		sample.Sessions, sample.WithoutTTL, sample.CreatedPerMin, sample.MemoryUsed, sample.MaxMemory, sample.MemoryPercent,
		sample.Keys, sample.OpsPerSec, sample.Clients, sample.LatencyMS, sample.EvictedPerMin, sample.ExpiredPerMin,
	}
}

// New answers a Store that keeps the values of some names. The client stays the
// caller's.
func New(client redis.UniversalClient, names ...sample.Name) *Store {
	return &Store{client: client, names: names, append: script.New(appendLua)}
}

// Keys lists every key that a Store may have.
func (s *Store) Keys() []string {
	var all []string
	for _, name := range s.names {
		for _, g := range grains {
			all = append(all, g.key(name))
		}
	}
	return all
}

// appendLua adds one measurement to some series: KEYS are, for each of them, its
// rings in the order of grains; ARGV its time in seconds, how many grains there
// are, the step and the number of slots of each, and the values.
//
// A slot is "start last count min max sum", where last is the time of the newest
// measurement in it, so that one that is sent twice counts once. In the finest
// ring the newest measurement stands for its slot.
const appendLua = `
local at, grains = ARGV[1], tonumber(ARGV[2])
local values = 2 + 2 * grains
local function text(n) return string.format('%.17g', n) end
for i, key in ipairs(KEYS) do
  local grain = (i - 1) % grains
  local step, slots = tonumber(ARGV[3 + 2 * grain]), tonumber(ARGV[4 + 2 * grain])
  local value = ARGV[values + 1 + (i - 1 - grain) / grains]
  local number = math.floor(at / step)
  local start, slot = number * step, string.format('%d', number % slots)
  if redis.call('TYPE', key).ok ~= 'hash' then redis.call('DEL', key) end
  local held = redis.call('HGET', key, slot)
  local from, last, count, low, high, sum = string.match(held or '', '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
  local sound = tonumber(count or '') and tonumber(low or '') and tonumber(high or '') and tonumber(sum or '')
  if tonumber(from or '') ~= start or grain == 0 or not sound then
    last, count, low, high, sum = nil, 0, value, value, 0
  end
  if last ~= at then
    if tonumber(value) < tonumber(low) then low = value end
    if tonumber(value) > tonumber(high) then high = value end
    redis.call('HSET', key, slot, table.concat({text(start), at, text(count + 1), low, high, text(sum + value)}, ' '))
    redis.call('PEXPIRE', key, step * slots * 1000)
  end
end
return 1
`

// Append adds a sample, in one round trip. What it did not measure stays a gap. A
// sample of a Redis that was away has nothing to add.
func (s *Store) Append(ctx context.Context, one sample.Sample) error {
	args := []any{strconv.FormatFloat(float64(one.At.UnixMilli())/1000, 'f', 3, 64), len(grains)}
	for _, g := range grains {
		args = append(args, int64(g.step.Seconds()), g.slots())
	}
	var keys []string
	for _, name := range s.names {
		value, ok := one.Get(name)
		if !ok {
			continue
		}
		for _, g := range grains {
			keys = append(keys, g.key(name))
		}
		args = append(args, strconv.FormatFloat(value, 'g', -1, 64))
	}
	if len(keys) == 0 || one.Values[sample.Up] == 0 {
		return nil
	}
	if err := s.append.Run(ctx, s.client, keys, args...).Err(); err != nil {
		return fmt.Errorf("keep a sample: %w", err)
	}
	return nil
}

// Range answers what a value was for so long until now, by the clock of Redis, as
// fine as that is kept: single measurements for an hour, spans of two minutes for
// a day, of a quarter of an hour for a week. There is nothing older. A name that
// is not kept has no points.
func (s *Store) Range(ctx context.Context, name sample.Name, back time.Duration) (sample.Series, error) {
	all, err := s.Ranges(ctx, []sample.Name{name}, back)
	if err != nil {
		return sample.Series{}, err
	}
	return all[0], nil
}

// Ranges is Range for several names, in one round trip.
func (s *Store) Ranges(ctx context.Context, names []sample.Name, back time.Duration) ([]sample.Series, error) {
	g := grainFor(back)
	var now *redis.TimeCmd
	held := make([]*redis.MapStringStringCmd, len(names))
	asked, _ := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		now = p.Time(ctx)
		for i, name := range names {
			held[i] = p.HGetAll(ctx, g.key(name))
		}
		return nil
	}) // each command has its error
	for _, cmd := range asked {
		if err := cmd.Err(); err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") { // which is not ours
			return nil, fmt.Errorf("read the series: %w", err)
		}
	}
	all := make([]sample.Series, len(names))
	for i, name := range names {
		points := pointsOf(held[i].Val(), now.Val().Add(-min(back, g.span)))
		all[i] = sample.Series{Name: name, Step: stepOf(points, g), Points: points}
	}
	return all, nil
}
