package guard

import (
	"context"
	"io"
	"slices"

	"github.com/helix-collective/helix/permissions"
)

// changes is where the changing calls of one program go: they are made, or
// recorded for a plan.
type changes interface {
	// carry takes consecutive calls and tells each call's reply, in order.
	carry(ctx context.Context, calls []*call, told func(*call, reply) error) error
	// live reports whether what is carried happens at once.
	live() bool
	// await returns once the changes of these keys are made that were decided on
	// before; without keys, all changes.
	await(keys ...string) error
}

// change decides on a call that changes something.
func (c *call) change(ctx context.Context) error {
	err := c.mayOverwrite(ctx)
	c.weighEarly()
	c.early.forget(c.keys)
	if err != nil {
		return err
	}
	if c.changes == nil {
		return &Refused{Command: c.cmd.shown(), NeedsPlan: true}
	}
	if err := c.bounded(); err != nil {
		return err
	}
	if c.crossesSlots() {
		r := failure("CROSSSLOT Keys in request don't hash to the same slot")
		c.answer = &r
		c.hint("In a Cluster one command changes keys of one slot; a part in braces that is the same, as in `{a}1` and `{a}2`, keeps keys together.")
		return nil
	}
	if !c.changes.live() {
		if r, wrong := c.misset(); wrong {
			c.answer = &r
		}
		return nil
	}
	return c.gate(ctx, c.cmd.shown(), c.rule.demands(c.keys)[0].right)
}

// mayOverwrite checks that a caller who may not destroy everything may lose
// what stands where the call writes. Keys that are not there have to be so when
// the call is made, too.
func (c *call) mayOverwrite(ctx context.Context) error {
	lost := overwritten(c.keys)
	if len(lost) == 0 || c.policy.Scope(c.caller, permissions.Destroy).All() {
		return nil
	}
	existing, err := c.existing(ctx, lost)
	if err != nil {
		return err
	}
	for _, key := range lost {
		switch {
		case slices.Contains(existing, key):
		case c.planned(key):
			existing = append(existing, key)
		case !c.policy.Scope(c.caller, permissions.Destroy).Allows(key):
			c.absent = append(c.absent, key)
		}
	}
	if len(existing) == 0 {
		return nil
	}
	return c.policy.Check(c.caller, permissions.Action{Right: permissions.Destroy, Name: c.cmd.shown(), Keys: existing})
}

// planned reports whether a key will exist by the plan at hand.
func (c *call) planned(key string) bool {
	if c.plan == nil {
		return false
	}
	c.plan.mu.Lock()
	defer c.plan.mu.Unlock()
	g, _ := c.plan.ghosts.find(c.db(), key)
	return g.is(touched) && g.is(present)
}

// isChange reports whether the call goes to where changes go.
func (c *call) isChange() bool { return c.answer == nil && c.rule.kind == changing }

// carry carries out a changing call by itself, or has it wait for others.
func (c *call) carry(ctx context.Context, stdout Sink, stderr io.Writer) (status int, err error) {
	if ok, err := c.postpone(ctx, stdout, true); ok || err != nil {
		return 0, err
	}
	if err := c.admitChange(ctx); err != nil {
		return 0, err
	}
	err = c.changes.carry(ctx, []*call{c}, func(c *call, r reply) error {
		var err error
		status, err = c.print(c.printer(stdout, stderr), r)
		return err
	})
	return status, err
}

// db is the number of the database that the call is made in.
func (c *call) db() int {
	if c.in.db >= 0 {
		return c.in.db
	}
	return c.options.DB
}
