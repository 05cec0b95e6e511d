package dump

import (
	"encoding/binary"
	"iter"
	"strconv"
)

// reader takes a payload apart. Whatever is wrong with it, bad is set, nothing
// is left to read, and zero values come out.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) spoil() { r.bad, r.rest = true, nil }

// take answers the next n bytes, which are those of the payload, not a copy.
func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.spoil()
		return nil
	}
	taken := r.rest[:n:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) byte() byte {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// little answers a number of up to eight bytes, the least first.
func (r *reader) little(size uint64) (n uint64) {
	for i, b := range r.take(size) {
		n |= uint64(b) << (8 * i)
	}
	return n
}

// signed answers a number of up to eight bytes in two's complement.
func (r *reader) signed(size uint64) int64 {
	unused := 64 - 8*size
	return int64(r.little(size)<<unused) >> unused
}

// Lengths in 14 bits or more stand behind a byte that says so; what begins with
// two ones is a string in another form.
const (
	length14, length32, length64 = 0x40, 0x80, 0x81

	int8String, int16String, int32String, lzfString = 0xc0, 0xc1, 0xc2, 0xc3
)

// length answers a length, or the mark of a string in another form.
func (r *reader) length() (n uint64, mark byte) {
	switch b := r.byte(); {
	case b < length14:
		return uint64(b), 0
	case b < length32:
		return uint64(b&0x3f)<<8 | uint64(r.byte()), 0
	case b == length32:
		if p := r.take(4); len(p) == 4 {
			return uint64(binary.BigEndian.Uint32(p)), 0
		}
		return 0, 0
	case b == length64:
		if p := r.take(8); len(p) == 8 {
			return binary.BigEndian.Uint64(p), 0
		}
		return 0, 0
	default:
		return 0, b
	}
}

// count answers a length where no string may stand.
func (r *reader) count() uint64 {
	n, mark := r.length()
	if mark != 0 {
		r.spoil()
	}
	return n
}

// string answers a string, whichever form it has.
func (r *reader) string() []byte {
	n, mark := r.length()
	switch mark {
	case 0:
		return r.take(n)
	case int8String, int16String, int32String:
		return decimal(r.signed(1 << (mark - int8String)))
	case lzfString:
		compressed, size := r.count(), r.count()
		return r.uncompressed(r.take(compressed), size)
	}
	r.spoil()
	return nil
}

func (r *reader) uncompressed(from []byte, size uint64) []byte {
	if r.bad {
		return nil
	}
	to, ok := uncompress(from, size)
	if !ok {
		r.spoil()
	}
	return to
}

func decimal(n int64) []byte { return strconv.AppendInt(nil, n, 10) }

// times repeats, as long as there is something to read.
func (r *reader) times(n uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for i := uint64(0); i < n && !r.bad; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

// texts is a sequence of strings behind their number.
func (r *reader) texts() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for range r.times(r.count()) {
			if s := r.string(); r.bad || !yield(s) {
				return
			}
		}
	}
}
