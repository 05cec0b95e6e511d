package journal

import (
	"errors"
	"hash/crc32"
	"io"
)

// place is where a record is in the file.
type place struct {
	head
	at      int64 // of its content
	damaged bool  // its content is
}

// index is where the records of a file are.
type index struct {
	header  place
	batches []batchPlaces
	opening []place // marks before the first batch
	end     *place  // the record of the outcome
	last    *place  // the last mark
	torn    bool    // the file does not end with a whole record
	whole   int64   // where the last whole record ends
	damaged int     // records whose content is

	told int  // the first batch that no state has been told of since the last Before
	in   bool // the last record was a batch's
}

type batchPlaces struct {
	before place
	after  *place
	marks  []place
}

// depth is how much of a file is looked at.
type depth int

const (
	heads      depth = iota // and the content of the last record
	everything              // every byte
)

// scan finds the records of a file of a given size, up to the first that is not
// whole or whose length cannot be trusted.
func scan(f io.ReaderAt, size int64, how depth) (x index, err error) {
	begin := make([]byte, magicSize)
	n, err := f.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return x, err
	}
	if err := checkStart(begin[:n]); err != nil {
		return x, err
	}
	c := checker{f: f, buffer: make([]byte, 32<<10)}
	var at int64
	for at = int64(magicSize); at < size; {
		p, whole, err := c.next(at, size)
		if err != nil {
			return x, err
		}
		next := p.at + int64(p.length)
		if whole && (how == everything || next == size) {
			if p.damaged, err = c.damaged(p); err != nil {
				return x, err
			}
		}
		// A last record that is damaged was never whole on the disk.
		if x.torn = !whole || p.damaged && next == size; x.torn {
			break
		}
		x.add(p)
		at = next
	}
	x.whole = at
	if x.header.kind == 0 || x.header.damaged {
		return x, errors.New("its header is not whole")
	}
	return x, nil
}

// settled reports whether the journal tells how its change ended, and what the
// last batch left.
func (x *index) settled() bool { return x.end != nil && x.told >= len(x.batches) }

// add takes note of a record.
func (x *index) add(p place) {
	if p.damaged {
		x.damaged++
	}
	last := len(x.batches) - 1
	within := x.in
	x.in = p.kind == recordBefore
	switch {
	case p.kind == recordHeader && x.header.kind == 0:
		x.header = p
	case p.kind == recordBefore:
		if !within { // one Before is told of from its first batch on
			x.told = last + 1
		}
		x.batches = append(x.batches, batchPlaces{before: p})
	case p.kind == recordEnd && !p.damaged:
		x.end = &p
	case (p.kind == recordAfter || p.kind == recordVoid) && x.told <= last:
		if !p.damaged {
			x.batches[x.told].after = &p
		}
		x.told++
	case p.kind == recordMark && !p.damaged:
		x.last = &p
		if last < 0 {
			x.opening = append(x.opening, p)
		} else {
			x.batches[last].marks = append(x.batches[last].marks, p)
		}
	}
}

// checker holds records against their checksums, in bounded memory.
type checker struct {
	f      io.ReaderAt
	buffer []byte
}

// next answers the record at an offset; whole is false if its head is damaged or
// the file ends within it.
func (c *checker) next(at, size int64) (p place, whole bool, err error) {
	if size-at < headSize {
		return p, false, nil
	}
	if _, err := c.f.ReadAt(c.buffer[:headSize], at); err != nil {
		return p, false, cutShort(err)
	}
	h, ok := readHead(c.buffer[:headSize])
	p = place{head: h, at: at + headSize}
	return p, ok && int64(h.length) <= size-p.at, nil
}

// damaged reports whether a record's content does not match its checksum.
func (c *checker) damaged(p place) (bool, error) {
	sum := uint32(0)
	for at, left := p.at, int64(p.length); left > 0; {
		part := c.buffer[:min(left, int64(len(c.buffer)))]
		if _, err := c.f.ReadAt(part, at); err != nil {
			return true, cutShort(err)
		}
		sum = crc32.Update(sum, castagnoli(), part)
		at, left = at+int64(len(part)), left-int64(len(part))
	}
	return sum != p.sum, nil
}

// cutShort passes over that a writer took back a record while it was read.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
