package guard

import (
	"hash/maphash"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
)

// census is a journal that counts the keys that are changed. A key that is
// changed again in a later batch counts again, but for one that a batch's end
// lies within.
type census struct {
	change.Journal
	report *Report
	before [][]journal.Image // of the batches that are being made
	seed   maphash.Seed
	last   map[uint64]struct{} // of the batch before, hashes of those that were changed
}

func (c *census) Before(batches ...[]journal.Image) error {
	c.before = batches
	return c.Journal.Before(batches...)
}

func (c *census) After(states []journal.State) error {
	changed := make(map[uint64]struct{}, len(states))
	batch := c.before[0]
	c.before = c.before[1:]
	for i, image := range batch {
		if e := (change.Entry{Before: image, After: states[i]}); !e.Changed() {
			continue
		}
		if image.Kind != journal.Key {
			c.report.Others++
			continue
		}
		id := maphash.Bytes(c.seed, image.Name)
		changed[id] = struct{}{}
		if _, again := c.last[id]; !again {
			c.report.Keys++
		}
	}
	c.last = changed
	return c.Journal.After(states)
}
