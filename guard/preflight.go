package guard

import (
	"context"
	"errors"

	"github.com/helix-collective/helix/permissions"
)

// preflight decides on a call whose first words are known.
func (g *Guard) preflight(ctx context.Context, caller permissions.Member, known []string) error {
	in, err := parseInvocation(known)
	var wrong *misuse
	switch {
	case errors.As(err, &wrong):
		return nil // words are missing yet, or it complains when it runs
	case err != nil:
		return err
	case in.scan.on:
		return g.policy.Preflight(caller, permissions.Read, "redis --scan")
	case len(in.argv) == 0:
		return g.policy.Preflight(caller, permissions.Read, "redis")
	}
	cmd, err := g.lookup(ctx, in.argv)
	if err != nil {
		return err
	}
	if len(cmd.subs) > 0 && len(in.argv) < 2 {
		return g.policy.Preflight(caller, permissions.Read, cmd.shown())
	}
	return g.preflightCommand(caller, cmd, in.argv)
}

// preflightCommand checks the rights that the known words ask for, on the keys
// that are among them.
func (g *Guard) preflightCommand(caller permissions.Member, cmd *command, argv []string) error {
	r := cmd.rule.refined(argv)
	if r.kind == refused {
		return &Refused{Command: cmd.shown(), Reason: r.why}
	}
	for _, right := range cmd.leastRights(r, argv) {
		if err := g.policy.Preflight(caller, right, cmd.shown()); err != nil {
			return err
		}
	}
	keys, err := cmd.keys(r, argv)
	if err != nil {
		keys = nil // the words that tell them are not there yet
	}
	if len(keys) > 0 || r.whole {
		return g.allowed(caller, cmd.shown(), r, keys)
	}
	return nil
}

// leastRights lists the rights that every call beginning with these words
// needs, on whatever keys, the graver first.
func (c *command) leastRights(r rule, argv []string) []permissions.Right {
	keys, err := c.keys(r, argv)
	if err != nil || len(keys) == 0 && !r.exact {
		keys = c.anyKeys(r)
	}
	var rights []permissions.Right
	for _, d := range r.demands(keys) {
		rights = append(rights, d.right)
	}
	return rights
}

// anyKeys answers nameless keys, used as the call's keys will be.
func (c *command) anyKeys(r rule) []keyUse {
	var keys []keyUse
	for _, s := range c.specs {
		u := s.use
		if r.use != nil {
			u = *r.use
		}
		keys = append(keys, keyUse{use: u})
	}
	return keys
}

// describe answers what Helix makes of the words of a call.
func (g *Guard) describe(ctx context.Context, args []string) (Description, error) {
	in, err := parseInvocation(args)
	switch {
	case err != nil:
		return Description{}, err
	case in.scan.on:
		return described("redis --scan", rule{kind: reading}, []permissions.Right{permissions.Read}), nil
	case len(in.argv) == 0:
		return described("redis", rule{kind: reading}, []permissions.Right{permissions.Read}), nil
	}
	cmd, err := g.lookup(ctx, in.argv)
	if err != nil {
		return Description{}, err
	}
	r := cmd.rule.refined(in.argv)
	d := described(cmd.shown(), r, cmd.leastRights(r, in.argv))
	keys, err := cmd.keys(r, in.argv)
	for _, k := range keys {
		d.Keys = append(d.Keys, k.key)
	}
	if errors.Is(err, errKeys) {
		err = nil // words are missing yet
	}
	return d, err
}

func described(name string, r rule, rights []permissions.Right) Description {
	d := Description{Name: name}
	switch r.kind {
	case refused:
		d.Refusal = (&Refused{Command: name, Reason: r.why}).Error()
		return d
	case changing:
		d.Changes = true
	}
	d.Rights = rights
	d.Right = rights[0]
	return d
}
