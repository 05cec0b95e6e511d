package text

import (
	"encoding/binary"

	"github.com/helix-collective/helix/shell"
)

// arena holds many records in few allocations, each charged to the budget
// when it is made.
//
// A record is stored as its copies (four bytes), its kind and length (a
// varint), the length of its key if that differs from its text (a varint),
// and the bytes of text and key. Blocks are filled from the front and never
// move, so a ref stays good until free.
type arena struct {
	what   string // for the limit's message
	budget *shell.Budget
	held   int64
	count  int // records stored
	blocks [][]byte
}

// ref is the place of a record: the number of its block and the offset there.
type ref uint32

const (
	offsetBits = 18
	blockBytes = 1 << offsetBits
	firstBlock = 4 << 10
)

const (
	plainLine   = iota
	openLine    // without a line break
	keyLine     // stands for the key that it shows
	maskedLine  // stands for a key that differs from what it shows
	kinds       = 4
	copiesBytes = 4
)

func newArena(what string, b *shell.Budget) *arena { return &arena{what: what, budget: b} }

// free gives back everything that was charged.
func (a *arena) free() {
	a.budget.Release(a.held)
	a.held, a.blocks, a.count = 0, nil, 0
}

// charge counts n more bytes as held.
func (a *arena) charge(n int64) error {
	a.held += n
	return a.budget.Hold(a.what, n)
}

// refund counts n bytes as no longer held.
func (a *arena) refund(n int64) {
	a.held -= n
	a.budget.Release(n)
}

// append stores a copy of rec.
func (a *arena) append(rec shell.Record) error {
	_, err := a.add(rec)
	return err
}

// add stores a copy of rec and answers its place.
func (a *arena) add(rec shell.Record) (ref, error) {
	var head [copiesBytes + 2*binary.MaxVarintLen64]byte
	binary.LittleEndian.PutUint32(head[:], 1)
	kind := kindOf(rec)
	n := copiesBytes
	n += binary.PutUvarint(head[n:], uint64(len(rec.Text)*kinds+kind))
	var key []byte
	if kind == maskedLine {
		key = rec.Key
		n += binary.PutUvarint(head[n:], uint64(len(key)))
	}
	at, err := a.room(n + len(rec.Text) + len(key))
	if err != nil {
		return 0, err
	}
	b := &a.blocks[at>>offsetBits]
	*b = append(append(append(*b, head[:n]...), rec.Text...), key...)
	a.count++
	return at, nil
}

// kindOf answers how rec is stored. Text and key are compared, not only their
// places: a copy of a key's line need not share them.
func kindOf(rec shell.Record) int {
	switch {
	case rec.IsKey() && string(rec.Key) == string(rec.Text):
		return keyLine
	case rec.IsKey():
		return maskedLine
	case rec.Open:
		return openLine
	}
	return plainLine
}

// room makes sure that the last block takes n more bytes and answers where.
func (a *arena) room(n int) (ref, error) {
	last := len(a.blocks) - 1
	if last < 0 || len(a.blocks[last])+n > cap(a.blocks[last]) {
		if err := a.grow(n); err != nil {
			return 0, err
		}
		last = len(a.blocks) - 1
	}
	return ref(last<<offsetBits | len(a.blocks[last])), nil
}

// grow adds a block: small ones first, so that a short list costs little, and
// one of its own for a record beyond the usual size.
func (a *arena) grow(n int) error {
	if len(a.blocks) >= 1<<(32-offsetBits) {
		return &shell.LimitError{Limit: a.what, Max: int64(len(a.blocks)) * blockBytes, Unit: "bytes"}
	}
	want := max(n, min(blockBytes, firstBlock<<min(len(a.blocks), offsetBits)))
	if err := a.charge(int64(want)); err != nil {
		return err
	}
	a.blocks = append(a.blocks, make([]byte, 0, want))
	return nil
}

// record answers the record at a place and the bytes it takes there. Its
// slices are the arena's own.
func (a *arena) record(at ref) (rec shell.Record, taken int) {
	b := a.blocks[at>>offsetBits][at&(blockBytes-1):]
	v, n := binary.Uvarint(b[copiesBytes:])
	n += copiesBytes
	length := int(v / kinds)
	switch v % kinds {
	case openLine:
		rec.Open = true
	case keyLine:
		rec.Key = b[n : n+length : n+length]
	case maskedLine:
		keyLength, m := binary.Uvarint(b[n:])
		n += m
		rec.Key = b[n+length : n+length+int(keyLength) : n+length+int(keyLength)]
	}
	rec.Text = b[n : n+length : n+length]
	taken = n + length
	if v%kinds == maskedLine {
		taken += len(rec.Key)
	}
	return rec, taken
}

// copies answers the place where the record's number of copies is kept.
func (a *arena) copies(at ref) []byte {
	return a.blocks[at>>offsetBits][at&(blockBytes-1):][:copiesBytes]
}

// walk calls f for every record from the given block on, in the order stored.
func (a *arena) walk(block int, f func(ref, shell.Record) error) error {
	for i := block; i < len(a.blocks); i++ {
		for at := 0; at < len(a.blocks[i]); {
			place := ref(i<<offsetBits | at)
			rec, n := a.record(place)
			if err := f(place, rec); err != nil {
				return err
			}
			at += n
		}
	}
	return nil
}

// refs answers the places of all records, in the order stored, and charges
// for the list.
func (a *arena) refs() ([]ref, error) {
	if err := a.charge(int64(a.count) * 4); err != nil {
		return nil, err
	}
	list := make([]ref, 0, a.count)
	err := a.walk(0, func(at ref, _ shell.Record) error {
		list = append(list, at)
		return nil
	})
	return list, err
}
