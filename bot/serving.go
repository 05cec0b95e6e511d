package bot

import (
	"context"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/permissions"
)

// guildKeeper holds which guilds are served. Until that is decided none is.
type guildKeeper struct {
	mu       sync.Mutex
	guilds   permissions.Guilds
	reason   string // the last one logged
	settling bool
	decided  chan struct{} // closed once it is
}

// serves reports whether Helix acts in a guild.
func (b *Bot) serves(guild string) bool {
	b.guilds.mu.Lock()
	defer b.guilds.mu.Unlock()
	return b.guilds.guilds.Serves(guild)
}

// foreign reports whether it is decided that Helix does not act in a guild.
func (b *Bot) foreign(guild string) bool { return b.isDecided() && !b.serves(guild) }

func (b *Bot) isDecided() bool {
	select {
	case <-b.guilds.decided:
		return true
	default:
		return false
	}
}

// awaitDecision waits a little for the decision, which is due right after the
// start, and reports whether it has been made.
func (b *Bot) awaitDecision(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, b.options.Timing.Decision)
	defer cancel()
	select {
	case <-b.guilds.decided:
		return true
	case <-ctx.Done():
		return false
	}
}

// settleRetry is the pause after a failure to read or keep the pinned guild,
// which needs Redis.
const settleRetry = 2 * time.Second

// settle decides which of the guilds that we are in are served, and goes on
// trying until that could be decided.
func (b *Bot) settle(ctx context.Context, s *discordgo.Session) {
	if !b.startSettling() {
		return
	}
	go func() {
		defer b.stopSettling()
		for failed := false; ; failed = true {
			err := b.meetGuilds(ctx, guildsOf(s))
			if err == nil {
				return
			}
			if !failed {
				b.log.Error("which server to serve is kept in Redis, which does not answer; until it does, none is served (discord.guilds would not need it)", zap.Error(err))
			}
			if pause(ctx, settleRetry) != nil {
				return
			}
		}
	}()
}

// startSettling reports whether it is ours to settle. A run under way may miss
// a guild that has come since; the event of the guild itself asks again.
func (b *Bot) startSettling() bool {
	b.guilds.mu.Lock()
	defer b.guilds.mu.Unlock()
	if b.guilds.settling {
		return false
	}
	b.guilds.settling = true
	b.settlers.Add(1)
	return true
}

func (b *Bot) stopSettling() {
	b.guilds.mu.Lock()
	defer b.guilds.mu.Unlock()
	b.guilds.settling = false
	b.settlers.Done()
}

// meetGuilds decides once.
func (b *Bot) meetGuilds(ctx context.Context, present []string) error {
	guilds, err := permissions.NewGuilds(b.options.Guilds, "")
	if err != nil {
		return err
	}
	if len(b.options.Guilds) == 0 {
		pinned, err := b.options.Pin.Pinned(ctx)
		if err != nil {
			return err
		}
		if guilds, err = permissions.NewGuilds(nil, pinned); err != nil {
			return err
		}
	}
	pinning := guilds.Meet(present)
	if pinning.Pin != "" {
		pinned, err := b.options.Pin.Pin(ctx, pinning.Pin)
		if err != nil {
			return err
		}
		if pinning.Guilds, err = permissions.NewGuilds(nil, pinned); err != nil {
			return err
		}
	}
	b.adopt(pinning)
	return nil
}

// adopt goes by a decision from now on, and logs a new one.
func (b *Bot) adopt(p permissions.Pinning) {
	b.guilds.mu.Lock()
	defer b.guilds.mu.Unlock()
	b.guilds.guilds = p.Guilds
	if !b.isDecided() {
		close(b.guilds.decided)
	}
	if b.guilds.reason != p.Reason {
		b.guilds.reason = p.Reason
		b.log.Info("servers: " + p.Reason)
	}
}

// guildsOf answers the ids of the guilds that the bot is in.
func guildsOf(s *discordgo.Session) []string {
	s.State.RLock()
	defer s.State.RUnlock()
	ids := make([]string, len(s.State.Guilds))
	for i, g := range s.State.Guilds {
		ids[i] = g.ID
	}
	return ids
}
