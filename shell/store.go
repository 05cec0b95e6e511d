package shell

import "io"

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
	return c.charge(s.budget, "what $(…) captures", c.size()-c.held)
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
