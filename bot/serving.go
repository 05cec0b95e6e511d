package bot

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/permissions"
)

// guildKeeper holds which guilds are served. Until that is decided none is.
type guildKeeper struct {
	mu       sync.Mutex
	guilds   permissions.Guilds
	reason   string // the last one logged
	settling bool
	again    bool             // settle once more
	present  map[int][]string // the guilds that we are in, by shard; one that has not greeted yet is missing
	decided  chan struct{}    // closed once it is

	newcomers []string // guilds that have let us in, and are to be greeted
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
func (b *Bot) settle(work context.Context) {
	if !b.startSettling() {
		return
	}
	go func() {
		defer b.settlers.Done()
		failed := false
		for {
			err := b.meetGuilds(work, b.guilds.list())
			if err == nil && b.isDecided() {
				b.welcomeAll(work)
			}
			if err == nil && b.settled() {
				return
			}
			if err == nil {
				continue
			}
			if !failed {
				failed = true
				b.log.Error("which server to serve is kept in Redis, which does not answer; until it does, none is served (discord.guilds would not need it)", zap.Error(err))
			}
			if clock.Sleep(work, settleRetry) != nil {
				return
			}
		}
	}()
}

// startSettling reports whether it is ours to settle. If that is under way it
// is done once more, for a guild may have come since.
func (b *Bot) startSettling() bool {
	b.guilds.mu.Lock()
	defer b.guilds.mu.Unlock()
	if b.guilds.settling {
		b.guilds.again = true
		return false
	}
	b.guilds.settling = true
	b.settlers.Add(1)
	return true
}

// settled reports whether nothing has come to be settled meanwhile.
func (b *Bot) settled() bool {
	b.guilds.mu.Lock()
	defer b.guilds.mu.Unlock()
	b.guilds.settling, b.guilds.again = b.guilds.again, false
	return !b.guilds.settling
}

// meetGuilds decides once. Which guild is the only one cannot be told before all
// shards know theirs; the last one to greet has it decided then.
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
		if pinned == "" && !b.guilds.complete(len(b.allShards())) {
			return nil
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

// enter notes the guilds that a shard is in, whether Discord has trouble with
// them or not: one that is out for a while must not make another the only one.
func (k *guildKeeper) enter(of *shard, ids []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.present[of.id] = ids
}

// join notes a guild that the gateway introduces. One that was not in the
// shard's greeting has let us in.
func (k *guildKeeper) join(of *shard, id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Contains(k.present[of.id], id) {
		return
	}
	k.present[of.id] = append(k.present[of.id], id)
	if len(k.newcomers) < maxNewcomers && !slices.Contains(k.newcomers, id) {
		k.newcomers = append(k.newcomers, id)
	}
}

// takeNewcomers answers the guilds to be greeted, each once.
func (k *guildKeeper) takeNewcomers() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	taken := k.newcomers
	k.newcomers = nil
	return taken
}

// pinnedElsewhere reports whether another guild is served for having been pinned.
func (k *guildKeeper) pinnedElsewhere(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	pinned := k.guilds.Pinned()
	return pinned != "" && pinned != id
}

func (k *guildKeeper) leave(of *shard, id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.present[of.id] = slices.DeleteFunc(k.present[of.id], func(g string) bool { return g == id })
}

// list answers the guilds that we are in, each once.
func (k *guildKeeper) list() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := slices.Concat(slices.Collect(maps.Values(k.present))...)
	slices.Sort(all)
	return slices.Compact(all)
}

// complete reports whether all shards have said which guilds they are in.
func (k *guildKeeper) complete(shards int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.present) == shards
}
