package guard

import (
	"context"

	"github.com/helix-collective/helix/permissions"
)

// lookAhead asks at once what the keys of changes that are likely to come are.
// What is wrong with them is for their turn to tell.
func (p *Planning) lookAhead(ctx context.Context, caller permissions.Member, batch [][]string) {
	t, err := p.guard.table(ctx)
	if err != nil {
		return
	}
	var calls []*call
	for _, args := range batch {
		if c, ok := p.guard.comingChange(t, caller, args); ok {
			calls = append(calls, c)
		}
	}
	if len(calls) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.look(ctx, calls) == nil { // what fails is asked again in its turn
		p.copyAhead(ctx, calls)
	}
}

// comingChange reads a call that may change keys which its words name and which
// the caller may read.
func (g *Guard) comingChange(t *table, caller permissions.Member, args []string) (*call, bool) {
	c, err := g.opened(caller, args)
	if err != nil || c.in.scan.on || len(c.argv) == 0 {
		return nil, false
	}
	cmd, unknown := t.find(c.argv)
	if unknown != nil {
		return nil, false
	}
	c.cmd, c.rule = cmd, cmd.rule.refined(c.argv)
	if c.rule.kind != changing || cmd.asksForKeys(c.rule) || !cmd.fits(len(c.argv)) {
		return nil, false
	}
	c.keys, err = cmd.keys(c.rule, c.argv)
	return c, err == nil && g.allowed(caller, cmd.shown(), c.rule, c.keys) == nil
}
