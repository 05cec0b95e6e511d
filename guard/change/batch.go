package change

import (
	"errors"
	"slices"
	"time"

	"github.com/helix-collective/helix/journal"
)

// batch is what is kept at once in the journal, and then made, one transaction
// after another; in a Cluster side by side.
type batch struct {
	db        int
	steps     []Step
	units     []*unit
	scattered bool          // over several servers
	blind     bool          // what its keys hold is neither kept nor looked at
	attempt   int           // how often others were in its way
	took      time.Duration // of the transactions
}

func newBatch(steps []Step) *batch { return &batch{db: steps[0].DB, steps: steps} }

// apart reports whether the batch is a single step without keys.
func (b *batch) apart() bool { return len(b.steps[0].Keys) == 0 }

// alone reports whether what comes next must not be looked at before the batch
// is made: steps decide by what they find.
func (b *batch) alone() bool {
	return b.apart() || slices.ContainsFunc(b.steps, Step.looks)
}

func (b *batch) images() [][]journal.Image {
	list := make([][]journal.Image, len(b.units))
	for i, u := range b.units {
		list[i] = u.images
	}
	return list
}

func (b *batch) keys() int {
	n := 0
	for _, u := range b.units {
		n += len(u.names)
	}
	return n
}

// unmade lists the steps that nothing was done of.
func (b *batch) unmade() []Step {
	var list []Step
	for _, u := range b.units {
		if u.outcome != made {
			list = append(list, u.steps...)
		}
	}
	return list
}

// refused reports whether the server took one of the commands for wrong.
func (b *batch) refused() bool {
	for _, u := range b.units {
		if u.outcome == refused {
			return true
		}
	}
	return false
}

// name is what a step is called in messages.
func (s Step) name() string {
	if len(s.Argv) == 0 {
		return "a change"
	}
	return s.Argv[0]
}

var errNoKeys = errors.New("the step has no keys")
