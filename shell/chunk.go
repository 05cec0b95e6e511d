package shell

import "sync"

const (
	chunkBytes = 32 << 10 // a chunk with so many bytes is handed on
	chunkMarks = 2 << 10  // and so is one with so many keys
	chunkSlots = 2        // chunks waiting in a pipe before its writer blocks

	// pipeBytes is what one pipe may hold: the waiting chunks, the one being
	// filled and the one being read.
	pipeBytes = (chunkSlots + 2) * chunkBytes

	// maxKeyBytes bounds the text of one key's line, and the key.
	maxKeyBytes = 1 << 20
)

// mark says where in a chunk a key's line stands.
type mark struct {
	start, end int32 // of the text in data; data[end] is the line break
	key        int32 // length of the key at its place in keys; -1: the key is the text
}

// chunk is a run of bytes together with the keys' lines among them.
type chunk struct {
	data  []byte
	marks []mark
	keys  []byte // keys whose text differs, one after another

	budget *Budget // where held is charged
	held   int64
}

// chunks recycles buffers; nothing is ever read from it.
var chunks = sync.Pool{New: func() any {
	return &chunk{data: make([]byte, 0, chunkBytes)}
}}

func newChunk() *chunk { return chunks.Get().(*chunk) }

func (c *chunk) full() bool {
	return len(c.data) >= chunkBytes || len(c.marks) >= chunkMarks || len(c.keys) >= chunkBytes
}

// size is the memory that the chunk takes.
func (c *chunk) size() int64 {
	return int64(cap(c.data) + cap(c.keys) + 12*cap(c.marks))
}

// charge holds n bytes of budget until the chunk is released.
func (c *chunk) charge(budget *Budget, what string, n int64) error {
	c.budget, c.held = budget, c.held+n
	return budget.Hold(what, n)
}

// release gives a chunk back for reuse. Oversized ones are left to the collector.
func (c *chunk) release() {
	if c.held != 0 {
		c.budget.Release(c.held)
		c.budget, c.held = nil, 0
	}
	if cap(c.data) > 4*chunkBytes || cap(c.keys) > 4*chunkBytes {
		return
	}
	c.data, c.marks, c.keys = c.data[:0], c.marks[:0], c.keys[:0]
	chunks.Put(c)
}

// absorb appends all of other, which the caller keeps.
func (c *chunk) absorb(other *chunk) {
	base := int32(len(c.data))
	c.data = append(c.data, other.data...)
	c.keys = append(c.keys, other.keys...)
	for _, m := range other.marks {
		c.marks = append(c.marks, mark{start: base + m.start, end: base + m.end, key: m.key})
	}
}
