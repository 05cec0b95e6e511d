package guard

import (
	"context"
	"slices"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/redact"
)

// A sweep is many calls of one command that differ only in their key, as
// `xargs -I {} redis expire {} 60` makes them. It goes the way of a call as one:
// decided on once, with all its keys, recorded and made in one piece, for a
// tenth of what its calls cost one by one. Its reply is an array of theirs.

// sweeping answers calls as a sweep. ok is false where they are none, or where
// something is to be said of one of them that the others do not share: then
// they take their turns.
func (g *Guard) sweeping(ctx context.Context, caller permissions.Member, batch [][]string) (c *call, ok bool) {
	if g.changes == nil || len(batch) < 2 {
		return nil, false
	}
	c, err := g.opened(caller, batch[0])
	if err != nil || c.in.scan.on || len(c.argv) < 2 || isCluster(c.client) {
		return nil, false
	}
	keys, ok := onlyKeysDiffer(batch, len(batch[0])-len(c.argv)+1)
	if !ok || c.learn(ctx) != nil {
		return nil, false
	}
	if !c.spread(keys) || c.redaction != nil && slices.ContainsFunc(keys, redact.IsShort) {
		return nil, false
	}
	if c.allowed(c.caller, c.cmd.shown(), c.rule, c.keys) != nil || c.change(ctx) != nil {
		return nil, false
	}
	return c, true
}

// learn looks the call's command up.
func (c *call) learn(ctx context.Context) (err error) {
	if c.cmd, err = c.lookup(ctx, c.argv); err == nil {
		c.rule = c.cmd.rule.refined(c.argv)
	}
	return err
}

// onlyKeysDiffer answers the words at a place of calls that are alike but for
// these, which are all different.
func onlyKeysDiffer(batch [][]string, at int) (keys []string, ok bool) {
	first := batch[0]
	keys, seen := make([]string, len(batch)), make(map[string]struct{}, len(batch))
	for i, words := range batch {
		if len(words) != len(first) || !slices.Equal(words[:at], first[:at]) || !slices.Equal(words[at+1:], first[at+1:]) {
			return nil, false
		}
		keys[i], seen[words[at]] = words[at], struct{}{}
	}
	return keys, len(seen) == len(keys)
}

// spread makes a call one for each of the keys, which take the place of its
// second word. ok is false where it cannot be.
func (c *call) spread(keys []string) (ok bool) {
	if !c.spreads() || c.rule.kind != changing || c.rule.size.measure != nil || !c.cmd.fits(len(c.argv)) || c.cmd.asksForKeys(c.rule) {
		return false
	}
	own, err := c.cmd.keys(c.rule, c.argv)
	if err != nil || len(own) != 1 || own[0].key != c.argv[1] || len(overwritten(own)) > 0 {
		return false
	}
	c.keys, c.each, c.resolved = make([]keyUse, len(keys)), true, true
	for i, key := range keys {
		c.keys[i] = keyUse{key, own[0].use}
	}
	return true
}

// spreads reports whether calls of the command may be a sweep: each changes one
// key and answers a number.
func (c *call) spreads() bool {
	switch c.cmd.name {
	case "del", "unlink":
		return len(c.argv) == 2
	case "expire", "pexpire", "expireat", "pexpireat", "persist":
		return true
	}
	return false
}

// times is how many calls a call stands for.
func (c *call) times() int {
	if c.each {
		return len(c.keys)
	}
	return 1
}

// one answers the i-th call of a sweep.
func (c *call) one(i int) *call {
	one := *c
	one.each, one.keys = false, c.keys[i:i+1:i+1]
	one.argv = append([]string{c.argv[0], c.keys[i].key}, c.argv[2:]...)
	return &one
}

// names lists the call's keys.
func (c *call) names() []string {
	list := make([]string, len(c.keys))
	for i, k := range c.keys {
		list[i] = k.key
	}
	return list
}

// distinct drops the names that stand further ahead already.
func distinct(names []string) []string {
	seen := make(map[string]struct{}, len(names))
	return slices.DeleteFunc(names, func(name string) bool {
		_, again := seen[name]
		seen[name] = struct{}{}
		return again
	})
}

// eachStep answers what is sent of a sweep, or of a call that only takes keys
// away.
func (c *call) eachStep() change.Step {
	argv := c.argv
	if c.onlyUnlinks() {
		argv = []string{"UNLINK", ""}
	}
	s := change.Step{DB: c.db(), Argv: argv, Each: true, Together: !c.each, Keys: make([]change.Key, 0, len(c.keys))}
	fate := change.Key{Ends: c.onlyUnlinks()}
	if c.keys[0].use == (use{conserves: true}) {
		fate.Lives = lifespan(argv)
	}
	for _, key := range distinct(c.names()) {
		fate.Name = key
		s.Keys = append(s.Keys, fate)
	}
	return s
}

// printed answers what a call prints of its reply: a sweep that of every call.
func (c *call) printed(r reply) []byte {
	if !c.each {
		return c.in.format.append(nil, c.curtain().reply(c.asAsked(r)))
	}
	var text []byte
	for _, e := range r.elems {
		text = c.in.format.append(text, c.curtain().reply(e))
	}
	return text
}

// print writes a reply of the call's, of a sweep one after another, and answers
// the first status that is not 0.
func (c *call) print(p *printer, r reply) (status int, err error) {
	if !c.each {
		return p.reply(c.asAsked(r))
	}
	for _, e := range r.elems {
		s, err := p.reply(e)
		if err != nil {
			return status, err
		}
		if status == 0 {
			status = s
		}
	}
	return status, nil
}

// failures counts the errors in the reply of a sweep.
func failures(r reply) int64 {
	n := int64(0)
	for _, e := range r.elems {
		if e.kind == errorReply {
			n++
		}
	}
	return n
}

// known reports whether a reply was foreseen, of a sweep every call's.
func (r reply) known() bool {
	return r.kind != 0 && !slices.ContainsFunc(r.elems, func(e reply) bool { return e.kind == 0 })
}
