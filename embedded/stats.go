package embedded

import (
	"strconv"
	"sync/atomic"
)

// stats are the counters of INFO.
type stats struct {
	commands    atomic.Int64
	failed      atomic.Int64 // commands that were answered with an error
	connections atomic.Int64
	changes     atomic.Int64 // write commands; not reset
	expired     atomic.Int64 // keys
	hits        atomic.Int64
	misses      atomic.Int64
}

// reset begins to count anew, as CONFIG RESETSTAT does.
func (s *stats) reset() {
	for _, n := range []*atomic.Int64{&s.commands, &s.failed, &s.connections, &s.expired, &s.hits, &s.misses} {
		n.Store(0)
	}
}

// look counts which of the keys that a reading command names exist.
func (s *stats) look(c *call, cmd *command, words []string) {
	first, err := strconv.Atoi(cmd.entry.elems[fieldFirst].text)
	if err != nil || first < 1 {
		return
	}
	last, _ := strconv.Atoi(cmd.entry.elems[fieldLast].text)
	if last < 0 {
		last += len(words)
	}
	for i := first; i <= min(last, len(words)-1); i++ {
		if c.nativeInt("exists", words[i]) > 0 {
			s.hits.Add(1)
		} else {
			s.misses.Add(1)
		}
	}
}
