package shell

import (
	"io"
	"slices"
	"strings"
)

const whatCaptures = "what $(…) captures"

// store keeps what a capture writes until it has ended, keys as keys.
type store struct {
	budget *Budget
	chunks []*chunk
}

func (s *store) writer() *Writer { return &Writer{send: s.keep} }

// keep takes over a chunk. A small one goes into the last, so that many small
// writes don't take a whole chunk each.
func (s *store) keep(c *chunk) error {
	if n := len(s.chunks); n > 0 {
		last := s.chunks[n-1]
		if !last.full() && len(last.data)+len(c.data) <= chunkBytes && len(last.keys)+len(c.keys) <= chunkBytes {
			last.absorb(c)
			c.release()
			return s.account(last)
		}
	}
	s.chunks = append(s.chunks, c)
	return s.account(c)
}

// account charges what a chunk takes beyond what it was charged for.
func (s *store) account(c *chunk) error {
	return c.charge(s.budget, whatCaptures, c.size()-c.held)
}

// plain reports whether no line stands for a key.
func (s *store) plain() bool {
	return !slices.ContainsFunc(s.chunks, func(c *chunk) bool { return len(c.marks) > 0 })
}

// text answers everything in one piece and keeps nothing.
func (s *store) text() (string, error) {
	defer s.release()
	n := 0
	for _, c := range s.chunks {
		n += len(c.data)
	}
	defer s.budget.Release(int64(n)) // from here on the caller's to charge
	if err := s.budget.Hold(whatCaptures, int64(n)); err != nil {
		return "", err
	}
	var b strings.Builder
	b.Grow(n)
	for _, c := range s.chunks {
		b.Write(c.data)
	}
	return b.String(), nil
}

// reader answers the chunks in order and lets go of them as they are read.
func (s *store) reader() *Reader {
	return &Reader{budget: s.budget, stop: func() {}, receive: func() (*chunk, error) {
		if len(s.chunks) == 0 {
			return nil, io.EOF
		}
		c := s.chunks[0]
		s.chunks = s.chunks[1:]
		return c, nil
	}}
}

// release lets go of what was not read.
func (s *store) release() {
	for _, c := range s.chunks {
		c.release()
	}
	s.chunks = nil
}
