package bot

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/helix-collective/helix/clock"
	"go.uber.org/zap"
)

// AutoShards, as Options.Shards, is as many as Discord recommends.
const AutoShards = -1

// maxShards bounds what Discord, or a server like it, can recommend.
const maxShards = 64

// shard is one of the connections among which Discord shares out the servers.
type shard struct {
	id, of   int
	log      *zap.Logger
	channels *channelLog // of its servers

	outages sync.Mutex
	out     map[string]gap // servers that Discord has trouble with, and what is missed there

	// Guarded by Bot.mu.
	served  bool // a connection has been ready before
	up      bool
	lastAck time.Time
}

// share makes n shards.
func (b *Bot) share(n int) {
	all := make([]*shard, n)
	for i := range all {
		all[i] = &shard{id: i, of: n, log: b.log, channels: newChannelLog(), out: make(map[string]gap)}
		if n > 1 {
			all[i].log = b.log.With(zap.Int("shard", i), zap.Int("shards", n))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shards = all
}

func (b *Bot) allShards() []*shard {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shards
}

// shardOf answers the shard that a server is in, by Discord's formula. Direct
// messages come by the first.
func (b *Bot) shardOf(guild string) *shard {
	all := b.allShards()
	id, err := strconv.ParseUint(guild, 10, 64)
	if err != nil {
		return all[0]
	}
	return all[(id>>22)%uint64(len(all))]
}

// divide makes the shards that are configured, or that Discord recommends. The
// error is a *FatalError.
func (b *Bot) divide(ctx context.Context) error {
	if b.options.Shards != AutoShards {
		return nil // New has made them
	}
	for backoff := b.options.Timing.Backoff; ; backoff = min(2*backoff, time.Minute) {
		limit, err := b.startLimit(ctx)
		if err == nil {
			b.share(min(max(limit.Shards, 1), maxShards))
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		if fatal := b.judge(err, true); fatal != nil {
			return fatal
		}
		b.log.Warn("how many connections Discord recommends is not known; asking again", zap.Error(err), zap.Duration("in", backoff))
		if clock.Sleep(ctx, backoff/2+rand.N(backoff)) != nil {
			return nil
		}
	}
}

// maxOutages bounds how many servers of a shard are remembered to be out.
const maxOutages = 1000

// lose notes that Discord has trouble with a server, and reports whether that is
// news.
func (s *shard) lose(guild string) bool {
	s.outages.Lock()
	defer s.outages.Unlock()
	if _, known := s.out[guild]; known || len(s.out) >= maxOutages {
		return false
	}
	s.out[guild] = s.channels.gap()
	return true
}

// back notes that a server is there. Where Discord had trouble with it, wasOut is
// true, and since is what was missed.
func (s *shard) back(guild string) (since gap, wasOut bool) {
	s.outages.Lock()
	defer s.outages.Unlock()
	since, wasOut = s.out[guild]
	delete(s.out, guild)
	return since, wasOut
}

// together sums the shards up: connected once all are, with the oldest of their
// acknowledged heartbeats. The caller holds mu.
func (b *Bot) together(s Status) Status {
	s.Shards, s.Connected = len(b.shards), true
	for i, one := range b.shards {
		if one.up {
			s.Up++
		}
		s.Connected = s.Connected && one.up
		if i == 0 || one.lastAck.Before(s.LastAck) {
			s.LastAck = one.lastAck
		}
	}
	return s
}
