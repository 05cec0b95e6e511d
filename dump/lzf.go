package dump

// lzfGrowth is how many times its size a text in LZF can grow: three bytes can
// stand for 264.
const lzfGrowth = 264 / 3

// uncompress answers what LZF made smaller, which must come to size bytes
// exactly. A size that cannot be true costs nothing.
func uncompress(from []byte, size uint64) (to []byte, ok bool) {
	if size > uint64(len(from))*lzfGrowth {
		return nil, false
	}
	to = make([]byte, 0, size)
	for r := (&reader{rest: from}); len(r.rest) > 0; {
		control := uint64(r.byte())
		if control < 1<<5 { // a run of bytes as they are
			to = append(to, r.take(control+1)...)
		} else if to, ok = again(to, control, r); !ok {
			return nil, false
		}
		if r.bad || uint64(len(to)) > size {
			return nil, false
		}
	}
	return to, uint64(len(to)) == size
}

// again repeats bytes that have been before: how many, and how far back, is in
// the control byte and the one or two behind it.
func again(to []byte, control uint64, r *reader) ([]byte, bool) {
	n := control >> 5
	if n == 7 {
		n += uint64(r.byte())
	}
	back := (control&0x1f)<<8 + uint64(r.byte()) + 1
	if back > uint64(len(to)) {
		return nil, false
	}
	for range n + 2 { // one by one: a run may overlap itself
		to = append(to, to[uint64(len(to))-back])
	}
	return to, true
}
