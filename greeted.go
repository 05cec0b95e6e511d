package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// maxGreeted bounds how many guilds are remembered; the oldest go first.
const maxGreeted = 1000

// guildsGreeted remembers in Redis which guilds were greeted, so that neither
// another instance nor the next start greets them again, and in memory, in case
// Redis loses it.
type guildsGreeted struct {
	client       redis.UniversalClient
	note, recall *script.Script

	mu    sync.Mutex
	known []redis.Z // as they were in Redis last
}

func newGuildsGreeted(client redis.UniversalClient) *guildsGreeted {
	return &guildsGreeted{client: client, note: script.New(greetedSource), recall: script.New(recallGreetedSource)}
}

// zsetSource begins the scripts: what is at the key and no set of guilds is not
// ours, and goes.
const zsetSource = `
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then redis.call('DEL', KEYS[1]) end`

// greetedSource notes a guild, and answers 1 if it was not known.
//
// KEYS: greeted. ARGV: the guild; how many to keep.
const greetedSource = zsetSource + `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], redis.call('TIME')[1], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[2]))
return 1`

// recallGreetedSource notes guilds that were greeted, and answers how many were not
// known. KEYS: greeted. ARGV: when each was greeted, and its id.
const recallGreetedSource = zsetSource + `
local new = 0
for i = 1, #ARGV, 2 do new = new + redis.call('ZADD', KEYS[1], 'NX', ARGV[i], ARGV[i + 1]) end
return new`

// Greet reports whether a guild has not been greeted yet, and remembers it.
func (g *guildsGreeted) Greet(ctx context.Context, guild string) (first bool, err error) {
	if _, err := g.Heal(ctx); err != nil {
		return false, err
	}
	n, err := g.note.Run(ctx, g.client, []string{greetedKey}, guild, maxGreeted).Int()
	if err != nil {
		return false, fmt.Errorf("write %s: %w", greetedKey, err)
	}
	return n == 1, nil
}

// Heal learns which guilds were greeted, or notes those again that Redis has lost,
// and reports whether it had lost any.
func (g *guildsGreeted) Heal(ctx context.Context) (lost bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, err := g.client.ZCard(ctx, greetedKey).Result()
	if err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") {
		return false, fmt.Errorf("read %s: %w", greetedKey, err)
	}
	switch known := int64(len(g.known)); {
	case n > known:
		return false, g.learn(ctx)
	case n < known:
		return g.remind(ctx)
	}
	return false, nil
}

func (g *guildsGreeted) learn(ctx context.Context) (err error) {
	if g.known, err = g.client.ZRevRangeWithScores(ctx, greetedKey, 0, maxGreeted-1).Result(); err != nil {
		return fmt.Errorf("read %s: %w", greetedKey, err)
	}
	return nil
}

func (g *guildsGreeted) remind(ctx context.Context) (lost bool, err error) {
	var words []any
	for _, z := range g.known {
		words = append(words, z.Score, z.Member)
	}
	n, err := g.recall.Run(ctx, g.client, []string{greetedKey}, words...).Int()
	if err != nil {
		return false, fmt.Errorf("store %s again: %w", greetedKey, err)
	}
	return n > 0, nil
}
