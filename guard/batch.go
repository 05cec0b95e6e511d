package guard

import (
	"context"
	"io"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/permissions"
)

// DoBatch carries out many calls as if Do had been called for each in turn,
// many of them in one round trip. Every call is checked by itself; an error
// ends the batch after the results of the calls before it. The status is 0 if
// all were 0, else that of the first that was not.
func (g *Guard) DoBatch(ctx context.Context, caller permissions.Member, batch [][]string, stdout Sink, stderr io.Writer) (status int, err error) {
	b := &batching{stdout: stdout, stderr: stderr}
	if c, ok := g.sweeping(ctx, caller, batch); ok {
		b.waiting = append(b.waiting, c)
		err := b.run(ctx)
		return b.status, err
	}
	g.existAhead(ctx, caller, batch)
	for _, args := range batch {
		c, err := g.prepare(ctx, caller, args)
		if err != nil {
			if runErr := b.run(ctx); runErr != nil {
				return b.status, runErr
			}
			s, err := complain(err, stderr)
			b.note(s)
			if err != nil {
				return b.status, err
			}
			continue
		}
		if err := b.add(ctx, c); err != nil {
			return b.status, err
		}
	}
	return b.status, b.run(ctx)
}

// batching gathers calls that go in one round trip.
type batching struct {
	stdout  Sink
	stderr  io.Writer
	waiting []*call
	status  int
}

func (b *batching) note(status int) {
	if b.status == 0 {
		b.status = status
	}
}

// add takes one more call, after running those that it cannot go with.
func (b *batching) add(ctx context.Context, c *call) error {
	if len(b.waiting) > 0 && (len(b.waiting) >= b.most(c) || !sameClient(b.waiting[0].client, c.client)) {
		if err := b.run(ctx); err != nil {
			return err
		}
	}
	b.waiting = append(b.waiting, c)
	return nil
}

// maxChanges bounds the calls that are handed on to be made together.
const maxChanges = 2048

// most answers how many calls may wait, c being the next.
func (b *batching) most(c *call) int {
	if b.waiting[0].isChange() && c.isChange() {
		return maxChanges
	}
	return maxPipeline
}

func sameClient(a, b redis.UniversalClient) bool { return a == b }

// run carries out the waiting calls, in their order.
func (b *batching) run(ctx context.Context) error {
	calls := b.waiting
	b.waiting = nil
	if err := weighAll(ctx, calls); err != nil {
		return err
	}
	for len(calls) > 0 {
		n, err := b.runSome(ctx, calls)
		if err != nil {
			return err
		}
		calls = calls[n:]
	}
	return nil
}

// weighAll asks at once for the sizes that the calls need to be measured by.
func weighAll(ctx context.Context, calls []*call) error {
	var unknown []*call
	for _, c := range calls {
		if c.answer == nil && (c.rule.size.measure != nil || c.cmd != nil && c.cmd.name == "mget") && len(c.keys) > 0 {
			unknown = append(unknown, c)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return weigh(ctx, unknown)
}

// runSome carries out the first of the calls by itself, or as many as may go
// together, and answers how many that were.
func (b *batching) runSome(ctx context.Context, calls []*call) (int, error) {
	if ok, err := calls[0].postpone(ctx, b.stdout, false); ok || err != nil {
		return 1, err
	}
	if n := b.leadingChanges(calls); n > 0 {
		return b.runChanges(ctx, calls[:n])
	}
	together, err := admitted(ctx, calls)
	if err != nil {
		return 0, err
	}
	if together < 2 {
		status, err := calls[0].run(ctx, b.stdout, b.stderr)
		b.note(status)
		return 1, err
	}
	var qs []request
	for _, c := range calls[:together] {
		if err := c.afterChanges(); err != nil {
			return 0, err
		}
		qs = append(qs, c.request())
	}
	replies, err := calls[0].askAll(ctx, qs)
	if err != nil {
		return 0, err
	}
	for i, r := range replies {
		c := calls[i]
		c.advise(r)
		status, err := c.printer(b.stdout, b.stderr).reply(r)
		b.note(status)
		if err != nil {
			return 0, err
		}
	}
	return together, nil
}

// runChanges carries out the first of some changing calls, up to one that is
// refused, and answers how many that were.
func (b *batching) runChanges(ctx context.Context, calls []*call) (int, error) {
	n, refusal := admittedChanges(ctx, calls)
	if n == 0 {
		return 0, refusal
	}
	err := calls[0].changes.carry(ctx, calls[:n], func(c *call, r reply) error {
		status, err := c.print(c.printer(b.stdout, b.stderr), r)
		b.note(status)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, refusal
}

// admittedChanges answers how many of some changing calls may be handed on
// together: none that is refused, and none whose keys an earlier one moves or
// takes away, since how large they are is to be asked anew.
func admittedChanges(ctx context.Context, calls []*call) (int, error) {
	if !slices.ContainsFunc(calls, (*call).measured) {
		return len(calls), nil
	}
	moved := make(map[string]bool)
	for i, c := range calls {
		if c.measured() && slices.ContainsFunc(c.keys, func(k keyUse) bool { return moved[k.key] }) {
			c.weighed = nil
			return i, nil
		}
		if err := c.admitChange(ctx); err != nil {
			return i, err
		}
		if c.moves() || c.onlyUnlinks() {
			for _, k := range c.keys {
				moved[k.key] = true
			}
		}
	}
	return len(calls), nil
}

// measured reports whether it depends on the sizes of keys whether a call runs.
func (c *call) measured() bool { return c.rule.size.measure != nil }

// leadingChanges answers how many of the first calls change something and do not
// wait for others.
func (b *batching) leadingChanges(calls []*call) int {
	n := 0
	for n < len(calls) && calls[n].isChange() && !calls[n].waitsFor(b.stdout) {
		n++
	}
	return n
}

// admitted answers how many calls from the first on are simply sent, and hold
// no more together than one may. A call that is refused counts as none: it
// says so when it runs by itself.
func admitted(ctx context.Context, calls []*call) (int, error) {
	var total cost
	for i, c := range calls {
		if c.answer != nil || c.rule.run != nil || c.isChange() || c.ghostly() {
			return i, nil
		}
		page, err := c.admit(ctx)
		if err != nil && i == 0 {
			return 0, err
		}
		if err != nil || page != nil {
			return i, nil
		}
		if c.rule.size.measure != nil {
			part, err := c.rule.size.measure(ctx, c)
			if err != nil {
				return i, err
			}
			total.bytes += part.bytes
			total.elements += part.elements
		}
		if i > 0 && total.tooMuch() {
			return i, nil
		}
	}
	return len(calls), nil
}
