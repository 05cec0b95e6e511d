package guard

import (
	"context"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/permissions"
)

// changes is where the changing calls of one program go: they are made, or
// recorded for a plan.
type changes interface {
	// carry takes consecutive calls and tells each call's reply, in order.
	carry(ctx context.Context, calls []*call, told func(*call, reply) error) error
	// live reports whether what is carried happens at once.
	live() bool
}

// change decides on a call that changes something.
func (c *call) change(ctx context.Context) error {
	c.early.forget(c.keys)
	if err := c.mayOverwrite(ctx); err != nil {
		return err
	}
	if c.changes == nil {
		return &Refused{Command: c.cmd.shown(), NeedsPlan: true}
	}
	if err := c.bounded(); err != nil {
		return err
	}
	if _, err := c.admit(ctx); err != nil {
		return err
	}
	if !c.changes.live() {
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

// carry carries out a changing call by itself.
func (c *call) carry(ctx context.Context, stdout Sink, stderr io.Writer) (status int, err error) {
	err = c.changes.carry(ctx, []*call{c}, func(c *call, r reply) error {
		var err error
		status, err = c.printer(stdout, stderr).reply(r)
		return err
	})
	return status, err
}

// maxStep bounds the keys of one command that is sent in parts.
const maxStep = 100

// steps answers what a changing call sends: what it says, but that DEL gives
// memory back beside the server's work, as UNLINK does, and that what takes
// many keys one by one is sent in parts.
func (c *call) steps() []change.Step {
	words := c.instead()
	name := strings.ToLower(words[0])
	if name == "del" {
		words = append([]string{"UNLINK"}, words[1:]...)
	}
	if name != "del" && name != "unlink" {
		return []change.Step{c.step(words, c.keys)}
	}
	var steps []change.Step
	for _, part := range c.parts() {
		argv := []string{words[0]}
		for _, k := range part {
			argv = append(argv, k.key)
		}
		steps = append(steps, c.step(argv, part))
	}
	return steps
}

// parts divides the call's keys: by number, and in a Cluster by slot.
func (c *call) parts() [][]keyUse {
	var parts [][]keyUse
	groups := [][]keyUse{c.keys}
	if isCluster(c.client) {
		groups = bySlot(c.keys)
	}
	for _, group := range groups {
		for part := range slices.Chunk(group, maxStep) {
			parts = append(parts, part)
		}
	}
	return parts
}

func bySlot(keys []keyUse) [][]keyUse {
	var order []int
	groups := make(map[int][]keyUse)
	for _, k := range keys {
		slot := change.Slot(k.key)
		if groups[slot] == nil {
			order = append(order, slot)
		}
		groups[slot] = append(groups[slot], k)
	}
	list := make([][]keyUse, len(order))
	for i, slot := range order {
		list[i] = groups[slot]
	}
	return list
}

func (c *call) step(argv []string, keys []keyUse) change.Step {
	name := strings.ToLower(argv[0])
	s := change.Step{DB: c.db(), Argv: argv, Absent: c.absent, Note: c}
	for _, k := range keys {
		if !k.use.changes() {
			continue
		}
		i := slices.IndexFunc(s.Keys, func(known change.Key) bool { return known.Name == k.key })
		if i < 0 {
			s.Keys = append(s.Keys, change.Key{Name: k.key})
			i = len(s.Keys) - 1
		}
		s.Keys[i].Alters = s.Keys[i].Alters || k.use.alters()
		s.Keys[i].Ends = name == "unlink"
		if k.use == (use{conserves: true}) {
			s.Keys[i].Lives = lifespan(argv)
		}
	}
	return s
}

// lifespan answers how long a key lives after EXPIRE or PEXPIRE; 0 where that is
// not told or too long to count.
func lifespan(argv []string) time.Duration {
	unit := time.Second
	switch strings.ToLower(argv[0]) {
	case "expire":
	case "pexpire":
		unit = time.Millisecond
	default:
		return 0
	}
	n, err := strconv.ParseInt(argv[2], 10, 64)
	if err != nil || n <= 0 || n > int64(math.MaxInt64/unit) {
		return 0
	}
	return time.Duration(n) * unit
}

// db is the number of the database that the call is made in.
func (c *call) db() int {
	if c.in.db >= 0 {
		return c.in.db
	}
	return c.options.DB
}

// joined answers the reply of a call that was sent in parts: the sum of its
// numbers, or the first that is none.
func joined(parts []reply) reply {
	if len(parts) == 1 {
		return parts[0]
	}
	var total int64
	for _, r := range parts {
		n, ok := r.integer()
		if !ok {
			return r
		}
		total += n
	}
	return integerOf(total)
}
