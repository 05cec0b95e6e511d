package guard

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/shadow"
)

// foreseeByShadow runs a call on copies of its keys.
func (p *Planning) foreseeByShadow(ctx context.Context, c *call) (reply, error) {
	r, err := p.onCopies(ctx, c)
	if err != nil {
		if unforeseeable(err) {
			p.blur(c, err)
			return reply{}, nil
		}
		return reply{}, err
	}
	db := c.db()
	for _, k := range c.keys {
		if k.use.changes() && p.shadow.Holds(db, k.key) {
			p.altered(db, k.key)
		}
	}
	return r, nil
}

// onCopies copies what is not copied yet, and runs the call on the copies.
func (p *Planning) onCopies(ctx context.Context, c *call) (reply, error) {
	if c.replaces() {
		return p.inPlaceOf(ctx, c)
	}
	load, err := p.lacking(c)
	if err != nil {
		return reply{}, err
	}
	if len(load) > 0 {
		if err := p.load(ctx, c, load); err != nil {
			return reply{}, err
		}
	}
	raw, err := p.shadow.Run(ctx, c.db(), c.instead())
	var wanting *shadow.NotHeldError
	if errors.As(err, &wanting) { // keys that the server's table does not tell of
		if err := p.load(ctx, c, wanting.Keys); err != nil {
			return reply{}, err
		}
		raw, err = p.shadow.Run(ctx, c.db(), c.instead())
	}
	if err != nil {
		return reply{}, err
	}
	return parseReply(raw)
}

// replaces reports whether a call gives its only key a value that does not depend
// on what it held.
func (c *call) replaces() bool {
	switch c.cmd.name {
	case "setex", "psetex":
		return len(c.argv) == 4
	case "set":
		return len(c.argv) == 3 || len(c.argv) == 5 && (strings.EqualFold(c.argv[3], "ex") || strings.EqualFold(c.argv[3], "px"))
	}
	return false
}

// inPlaceOf runs a call on a copy of its key that need not be what the key holds.
func (p *Planning) inPlaceOf(ctx context.Context, c *call) (reply, error) {
	key, held := c.keys[0].key, p.shadow.Holds(c.db(), c.keys[0].key)
	if !held {
		p.shadow.Delete(c.db(), key)
	}
	raw, err := p.shadow.Run(ctx, c.db(), c.instead())
	if !held && (err != nil || raw[0] == errorReply) {
		p.shadow.Forget(c.db(), key)
	}
	if err != nil {
		return reply{}, err
	}
	return parseReply(raw)
}

// lacking answers the keys that have to be copied for a call.
func (p *Planning) lacking(c *call) (load []string, err error) {
	db := c.db()
	for _, k := range c.keys {
		g, known := p.ghosts.find(db, k.key)
		switch {
		case g.is(opaque):
			return nil, &UnforeseenError{c.cmd.shown(), "what `" + clip(p.guard.ShownKey(k.key)) + "` will hold is not known before the plan is carried out"}
		case known && g.is(touched) && !g.is(present) && !g.is(copied):
			p.shadow.Delete(db, k.key)
		case !p.shadow.Holds(db, k.key):
			load = append(load, k.key)
		}
	}
	return load, nil
}

// copyAhead copies what calls will be foreseen by, many keys in a round trip.
// What fails is met again in its turn.
func (p *Planning) copyAhead(ctx context.Context, calls []*call) {
	keys := make(map[int][]string)
	by := make(map[int]*call)
	for _, c := range calls {
		if c.rule.kind != changing || len(c.keys) == 0 || c.replaces() || p.foreseesBlind(c) {
			continue
		}
		load, _ := p.lacking(c)
		keys[c.db()], by[c.db()] = append(keys[c.db()], load...), c
	}
	for db, list := range keys {
		for part := range slices.Chunk(list, copiedAtOnce) {
			if len(part) > 1 {
				_ = p.load(ctx, by[db], part)
			}
		}
	}
}

// copiedAtOnce is how many keys are copied together, so that one that cannot be
// keeps few others from it.
const copiedAtOnce = 170

// foreseesBlind reports whether a call is foreseen without what its keys hold.
func (p *Planning) foreseesBlind(c *call) bool {
	switch c.cmd.name {
	case "del", "unlink":
		return true
	case "expire", "pexpire", "expireat", "pexpireat", "persist":
		g, _ := p.ghosts.find(c.db(), c.argv[1])
		return !g.is(copied | opaque)
	}
	return false
}

// load copies keys, and gives those the time that the plan has given them.
func (p *Planning) load(ctx context.Context, c *call, keys []string) error {
	if p.full != nil {
		return p.full
	}
	db := c.db()
	plain, err := c.clients.Client(db, 2) // the copies know no other protocol
	if err != nil {
		return err
	}
	err = p.shadow.Load(ctx, db, keys, func(ctx context.Context, commands [][]string) ([][]byte, error) {
		qs := make([]request, len(commands))
		for i, words := range commands {
			qs[i] = request{args: words, key: keyOf(words)}
		}
		replies, err := askAll(ctx, plain, qs)
		if err != nil {
			c.distrust()
			return nil, c.fault(ctx, err)
		}
		raw := make([][]byte, len(replies))
		for i, r := range replies {
			raw[i] = appendRESP(nil, r)
		}
		return raw, nil
	})
	if redis.IsPermissionError(err) {
		return &UnforeseenError{c.cmd.shown(), "the server does not let Helix look at what its keys hold"}
	}
	var large *shadow.TooLargeError
	if errors.As(err, &large) && large.Key == "" {
		p.full = err
	}
	if err != nil {
		return err
	}
	for _, key := range keys {
		if g, ok := p.ghosts.find(db, key); ok && g.is(touched) && g.is(present) {
			p.shadow.SetDeadline(db, key, timeOf(g.deadline))
		}
	}
	return nil
}

// timeOf answers a deadline as a time; the zero time is never.
func timeOf(deadline int64) time.Time {
	if deadline == 0 {
		return time.Time{}
	}
	return time.UnixMilli(deadline)
}

// keyOf answers the key of a command that reads one key, for its slot.
func keyOf(words []string) string {
	switch {
	case len(words) < 2:
		return ""
	case strings.EqualFold(words[0], "MEMORY"), strings.EqualFold(words[0], "OBJECT"), strings.EqualFold(words[0], "XINFO"):
		return words[2]
	}
	return words[1]
}

// altered notes what a key is on the copies.
func (p *Planning) altered(db int, key string) {
	was, _ := p.ghosts.find(db, key)
	exists, _, deadline := p.shadow.State(db, key)
	g := ghost{flags: was.flags&there | touched | copied, deadline: 0}
	if exists {
		g.flags |= present
		if !deadline.IsZero() {
			g.deadline = deadline.UnixMilli()
		}
	}
	p.summary.written(key, was, g, p.users)
	p.summary.loses(p.guard.place(db, key))
	p.ghosts.set(db, key, g)
}
