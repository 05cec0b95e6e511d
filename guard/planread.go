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
	return c.plan.hides(c) || slices.ContainsFunc(c.keys, func(k keyUse) bool {
		g, _ := c.plan.ghosts.find(c.db(), k.key)
		return g.is(touched)
	})
}

// hides reports whether a call reads keys that its words do not name, among them
// perhaps such as the plan changes.
func (p *Planning) hides(c *call) bool {
	r := p.ghosts.realm(c.db())
	if !c.rule.whole || !r.empty && !r.other {
		return false
	}
	switch c.cmd.name {
	case "sort", "sort_ro", "randomkey", "cluster countkeysinslot", "cluster getkeysinslot":
		return true
	}
	return false
}

// read answers a reading call as it would be once the plan is carried out. ok
// is false where the server's own answer is the same.
func (p *Planning) read(ctx context.Context, c *call) (r reply, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hides(c) {
		return reply{}, false, &UnforeseenError{c.cmd.shown(), "it reads keys that it does not name, and the plan changes some"}
	}
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
	if c.crossesSlots() {
		return reply{}, false, nil // the server says so
	}
	if p.onlyRetimed(c) && !strings.HasPrefix(c.cmd.name, "object") {
		return reply{}, false, nil
	}
	if !c.hasForm() {
		return reply{}, false, &UnforeseenError{c.cmd.shown(), "its answer has another form in RESP3"}
	}
	r, err = p.onCopies(ctx, c)
	if unforeseeable(err) {
		err = &UnforeseenError{c.cmd.shown(), err.Error()}
	}
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
		if g.is(vague) {
			return reply{}, false, &UnforeseenError{c.cmd.shown(), "whether `" + clip(p.guard.ShownKey(k.key)) + "` will exist is not known before the plan is carried out"}
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

// sift answers what goes through the keys that a scan finds on the server, as
// staying does, and has them listed. It is to be called when the scan begins:
// what is planned after that may or may not show in it, as with any scan.
func (p *Planning) sift(db int) func(keys [][]byte) [][]byte {
	if p == nil {
		return func(keys [][]byte) [][]byte { return keys }
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.ghosts.realm(db)
	changed := r.empty || r.other
	return func(keys [][]byte) [][]byte {
		p.listed.add(db, keys)
		if !changed {
			return keys
		}
		return p.staying(db, keys)
	}
}

// staying answers those of some keys of the server that KEYS and SCAN find; what
// the plan makes anew created answers.
func (p *Planning) staying(db int, keys [][]byte) [][]byte {
	if p == nil {
		return keys
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(keys), func(key []byte) bool { return p.absent(db, string(key)) })
}

// absent reports whether a key of the server will not exist, or as good as that
// is made anew.
func (p *Planning) absent(db int, key string) bool {
	if p.ghosts.realm(db).empty {
		return !isKept(key)
	}
	g, known := p.ghosts.find(db, key)
	return known && g.is(touched) && !g.is(present)
}

// countable reports, as an error, that nobody can tell which keys a database
// will have.
func (p *Planning) countable(c *call) error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ghosts.realm(c.db()).vague == 0 {
		return nil
	}
	return &UnforeseenError{c.shown(), "which keys there will be is not known before the plan is carried out"}
}

// exists answers whether a key will exist, which does or does not by now.
func (p *Planning) exists(c *call, key string, now bool) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, known := p.ghosts.find(c.db(), key)
	switch {
	case !known || !g.is(touched):
		return now, nil
	case g.is(vague):
		return false, &UnforeseenError{c.shown(), "whether `" + clip(key) + "` will exist is not known before the plan is carried out"}
	}
	return g.is(present), nil
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
	emptied := p.ghosts.realm(db).empty
	for _, name := range p.shadow.Keys(db) {
		g, _ := p.ghosts.find(db, name)
		known := g.is(there) && !emptied
		if known || !g.is(touched) || !g.is(present) || !(q.Pattern == "" || permissions.Matches(q.Pattern, name)) {
			continue
		}
		if _, typ, _ := p.shadow.State(db, name); q.Type == "" || strings.EqualFold(typ, q.Type) {
			keys = append(keys, []byte(name))
		}
	}
	return keys
}

// grown answers how many keys more a database will have, than there are or if it
// is emptied than a flush leaves.
func (p *Planning) grown(db int) (delta int64, emptied bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.ghosts.realm(db)
	return r.delta, r.empty
}
