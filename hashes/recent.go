package hashes

// Recent is a set of the hashes that were added last: at least one generation
// of them, and at most two. It is for one goroutine at a time.
type Recent struct {
	generation    int
	newest, older Set
	forgot        bool
}

// NewRecent returns an empty Recent that remembers at least as many hashes as a
// generation has. That takes at most 22 bytes each where a generation is three
// quarters of a power of two, else up to twice as much, and little before it
// fills.
func NewRecent(generation int) *Recent { return &Recent{generation: generation} }

// Has reports whether a hash is remembered.
func (r *Recent) Has(h uint64) bool { return r.newest.Has(h) || r.older.Has(h) }

// Add remembers a hash and reports whether it is new. One that is not stays as
// old as it was.
func (r *Recent) Add(h uint64) bool {
	if r.older.Has(h) || !r.newest.Add(h) {
		return false
	}
	if r.newest.Len() >= r.generation {
		r.forgot = r.forgot || r.older.Len() > 0
		r.newest, r.older = r.older, r.newest
		r.newest.Clear()
	}
	return true
}

// Whole reports whether every hash that was ever added is still remembered.
func (r *Recent) Whole() bool { return !r.forgot }
