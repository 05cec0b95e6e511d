package change

import (
	"sync"
	"time"
)

// sizer finds how many keys keep the server busy for about as long as they may.
// It is asked while a batch goes on from which it learns.
type sizer struct {
	mu  sync.Mutex
	now float64
}

const (
	aim     = 25 * time.Millisecond // for a batch, the ways there and back included
	fewest  = 16
	most    = 4096
	inFirst = 64

	mostWatched = 1600 // if the keys are watched, or each has commands of its own

	// perUnit bounds the keys of one transaction whose keys are watched: WATCH
	// compares every key with all that its connection watches already.
	perUnit = 100
)

func newSizer() *sizer { return &sizer{now: inFirst} }

func (s *sizer) keys() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.now)
}

// learn takes in how long a transaction over so many keys took. The number
// never more than doubles at once, and one that was held up by something else
// halves it at most.
func (s *sizer) learn(keys int, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if keys == 0 || keys < int(s.now)/2 && took < aim {
		return // too few to tell
	}
	want := float64(keys) * float64(aim) / float64(max(took, time.Microsecond))
	s.now = min(max(want, s.now/2, fewest), 2*s.now, most)
}
