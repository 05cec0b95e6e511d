package guard

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/helix-collective/helix/guard/shadow"
	"github.com/helix-collective/helix/hashes"
	"github.com/helix-collective/helix/permissions"
)

// Planning records the changes of one program instead of making them. What a
// change would answer, and what later reads of its keys would, is foreseen
// where it can be. It has to be closed.
type Planning struct {
	// Record takes one change, as bytes that Execute understands.
	Record func(step []byte) error
	// Progress is told how many changes were recorded; may be nil.
	Progress func(commands int64)
	// Undo says that what a plan changes can be taken back afterwards.
	Undo bool

	guard   *Guard
	mu      sync.Mutex
	ghosts  *ghosts
	shadow  *shadow.Shadow
	full    error // why no more keys are copied; nil while there is room
	summary Summary
	listed  *listing
	users   *people          // whose sessions end
	moved   map[place]weight // keys that are what others were
	buffer  []byte
	ahead   time.Duration // how far the server's clock is ahead of ours
	clocked bool
}

// UnforeseenError says that a program cannot be planned further, since it goes
// by what nobody can know before a change is made.
type UnforeseenError struct{ Command, Reason string }

func (e *UnforeseenError) Error() string {
	return fmt.Sprintf("`%s` cannot be shown before it happens: %s", e.Command, e.Reason)
}

// WithPlanning returns a Guard that shares everything with g and records
// changes in p.
func (g *Guard) WithPlanning(p *Planning) *Guard {
	planning := *g
	planning.changes, planning.plan = p, p
	p.guard, p.ghosts, p.users = &planning, newGhosts(), newPeople()
	p.listed = newListing(p.ghosts.seed)
	p.moved = make(map[place]weight)
	p.shadow = shadow.New(p.now)
	return &planning
}

// Close gives up what the plan was foreseen with.
func (p *Planning) Close() error { return p.shadow.Close() }

func (p *Planning) live() bool { return false }

// await has nothing to wait for: what is recorded is not made.
func (p *Planning) await(...string) error { return nil }

// carry records calls.
func (p *Planning) carry(ctx context.Context, calls []*call, told func(*call, reply) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.look(ctx, calls); err != nil {
		return err
	}
	p.copyAhead(ctx, calls)
	for _, c := range calls {
		r, err := p.record(ctx, c)
		if err != nil {
			return err
		}
		if err := p.tell(c, r, told); err != nil {
			return err
		}
	}
	if p.Progress != nil {
		p.Progress(p.summary.Commands)
	}
	return nil
}

// tell hands a foreseen reply on. What could not be foreseen may be missing
// only where nothing but the person reads it.
func (p *Planning) tell(c *call, r reply, told func(*call, reply) error) error {
	if r.known() {
		return told(c, r)
	}
	if c.final {
		return nil
	}
	return &UnforeseenError{c.cmd.shown(), "what follows it would read its answer, which is not known before it runs"}
}

// record foresees one call and records it.
func (p *Planning) record(ctx context.Context, c *call) (reply, error) {
	loses := p.overwrites(c)
	r, err := p.foreseeAll(ctx, c)
	if err != nil {
		return reply{}, err
	}
	rec := recorded{db: c.db(), argv: c.instead(), absent: c.absent}
	if c.each {
		rec.each = c.names()
	}
	if r.known() {
		rec.predicted = appendRESP(nil, r)
	}
	p.buffer = rec.append(p.buffer[:0])
	if len(p.buffer) > maxRecorded {
		return reply{}, &Refused{Command: c.cmd.shown(), Reason: "the command is too long for a plan"}
	}
	if err := p.Record(p.buffer); err != nil {
		return reply{}, fmt.Errorf("record a change: %w", err)
	}
	p.summary.add(c, r)
	if loses {
		p.summary.needs(permissions.Destroy)
	}
	p.move(c)
	return r, nil
}

// overwrites reports whether a call writes over keys that are there by then,
// which loses what they hold.
func (p *Planning) overwrites(c *call) bool {
	return slices.ContainsFunc(overwritten(c.keys), func(key string) bool {
		g, _ := p.ghosts.find(c.db(), key)
		return g.is(present)
	})
}

// look asks what keys of calls are, as far as that is not known, in as few
// round trips as that takes.
func (p *Planning) look(ctx context.Context, calls []*call) error {
	if err := p.clock(ctx, calls[0]); err != nil {
		return err
	}
	for len(calls) > 0 { // those of one database together
		n := 1
		for n < len(calls) && calls[n].db() == calls[0].db() {
			n++
		}
		if err := p.ask(ctx, calls[0], p.unknown(calls[:n])); err != nil {
			return err
		}
		calls = calls[n:]
	}
	return nil
}

// unknown answers the keys of calls that have to be asked for. Where keys are
// taken away, and enough of them have been weighed, it is enough to know that
// they are there, as a scan has just said: one that goes meanwhile is for the
// report to tell.
func (p *Planning) unknown(calls []*call) []string {
	var ask []string
	var asked hashes.Set
	room := p.toWeigh()
	for _, c := range calls {
		for _, k := range c.keys {
			id := p.ghosts.id(k.key)
			if _, known := p.ghosts.realm(c.db()).find(id, k.key); known {
				continue
			}
			if c.takesAway() && len(ask) >= room && p.listed.has(c.db(), id) {
				continue
			}
			if asked.Add(id) {
				ask = append(ask, k.key)
			}
		}
	}
	return ask
}

// takesAway reports whether a call does no more with its keys than to take them
// away.
func (c *call) takesAway() bool { return c.cmd.name == "del" || c.cmd.name == "unlink" }

// ask asks for the time to live of keys, and of some how large they are.
func (p *Planning) ask(ctx context.Context, c *call, keys []string) error {
	for part := range slices.Chunk(keys, maxPipeline) {
		qs := make([]request, len(part))
		for i, key := range part {
			qs[i] = request{[]string{"PTTL", key}, key}
		}
		replies, err := c.askAll(ctx, qs)
		if err != nil {
			return err
		}
		now := p.now().UnixMilli()
		for i, r := range replies {
			left, ok := r.integer()
			if !ok {
				return fmt.Errorf("look at a key: %w: %s", errMalformed, r.text)
			}
			deadline := int64(0)
			if left >= 0 {
				deadline = now + left
			}
			p.ghosts.seen(c.db(), part[i], left != -2, deadline)
		}
	}
	return p.weigh(ctx, c, keys)
}

// clock learns how far the server's clock is from ours.
func (p *Planning) clock(ctx context.Context, c *call) error {
	if p.clocked {
		return nil
	}
	r, err := c.ask(ctx, []string{"TIME"}, "")
	if err != nil {
		return err
	}
	var s, us int64
	if len(r.elems) == 2 {
		fmt.Sscan(string(r.elems[0].text), &s)
		fmt.Sscan(string(r.elems[1].text), &us)
	}
	if s > 0 {
		p.ahead = time.UnixMicro(s*1e6 + us).Sub(p.guard.options.Now())
	}
	p.clocked = true
	return nil
}

// now is the server's time.
func (p *Planning) now() time.Time { return p.guard.options.Now().Add(p.ahead) }

// maxWeighed is how many of the keys that a plan takes away are asked for their
// size; the rest is reckoned from them.
const maxWeighed = 1000

// toWeigh answers how many keys may still be asked for their size.
func (p *Planning) toWeigh() int { return max(maxWeighed-p.summary.weighed, 0) }

// weigh asks for the size of some of the keys.
func (p *Planning) weigh(ctx context.Context, c *call, keys []string) error {
	n := min(len(keys), p.toWeigh())
	if n == 0 {
		return nil
	}
	found := make(map[string]weight, n)
	for part := range slices.Chunk(keys[:n], maxPipeline/2) {
		if err := c.weighKeys(ctx, part, found); err != nil {
			return err
		}
	}
	for key, w := range found {
		if w.typ != "none" {
			p.summary.weighs(c.place(c.db(), key), w.roughly())
		}
	}
	return nil
}
