package main

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// maxGreeted bounds how many guilds are remembered; the oldest go first.
const maxGreeted = 1000

// guildsGreeted remembers in Redis which guilds were greeted, so that neither
// another instance nor the next start greets them again.
type guildsGreeted struct {
	client redis.UniversalClient
	note   *script.Script
}

func newGuildsGreeted(client redis.UniversalClient) guildsGreeted {
	return guildsGreeted{client, script.New(greetedSource)}
}

// greetedSource notes a guild, and answers 1 if it was not known.
//
// KEYS: greeted. ARGV: the guild; how many to keep.
const greetedSource = `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], redis.call('TIME')[1], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[2]))
return 1`

// Greet reports whether a guild has not been greeted yet, and remembers it.
func (g guildsGreeted) Greet(ctx context.Context, guild string) (first bool, err error) {
	n, err := g.note.Run(ctx, g.client, []string{greetedKey}, guild, maxGreeted).Int()
	if err != nil {
		return false, fmt.Errorf("write %s: %w", greetedKey, err)
	}
	return n == 1, nil
}
