package change

import (
	"hash/maphash"
	"slices"
)

// gather takes the next steps that may go together.
func (r *run) gather() (*batch, error) {
	var g gathering
	for g.bytes < maxBatch {
		s, ok, err := r.source.take()
		if err != nil && len(g.steps) == 0 {
			return nil, err
		}
		if !ok { // an error comes again, once the steps before it are made
			break
		}
		s = r.fit(s, r.capacity(s)-g.keys)
		if !g.add(s) {
			r.source.giveBack(s)
			break
		}
		if len(s.Keys) == 0 || g.keys >= r.capacity(s) {
			break
		}
	}
	if len(g.steps) == 0 {
		return nil, nil
	}
	return newBatch(g.steps), nil
}

// capacity is how many keys of such steps go in a batch.
func (r *run) capacity(s Step) int {
	if r.scriptable(s) && !r.odd.Load() {
		return r.size.keys()
	}
	return min(r.size.keys(), mostWatched)
}

// fit answers a step, or where it has Each as much of it as there is room for.
func (r *run) fit(s Step, room int) Step {
	if !s.Each || len(s.Keys) <= max(room, 1) {
		return s
	}
	s, rest := s.begun().split(max(room, 1))
	r.source.giveBack(rest)
	return s
}

// gathering is steps that may go together.
type gathering struct {
	steps       []Step
	keys, bytes int
	names       map[string]bool
	seed        maphash.Seed
	ids         map[uint64]struct{} // of the keys of steps that have Each, hashes
	repeated    bool                // a key is changed by several of them
}

// add takes a step, unless it has to wait for those before it: such as share a
// key go in one transaction, or else one after another.
func (g *gathering) add(s Step) bool {
	if s.Each || len(g.steps) > 0 && g.steps[0].Each {
		return g.addEach(s)
	}
	repeats := slices.ContainsFunc(s.Keys, func(k Key) bool { return g.names[k.Name] })
	switch {
	case len(g.steps) == 0:
		g.names = make(map[string]bool)
	case s.DB != g.steps[0].DB, len(s.Keys) == 0:
		return false
	case repeats && s.looks():
		return false
	case (repeats || g.repeated) && g.keys+len(s.Keys) > perUnit:
		return false
	}
	g.steps = append(g.steps, s)
	g.keys += len(s.Keys)
	g.bytes += s.bytes()
	g.repeated = g.repeated || repeats
	for _, k := range s.Keys {
		g.names[k.Name] = true
	}
	return true
}

// addEach takes a step that has Each, which go only with their like, and with
// other keys.
func (g *gathering) addEach(s Step) bool {
	if len(g.steps) > 0 && (!g.steps[0].Each || !s.Each || s.DB != g.steps[0].DB || g.meets(s)) {
		return false
	}
	g.note(s)
	g.steps = append(g.steps, s.begun())
	g.keys += len(s.Keys)
	g.bytes += s.bytes()
	return true
}

// meets reports whether a step that has Each may share a key with those before.
func (g *gathering) meets(s Step) bool {
	return slices.ContainsFunc(s.Keys, func(k Key) bool {
		_, known := g.ids[maphash.String(g.seed, k.Name)]
		return known
	})
}

func (g *gathering) note(s Step) {
	if g.ids == nil {
		g.seed, g.ids = maphash.MakeSeed(), make(map[uint64]struct{}, most)
	}
	for _, k := range s.Keys {
		g.ids[maphash.String(g.seed, k.Name)] = struct{}{}
	}
}

// looks reports whether a step depends on what its keys hold.
func (s Step) looks() bool { return s.Decide != nil || len(s.Absent) > 0 }

// maxBatch bounds the bytes of a batch's words, and of what its keys hold.
const maxBatch = 4 << 20

func (s Step) bytes() int {
	n := 0
	for _, w := range s.Argv {
		n += len(w)
	}
	if !s.Each {
		return n
	}
	n *= len(s.Keys)
	for _, k := range s.Keys {
		n += len(k.Name)
	}
	return n
}
