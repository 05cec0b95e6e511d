package guard

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard/change"
)

// maxStep bounds the keys of one command that is sent in parts.
const maxStep = 100

// steps answers what a changing call sends: what it says, but that what takes
// keys away gives memory back beside the server's work, as UNLINK does, and that
// what takes many keys one by one is sent in parts.
func (c *call) steps() []change.Step {
	words := c.instead()
	switch {
	case c.each || c.onlyUnlinks() && !isCluster(c.client):
		return []change.Step{c.eachStep()}
	case c.onlyUnlinks():
		return c.inParts([]string{"UNLINK"}, func(i int) []string { return []string{c.keys[i].key} })
	case c.cmd.name == "mset" && isCluster(c.client):
		return c.inParts(words[:1], func(i int) []string { return words[1+2*i : 3+2*i] })
	}
	return []change.Step{c.step(words, c.keys)}
}

// crossesSlots reports whether a call of a Cluster takes keys of several slots,
// which are on several servers, and cannot be sent in parts.
func (c *call) crossesSlots() bool {
	if !isCluster(c.client) || c.onlyUnlinks() || c.cmd.name == "mset" {
		return false
	}
	return slices.ContainsFunc(c.keys, func(k keyUse) bool { return change.Slot(k.key) != change.Slot(c.keys[0].key) })
}

// onlyUnlinks reports whether the call does what UNLINK of its keys does, and
// answers the same.
func (c *call) onlyUnlinks() bool {
	switch c.cmd.name {
	case "del", "unlink":
		return true
	case "expire", "pexpire", "expireat", "pexpireat":
		return len(c.argv) == 3 && c.keys[0].use.deletes
	}
	return false
}

// inParts answers steps that each take some of the keys, few enough and in a
// Cluster of one slot: a name, and the words that stand for each key.
func (c *call) inParts(name []string, of func(i int) []string) []change.Step {
	var order []int
	groups := make(map[int][]int) // places of keys, by slot
	for i, k := range c.keys {
		slot := 0
		if isCluster(c.client) {
			slot = change.Slot(k.key)
		}
		if groups[slot] == nil {
			order = append(order, slot)
		}
		groups[slot] = append(groups[slot], i)
	}
	var steps []change.Step
	for _, slot := range order {
		for part := range slices.Chunk(groups[slot], maxStep) {
			argv, keys := slices.Clone(name), make([]keyUse, len(part))
			for j, i := range part {
				argv, keys[j] = append(argv, of(i)...), c.keys[i]
			}
			steps = append(steps, c.step(argv, keys))
		}
	}
	return steps
}

func (c *call) step(argv []string, keys []keyUse) change.Step {
	name := strings.ToLower(argv[0])
	s := change.Step{DB: c.db(), Argv: argv}
	for _, k := range keys {
		if !k.use.changes() {
			continue
		}
		i := slices.IndexFunc(s.Keys, func(known change.Key) bool { return known.Name == k.key })
		if i < 0 {
			s.Keys = append(s.Keys, change.Key{Name: k.key})
			i = len(s.Keys) - 1
			if slices.Contains(c.absent, k.key) {
				s.Absent = append(s.Absent, k.key)
			}
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

// joined answers the reply of a call that was sent in parts: the first error,
// the sum of their numbers, or else what the first says.
func joined(parts []reply) reply {
	var total int64
	numbers := true
	for _, r := range parts {
		if r.kind == errorReply {
			return r
		}
		n, ok := r.integer()
		total, numbers = total+n, numbers && ok
	}
	if !numbers || len(parts) == 1 {
		return parts[0]
	}
	return integerOf(total)
}
