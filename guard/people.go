package guard

import (
	"hash/maphash"

	"github.com/helix-collective/helix/hashes"
)

// people are persons that keys name, each once. They are kept as hashes.
type people struct {
	seed maphash.Seed
	hashes.Set
}

func newPeople() *people { return &people{seed: maphash.MakeSeed()} }

func (p *people) add(name string) { p.Add(maphash.String(p.seed, name)) }
