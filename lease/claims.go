package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Work is what is claimed: what somebody asked, and where to tell them of it.
type Work struct {
	ID      string `json:"id"` // of a message, an edit of one, or an interaction
	Guild   string `json:"guild"`
	Channel string `json:"channel"`
	Message string `json:"message,omitempty"` // to answer to; empty: there is none
	Author  string `json:"author"`
	// Order is where a message stands among those of its channel: its id. Empty for
	// what stands in no order: an edit, an interaction.
	Order string `json:"-"`
}

// Claimed is what became of a claim.
type Claimed int

// What becomes of a claim.
const (
	Theirs    Claimed = iota // somebody else's
	Ours                     // to be done
	Overtaken                // ours, but a message that came after it in its channel was claimed before
)

// Claims has each Work done once, whoever of several instances hears of it. Its
// methods may be called from several goroutines.
type Claims struct {
	client redis.UniversalClient
	member *Member
	take   *script.Script
}

// NewClaims returns the claims of a member.
func NewClaims(client redis.UniversalClient, m *Member) *Claims {
	return &Claims{client, m, script.New(claimSource)}
}

const (
	seenFor   = 10 * time.Minute // twenty times the age at which a message changes nothing any more
	heardKept = 50               // channels
	workKept  = 1000
)

// claimSource claims a work for the holder of the lease. Asking again after a lost
// reply finds it claimed by oneself.
//
// KEYS: seen:<id>, the lease, what is being worked on, the channels heard, the
// latest message of the channel that was claimed, what is left of the last holder,
// which says since when claims are known. ARGV: the
// lease's value; its token; for how many milliseconds a claim stands; the id; the
// work; the channel, its guild before it; how many channels, and how much work, are
// kept; where the work stands in its channel, or nothing.
// Answers 1 if the work is the caller's, 2 if a later one of its channel was claimed
// before, 0 if it is not the caller's, -1 if the lease is another's.
const claimSource = `
local held = redis.call('GET', KEYS[2])
if held and held ~= ARGV[1] then return -1 end
local time = redis.call('TIME')
local first = redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[3])
if redis.call('EXISTS', KEYS[6]) == 0 then
  redis.call('HSET', KEYS[6], 'since', string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)))
end
if not first and redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
if redis.call('HLEN', KEYS[3]) < tonumber(ARGV[8]) then
  redis.call('HSET', KEYS[3], ARGV[4], ARGV[2] .. ' ' .. ARGV[5])
end
redis.call('ZADD', KEYS[4], time[1], ARGV[6])
redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -1 - tonumber(ARGV[7]))
local order = ARGV[9]
if order == '' then return 1 end
local latest = redis.call('GET', KEYS[5]) or ''
if #latest > #order or #latest == #order and latest > order then return 2 end
redis.call('SET', KEYS[5], order, 'PX', ARGV[3])
return 1`

// Claim answers whether a work is this instance's to do. The error is that nobody
// knows: what changes anything must not be done then. A Redis that answers, but
// takes no writes, is read instead: the cure has to be asked for somewhere, and
// while it takes none nobody else can come to the right.
func (c *Claims) Claim(ctx context.Context, w Work) (Claimed, error) {
	record, err := json.Marshal(w)
	if err != nil {
		return Theirs, fmt.Errorf("claim %s: %w", w.ID, err)
	}
	keys := []string{seenPrefix + w.ID, leaseKey, workingKey, heardKey, latestPrefix + w.Channel, lastKey}
	for {
		_, fence := c.member.Fence()
		n, err := c.take.Run(ctx, c.client, keys, fence, c.mark(fence), seenFor.Milliseconds(), w.ID, record, w.Guild+" "+w.Channel, heardKept, workKept, w.Order).Int()
		if script.Refused(err) {
			return c.unwritten(ctx, w, fence, err)
		}
		if err != nil {
			return Theirs, fmt.Errorf("claim %s: %w", w.ID, err)
		}
		if n >= 0 {
			return Claimed(n), nil
		}
		if ours, err := c.renamed(ctx, fence); !ours {
			return Theirs, err
		}
	}
}

// renamed reports whether the right has got another token meanwhile, which this
// instance knows once it returns.
func (c *Claims) renamed(ctx context.Context, fence string) (bool, error) {
	held, err := c.client.Get(ctx, leaseKey).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return false, fmt.Errorf("read the lease: %w", err)
	}
	if _, holder := splitValue(held); err == nil && holder.ID != c.member.options.Self.ID {
		return false, nil
	}
	tick := time.NewTicker(learnEvery)
	defer tick.Stop()
	for {
		if _, now := c.member.Fence(); now != fence {
			return true, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, fmt.Errorf("learn who speaks: %w", context.Cause(ctx))
		}
	}
}

// learnEvery is between two looks at what the instance knows.
const learnEvery = 5 * time.Millisecond

// tokenOf answers the token of a lease's value.
func tokenOf(value string) string {
	token, _, _ := strings.Cut(value, " ")
	return token
}

// unwritten judges by what can be read alone. A claim of one's own may stand there:
// the answer to it got lost.
func (c *Claims) unwritten(ctx context.Context, w Work, fence string, refused error) (Claimed, error) {
	pipe := c.client.Pipeline()
	held, seen := pipe.Get(ctx, leaseKey), pipe.Get(ctx, seenPrefix+w.ID)
	_, _ = pipe.Exec(ctx) // each has its own error
	for _, read := range []*redis.StringCmd{held, seen} {
		if err := read.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return Theirs, fmt.Errorf("claim %s: %w, and %w", w.ID, refused, err)
		}
	}
	free := held.Val() == "" || held.Val() == fence
	if free && (seen.Val() == "" || seen.Val() == c.mark(fence)) {
		return Ours, nil
	}
	return Theirs, nil
}

// mark is what stands at a claim of this instance's.
func (c *Claims) mark(fence string) string { return tokenOf(fence) + " " + c.member.options.Self.ID }

// Done says that a work that was claimed has been answered. Where that cannot be
// noted, its author may be told that it was interrupted although it was not.
func (c *Claims) Done(ctx context.Context, w Work) error {
	if err := c.client.HDel(ctx, workingKey, w.ID).Err(); err != nil {
		return fmt.Errorf("note that %s is done: %w", w.ID, err)
	}
	return nil
}

// Interrupted answers what was claimed under an earlier right and never done, each
// once, whoever asks.
func (c *Claims) Interrupted(ctx context.Context) ([]Work, error) {
	all, err := c.client.HGetAll(ctx, workingKey).Result()
	if err != nil {
		return nil, fmt.Errorf("read what was interrupted: %w", err)
	}
	_, fence := c.member.Fence()
	token := tokenOf(fence)
	var found []Work
	for id, text := range all {
		theirs, rest, _ := strings.Cut(text, " ")
		if theirs == token {
			continue
		}
		n, err := c.client.HDel(ctx, workingKey, id).Result()
		if err != nil {
			return found, fmt.Errorf("read what was interrupted: %w", err)
		}
		var w Work
		_, record, _ := strings.Cut(rest, " ")
		if n == 1 && json.Unmarshal([]byte(record), &w) == nil {
			found = append(found, w)
		}
	}
	return found, nil
}

// Heard answers the channels where somebody asked lately, each with its guild.
func (c *Claims) Heard(ctx context.Context) (guildOf map[string]string, err error) {
	all, err := c.client.ZRange(ctx, heardKey, 0, -1).Result()
	if err != nil {
		return nil, fmt.Errorf("read where was asked lately: %w", err)
	}
	guildOf = make(map[string]string, len(all))
	for _, text := range all {
		if guild, channel, ok := strings.Cut(text, " "); ok {
			guildOf[channel] = guild
		}
	}
	return guildOf, nil
}
