package main

import (
	"context"
	"fmt"
	"regexp"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Keys of what the bot remembers of guilds: greetedKey holds those that were
// greeted, by when; pinKey remembers the guild that Helix chose at its first start.
const (
	pinKey     = "{helix}:guild"
	greetedKey = "{helix}:greeted"
)

// guildPin keeps the pinned guild in Redis, so that every instance serves the same,
// and in memory, in case Redis loses it: else whoever lets Helix into their guild
// next could have it.
type guildPin struct {
	client redis.UniversalClient
	pin    *script.Script
	known  atomic.Pointer[string]
}

func newGuildPin(client redis.UniversalClient) *guildPin {
	return &guildPin{client: client, pin: script.New(pinSource)}
}

// pinSource remembers a guild unless there is one. What stands there and is no id
// of a guild is not ours.
const pinSource = `
local at = ''
if redis.call('TYPE', KEYS[1]).ok == 'string' then at = redis.call('GETRANGE', KEYS[1], 0, 20) end
if string.match(at, '^%d+$') and #at <= 20 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1])
return 1`

var guildID = regexp.MustCompile(`^\d{1,20}$`)

// Pinned answers the pinned guild's id, "" if none is.
func (p *guildPin) Pinned(ctx context.Context) (string, error) {
	id, err := p.client.GetRange(ctx, pinKey, 0, 20).Result()
	if err != nil && !redis.HasErrorPrefix(err, "WRONGTYPE") {
		return "", fmt.Errorf("read %s: %w", pinKey, err)
	}
	if !guildID.MatchString(id) {
		return "", nil
	}
	p.known.Store(&id)
	return id, nil
}

// Pin remembers a guild unless another instance was first; it answers the one
// that is pinned now. Where Redis takes no writes, none having been pinned,
// that is the guild itself, until the next start: the cure has to be asked for
// somewhere.
func (p *guildPin) Pin(ctx context.Context, guild string) (string, error) {
	err := p.pin.Run(ctx, p.client, []string{pinKey}, guild).Err()
	refused := redis.HasErrorPrefix(err, "MISCONF") || redis.IsReadOnlyError(err)
	if err != nil && !refused {
		return "", fmt.Errorf("write %s: %w", pinKey, err)
	}
	pinned, err := p.Pinned(ctx)
	if err == nil && pinned == "" && refused {
		return guild, nil
	}
	return pinned, err
}

// Heal pins the guild again that was pinned here last, if Redis has lost it, and
// reports whether it had.
func (p *guildPin) Heal(ctx context.Context) (lost bool, err error) {
	known := p.known.Load()
	if known == nil {
		return false, nil
	}
	at, err := p.Pinned(ctx)
	if err != nil || at != "" {
		return false, err
	}
	at, err = p.Pin(ctx, *known)
	return err == nil && at != "", err
}
