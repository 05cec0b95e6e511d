package main

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Keys of what the bot remembers of guilds: greetedKey holds those that were
// greeted, by when; pinKey remembers the guild that Helix chose at its first start.
const (
	pinKey     = "{helix}:guild"
	greetedKey = "{helix}:greeted"
)

// guildPin keeps the pinned guild in Redis, so that every instance serves the same.
type guildPin struct {
	client redis.UniversalClient
	pin    *script.Script
}

func newGuildPin(client redis.UniversalClient) guildPin {
	return guildPin{client, script.New(pinSource)}
}

// pinSource remembers a guild unless there is one.
const pinSource = `
return redis.call('SET', KEYS[1], ARGV[1], 'NX')`

// Pinned answers the pinned guild's id, "" if none is.
func (p guildPin) Pinned(ctx context.Context) (string, error) {
	id, err := p.client.Get(ctx, pinKey).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return id, err
}

// Pin remembers a guild unless another instance was first; it answers the one
// that is pinned now. Where Redis takes no writes, none having been pinned,
// that is the guild itself, until the next start: the cure has to be asked for
// somewhere.
func (p guildPin) Pin(ctx context.Context, guild string) (string, error) {
	err := p.pin.Run(ctx, p.client, []string{pinKey}, guild).Err()
	refused := redis.HasErrorPrefix(err, "MISCONF") || redis.IsReadOnlyError(err)
	if err != nil && !errors.Is(err, redis.Nil) && !refused {
		return "", err
	}
	pinned, err := p.Pinned(ctx)
	if err == nil && pinned == "" && refused {
		return guild, nil
	}
	return pinned, err
}
