package guard

import (
	"context"
	"slices"
	"strings"

	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/permissions"
)

// ghostly reports whether a reading call asks for keys that the plan changes.
func (c *call) ghostly() bool {
	if c.plan == nil || c.rule.kind != reading || c.answer != nil || c.cmd == nil {
		return false
	}
	c.plan.mu.Lock()
	defer c.plan.mu.Unlock()
	return slices.ContainsFunc(c.keys, func(k keyUse) bool {
		g, _ := c.plan.ghosts.find(c.db(), k.key)
		return g.is(touched)
	})
}

// read answers a reading call as it would be once the plan is carried out. ok
// is false where the server's own answer is the same.
func (p *Planning) read(ctx context.Context, c *call) (r reply, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.look(ctx, []*call{c}); err != nil {
		return reply{}, false, err
	}
	switch c.cmd.name {
	case "exists", "touch":
		return p.countPresent(c)
	case "ttl", "pttl", "expiretime", "pexpiretime", "type":
		if g, _ := p.ghosts.find(c.db(), c.argv[1]); !g.is(copied | opaque) {
			r, ok := p.plainAnswer(c, g)
			return r, ok, nil
		}
	}
	if p.onlyRetimed(c) && !strings.HasPrefix(c.cmd.name, "object") {
		return reply{}, false, nil
	}
	r, err = p.onCopies(ctx, c)
	return r, true, err
}

// onlyRetimed reports whether the values of the call's keys are as they were.
func (p *Planning) onlyRetimed(c *call) bool {
	return !slices.ContainsFunc(c.keys, func(k keyUse) bool {
		g, _ := p.ghosts.find(c.db(), k.key)
		return g.is(copied|opaque) || g.is(touched) && !g.is(present)
	})
}

func (p *Planning) countPresent(c *call) (reply, bool, error) {
	n := int64(0)
	for _, k := range c.keys {
		g, _ := p.ghosts.find(c.db(), k.key)
		if g.is(opaque) {
			return reply{}, false, &UnforeseenError{c.cmd.shown(), "whether `" + clip(k.key) + "` will exist is not known before the plan is carried out"}
		}
		if g.is(present) {
			n++
		}
	}
	return integerOf(n), true, nil
}

// plainAnswer answers what is known of a key without its value.
func (p *Planning) plainAnswer(c *call, g ghost) (reply, bool) {
	left := g.left(p.now())
	switch c.cmd.name {
	case "type":
		if g.is(present) {
			return reply{}, false
		}
		return reply{kind: statusReply, text: []byte("none")}, true
	case "ttl":
		if left > 0 {
			left = (left + 500) / 1000
		}
	case "expiretime":
		if left >= 0 {
			left = g.deadline / 1000
		}
	case "pexpiretime":
		if left >= 0 {
			left = g.deadline
		}
	}
	return integerOf(left), true
}

// absent reports whether a key will not exist, so that KEYS and SCAN leave it
// out.
func (p *Planning) absent(db int, key []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, known := p.ghosts.find(db, string(key))
	return known && g.is(touched) && !g.is(present)
}

// patterned notes by which pattern the plan's program finds keys.
func (p *Planning) patterned(pattern string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.summary.CatchAll = p.summary.CatchAll || pattern == "" || pattern == "*"
}

// created answers the keys that will exist and do not exist yet, as a scan would
// find them.
func (p *Planning) created(db int, q keyspace.Query) [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	var keys [][]byte
	for _, name := range p.shadow.Keys(db) {
		g, _ := p.ghosts.find(db, name)
		if g.is(there) || !g.is(touched) || !(q.Pattern == "" || permissions.Matches(q.Pattern, name)) {
			continue
		}
		if _, typ, _ := p.shadow.State(db, name); q.Type == "" || strings.EqualFold(typ, q.Type) {
			keys = append(keys, []byte(name))
		}
	}
	return keys
}

// grown answers how many keys more a database will have.
func (p *Planning) grown(db int) (delta int64, emptied bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ghosts.delta[db], p.ghosts.empty[db] > 0
}
