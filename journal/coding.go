package journal

import (
	"encoding/binary"
	"errors"
)

// errMalformed is a record whose checksum is right and whose content makes no
// sense, as if another program had written it.
var errMalformed = errors.New("a record of the journal makes no sense")

// Bits of an image's and a state's first byte. An image has its kind above them.
const (
	flagExists = 1 << iota
	flagAltered
	flagContent

	kindShift = 4
)

// appendImages appends the content of a record; the number of images stands in
// the record's head.
func appendImages(to []byte, batch []Image) []byte {
	for i := range batch {
		image := &batch[i]
		flags := byte(image.Kind) << kindShift
		if image.Exists {
			flags |= flagExists
		}
		to = append(to, flags)
		to = binary.AppendUvarint(to, uint64(image.DB))
		to = appendText(to, image.Name)
		to = appendText(to, image.Content)
		to = binary.AppendVarint(to, image.Deadline)
	}
	return to
}

func appendStates(to []byte, states []State) []byte {
	for i := range states {
		to = appendState(to, &states[i])
	}
	return to
}

func appendState(to []byte, s *State) []byte {
	at := len(to)
	to = append(to, 0)
	if s.Exists {
		to[at] |= flagExists
	}
	if s.Altered {
		to[at] |= flagAltered
		to = append(to, s.Sum[:]...)
	}
	if s.Content != nil {
		to[at] |= flagContent
		to = appendText(to, s.Content)
	}
	return binary.AppendVarint(to, s.Deadline)
}

func appendText(to, text []byte) []byte {
	to = binary.AppendUvarint(to, uint64(len(text)))
	return append(to, text...)
}

// cursor takes a record's content apart. Whatever is wrong with it, bad is set
// and nothing is left.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) spoil() { c.bad, c.rest = true, nil }

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.spoil()
		return nil
	}
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) byte() byte {
	if b := c.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (c *cursor) uvarint() uint64 {
	n, size := binary.Uvarint(c.rest)
	if size <= 0 {
		c.spoil()
		return 0
	}
	c.rest = c.rest[size:]
	return n
}

func (c *cursor) varint() int64 {
	n, size := binary.Varint(c.rest)
	if size <= 0 {
		c.spoil()
		return 0
	}
	c.rest = c.rest[size:]
	return n
}

func (c *cursor) text() []byte { return c.take(c.uvarint()) }

// Images and states are no shorter than this, which bounds how many there are.
const (
	minImage = 5
	minState = 2
)

// readImages answers images whose texts are parts of content.
func readImages(content []byte, n int) ([]Image, error) {
	if n > len(content)/minImage {
		return nil, errMalformed
	}
	c, all := &cursor{rest: content}, make([]Image, n)
	for i := range all {
		flags := c.byte()
		all[i] = Image{
			Kind: Kind(flags >> kindShift), Exists: flags&flagExists != 0,
			DB: int(c.uvarint()), Name: c.text(), Content: c.text(), Deadline: c.varint(),
		}
	}
	if c.bad || len(c.rest) > 0 {
		return nil, errMalformed
	}
	return all, nil
}

// readStates answers states whose texts are parts of content.
func readStates(content []byte, n int) ([]State, error) {
	if n > len(content)/minState {
		return nil, errMalformed
	}
	c, all := &cursor{rest: content}, make([]State, n)
	for i := range all {
		all[i] = c.state()
	}
	if c.bad || len(c.rest) > 0 {
		return nil, errMalformed
	}
	return all, nil
}

func (c *cursor) state() State {
	flags := c.byte()
	s := State{Exists: flags&flagExists != 0, Altered: flags&flagAltered != 0}
	if s.Altered {
		copy(s.Sum[:], c.take(uint64(len(s.Sum))))
	}
	if flags&flagContent != 0 {
		s.Content = c.text()
	}
	s.Deadline = c.varint()
	return s
}
