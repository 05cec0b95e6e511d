package discordtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// shard is which part of the guilds a session has: part id of several.
type shard struct{ id, of int }

// orOnly is the shard of a session that names none.
func (s *shard) orOnly() shard {
	if s == nil {
		return shard{0, 1}
	}
	return *s
}

// UnmarshalJSON reads [id, of].
func (s *shard) UnmarshalJSON(raw []byte) error {
	var pair [2]int
	err := json.Unmarshal(raw, &pair)
	s.id, s.of = pair[0], pair[1]
	return err
}

// MarshalJSON writes [id, of].
func (s shard) MarshalJSON() ([]byte, error) { return json.Marshal([]int{s.id, s.of}) }

// has reports whether a guild is in the shard. What belongs to no guild is in
// the first.
func (s shard) has(g *Guild) bool {
	if g == nil {
		return s.id == 0
	}
	return s.of > 0 && s.id == g.shardOf(s.of)
}

// shardOf is Discord's formula: (guild_id >> 22) % num_shards.
func (g *Guild) shardOf(n int) int {
	id, err := strconv.ParseUint(g.ID, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("discordtest: guild id %s: %v", g.ID, err)) // only ours are made
	}
	return int((id >> 22) % uint64(n))
}

// guilds answers the guilds that a session has.
func (c *conn) guilds() []*Guild {
	return slices.DeleteFunc(slices.Clone(c.d.botGuilds()), func(g *Guild) bool { return !c.shard.has(g) })
}

// refuses answers the close code for a shard that cannot be, or 0.
func (g *Gateway) refuses(asked *shard) int {
	switch s := asked.orOnly(); {
	case s.of < 1 || s.id < 0 || s.id >= s.of:
		return closeInvalidShard
	case s.of < g.least:
		return closeShardingRequired
	}
	return 0
}

// keepsPace accuses the bot of identifying twice in one bucket within the pace.
func (g *Gateway) keepsPace(s shard) {
	bucket, now := s.id%g.starts.concurrency, time.Now()
	if since := now.Sub(g.paced[bucket]); since < g.pace {
		g.d.accuse("gateway", Violation{Rule: "max_concurrency", Detail: fmt.Sprintf("shard %d identified %s after another of its bucket", s.id, since)})
	}
	g.paced[bucket] = now
}

// RecommendShards sets how many shards GET /gateway/bot recommends.
func (g *Gateway) RecommendShards(n int) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.wanted = n
}

// RequireShards closes sessions of fewer shards with 4011, as Discord does with
// a bot in too many guilds.
func (g *Gateway) RequireShards(n int) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.least = n
}

// Pace sets max_concurrency, and how long each of its buckets has to wait from
// one identify to the next: five seconds on Discord, none here at first. Going
// faster is a violation.
func (g *Gateway) Pace(concurrency int, every time.Duration) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.starts.concurrency, g.pace = concurrency, every
}

// Shards answers which shards are identified now, as "0/2", in order.
func (g *Gateway) Shards() []string {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	var all []string
	for _, c := range g.conns {
		if c.ready {
			all = append(all, fmt.Sprintf("%d/%d", c.shard.id, c.shard.of))
		}
	}
	slices.Sort(all)
	return all
}

// DropShard cuts the connection of one shard without a word.
func (g *Gateway) DropShard(id int) {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	for _, c := range g.conns {
		if c.shard.id == id {
			c.push(frame{drop: true})
		}
	}
}

// Shard answers which of n shards has the guild.
func (g *Guild) Shard(n int) int { return g.shardOf(n) }
