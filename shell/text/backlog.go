package text

import (
	"github.com/helix-collective/helix/shell"
)

// backlog holds a stream's latest records: they are pushed at its end and
// shifted off its front. Memory is given back block by block.
type backlog struct {
	arena
	block, offset int   // the front's place
	lines         int64 // records in it
	bytes         int64 // what these take in their stream
}

func newBacklog(what string, b *shell.Budget) *backlog {
	return &backlog{arena: arena{what: what, budget: b}}
}

func (b *backlog) push(rec shell.Record) error {
	b.reclaim()
	b.lines++
	b.bytes += int64(size(rec))
	return b.append(rec)
}

// first answers the record at the front; there must be one.
func (b *backlog) first() shell.Record {
	b.settle()
	rec, _ := b.record(ref(b.block<<offsetBits | b.offset))
	return rec
}

// shift takes the record off the front. Its slices are good until the next push.
func (b *backlog) shift() shell.Record {
	b.settle()
	rec, n := b.record(ref(b.block<<offsetBits | b.offset))
	b.offset += n
	b.lines--
	b.bytes -= int64(size(rec))
	return rec
}

// settle moves the front off the end of a block that is used up.
func (b *backlog) settle() {
	for b.offset >= len(b.blocks[b.block]) {
		b.block, b.offset = b.block+1, 0
	}
}

// reclaim gives back the blocks before the front. The list itself is
// shortened when half of it is gone, so that a place always fits in a ref.
func (b *backlog) reclaim() {
	for i := b.block - 1; i >= 0 && b.blocks[i] != nil; i-- {
		b.refund(int64(cap(b.blocks[i])))
		b.blocks[i] = nil
	}
	if b.block > 64 && b.block > len(b.blocks)/2 {
		b.blocks = append(b.blocks[:0], b.blocks[b.block:]...)
		b.block = 0
	}
}

// drain calls f for each record from the front on.
func (b *backlog) drain(f func(shell.Record) error) error {
	for b.lines > 0 {
		if err := f(b.shift()); err != nil {
			return err
		}
	}
	return nil
}
