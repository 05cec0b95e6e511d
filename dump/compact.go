package dump

import (
	"encoding/binary"
	"iter"
)

// The encodings of small collections: one string that holds all elements. Each
// of these answers the elements in order, numbers as their decimal text, and
// spoils r where the string is not what it should be.

// packEnd is the last byte of a listpack and of a ziplist.
const packEnd = 0xff

func listpack(blob []byte, r *reader) iter.Seq[[]byte] {
	return packed(blob, r, 4+2, func(in *reader) []byte {
		before := len(in.rest)
		element := listpackElement(in)
		in.take(backLength(before - len(in.rest)))
		return element
	})
}

func ziplist(blob []byte, r *reader) iter.Seq[[]byte] {
	return packed(blob, r, 4+4+2, func(in *reader) []byte {
		if in.byte() == 0xfe { // the length of the element before, in 32 bits
			in.take(4)
		}
		return ziplistElement(in)
	})
}

// packed yields what next reads, from behind the header to the end.
func packed(blob []byte, r *reader, header uint64, next func(*reader) []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		in := &reader{rest: blob}
		in.take(header)
		for len(in.rest) > 1 {
			if element := next(in); in.bad || !yield(element) {
				break
			}
		}
		if in.bad || len(in.rest) != 1 || in.rest[0] != packEnd {
			r.spoil()
		}
	}
}

// listpackElement reads an element without the length that stands behind it.
func listpackElement(in *reader) []byte {
	switch b := in.byte(); {
	case b>>7 == 0b0:
		return decimal(int64(b))
	case b>>6 == 0b10:
		return in.take(uint64(b & 0x3f))
	case b>>5 == 0b110: // a number of 13 bits with a sign
		n := int64(b&0x1f)<<8 | int64(in.byte())
		return decimal(n << 51 >> 51)
	case b>>4 == 0b1110:
		return in.take(uint64(b&0x0f)<<8 | uint64(in.byte()))
	case b == 0xf0:
		return in.take(in.little(4))
	case b <= 0xf3:
		return decimal(in.signed(uint64(b-0xf1) + 2))
	case b == 0xf4:
		return decimal(in.signed(8))
	}
	in.spoil()
	return nil
}

// backLength answers how many bytes the length of an element takes behind it.
func backLength(element int) uint64 {
	switch {
	case element <= 127:
		return 1
	case element < 1<<14-1:
		return 2
	case element < 1<<21-1:
		return 3
	case element < 1<<28-1:
		return 4
	}
	return 5
}

// ziplistElement reads an element without the length that stands before it.
func ziplistElement(in *reader) []byte {
	switch b := in.byte(); {
	case b>>6 == 0b00:
		return in.take(uint64(b & 0x3f))
	case b>>6 == 0b01:
		return in.take(uint64(b&0x3f)<<8 | uint64(in.byte()))
	case b == 0x80:
		if size := in.take(4); len(size) == 4 {
			return in.take(uint64(binary.BigEndian.Uint32(size)))
		}
		return nil
	case b == 0xfe:
		return decimal(in.signed(1))
	case b == 0xc0:
		return decimal(in.signed(2))
	case b == 0xf0:
		return decimal(in.signed(3))
	case b == 0xd0:
		return decimal(in.signed(4))
	case b == 0xe0:
		return decimal(in.signed(8))
	case b >= 0xf1 && b <= 0xfd:
		return decimal(int64(b) - 0xf1)
	}
	in.spoil()
	return nil
}

// intset is a set of nothing but integers, all of one size.
func intset(blob []byte, r *reader) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		in := &reader{rest: blob}
		size, n := in.little(4), in.little(4)
		if (size != 2 && size != 4 && size != 8) || n*size != uint64(len(in.rest)) {
			r.spoil()
			return
		}
		for range in.times(n) {
			if !yield(decimal(in.signed(size))) {
				return
			}
		}
	}
}
