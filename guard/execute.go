package guard

import (
	"bytes"
	"context"
	"slices"

	"github.com/helix-collective/helix/permissions"
)

// Steps hands out what a plan recorded, in order; ok is false at the end.
type Steps func() (step []byte, ok bool, err error)

// Recheck reports whether the caller may still do all that a plan recorded. It
// stops at the first call that they may not.
func (g *Guard) Recheck(ctx context.Context, caller permissions.Member, steps Steps) error {
	for {
		c, ok, err := g.recall(ctx, caller, steps)
		if !ok || err != nil {
			return err
		}
		if err := c.mayStill(); err != nil {
			return err
		}
	}
}

// Execute makes what a plan recorded, with the Making that g was given, and
// says what became of it in that. A step that the caller may not make ends it
// before that step; Recheck tells beforehand. told is called with every reply, in order, as
// redis-cli prints it where nothing was foreseen; it may be nil.
func (g *Guard) Execute(ctx context.Context, caller permissions.Member, m *Making, steps Steps, told func(printed []byte) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return err
	}
	var last *call
	p := &passage{making: m, told: func(c *call, r reply) error { return m.compare(c, r, told) }}
	p.calls = func() (*call, bool, error) {
		c, ok, err := g.recall(ctx, caller, steps)
		if ok && err == nil {
			last, err = c, c.mayStill()
		}
		return c, ok, err
	}
	err := m.run(ctx, p)
	if err == nil || last == nil {
		return err
	}
	return m.failed(ctx, last, err)
}

// maxDiffering is how many keys a report names.
const maxDiffering = 10

// compare holds a reply against what was foreseen.
func (m *Making) compare(c *call, r reply, told func([]byte) error) error {
	if len(c.predicted) == 0 {
		if told == nil {
			return nil
		}
		return told(c.printed(r))
	}
	switch {
	case bytes.Equal(c.predicted, appendRESP(nil, r)):
		return nil
	case c.each:
		return m.compareEach(c, r)
	}
	m.differs(c.keys)
	return nil
}

// compareEach is compare for a sweep.
func (m *Making) compareEach(c *call, r reply) error {
	foreseen, err := parseReply(c.predicted)
	if err != nil || len(foreseen.elems) != len(r.elems) {
		return errRecord
	}
	for i, e := range r.elems {
		if !bytes.Equal(appendRESP(nil, foreseen.elems[i]), appendRESP(nil, e)) {
			m.differs(c.keys[i : i+1])
		}
	}
	return nil
}

// differs notes that a command answered other than was foreseen.
func (m *Making) differs(keys []keyUse) {
	m.report.Differed++
	for _, k := range keys {
		if len(m.report.Differing) < maxDiffering && !slices.Contains(m.report.Differing, k.key) {
			m.report.Differing = append(m.report.Differing, k.key)
		}
	}
}

// recall makes a call of the next recorded step.
func (g *Guard) recall(ctx context.Context, caller permissions.Member, steps Steps) (*call, bool, error) {
	record, ok, err := steps()
	if !ok || err != nil {
		return nil, false, err
	}
	r, err := parseRecorded(record)
	if err != nil {
		return nil, false, err
	}
	in := invocation{db: r.db, protocol: 2, format: rawFormat(), argv: r.argv}
	c := &call{Guard: g, caller: caller, in: in, argv: r.argv, absent: r.absent, predicted: r.predicted, resolved: true}
	if err := c.connect(); err != nil {
		return nil, false, err
	}
	if c.cmd, err = g.lookup(ctx, c.argv); err != nil {
		return nil, false, err
	}
	c.rule = c.cmd.rule.refined(c.argv)
	if len(r.each) == 0 {
		return c, true, c.findKeys(ctx)
	}
	if !c.spread(r.each) {
		return nil, false, errRecord
	}
	return c, true, nil
}

// mayStill checks the caller's rights anew.
func (c *call) mayStill() error {
	if c.rule.kind != changing || !c.cmd.fits(len(c.argv)) {
		return &Refused{Command: c.cmd.shown(), Reason: "it is none of the commands that a plan may hold"}
	}
	if err := c.allowed(c.caller, c.cmd.shown(), c.rule, c.keys); err != nil {
		return err
	}
	lost := slices.DeleteFunc(overwritten(c.keys), func(key string) bool { return slices.Contains(c.absent, key) })
	if len(lost) == 0 {
		return nil
	}
	return c.policy.Check(c.caller, permissions.Action{Right: permissions.Destroy, Name: c.cmd.shown(), Keys: lost})
}
