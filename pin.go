package main

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// pinKey remembers the guild that Helix chose at its first start.
const pinKey = "{helix}:guild"

// guildPin keeps the pinned guild in Redis, so that every instance serves the same.
type guildPin struct{ client redis.UniversalClient }

// Pinned answers the pinned guild's id, "" if none is.
func (p guildPin) Pinned(ctx context.Context) (string, error) {
	id, err := p.client.Get(ctx, pinKey).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return id, err
}

// Pin remembers a guild unless another instance was first; it answers the one
// that is pinned now.
func (p guildPin) Pin(ctx context.Context, guild string) (string, error) {
	if err := p.client.SetNX(ctx, pinKey, guild, 0).Err(); err != nil {
		return "", err
	}
	return p.Pinned(ctx)
}
