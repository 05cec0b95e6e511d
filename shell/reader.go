package shell

import (
	"bytes"
	"io"
	"slices"
)

// maxLineBytes bounds a line that Reader.Next puts together.
const maxLineBytes = 8 << 20

// Reader is the reading end of a stream. It is for one goroutine at a time.
type Reader struct {
	receive func() (*chunk, error) // the next chunk, or io.EOF
	stop    func()                 // tells the writer that nobody reads any more
	budget  *Budget                // charged for a line that spans chunks

	cur  *chunk
	pos  int    // in cur.data
	mark int    // in cur.marks
	key  int    // in cur.keys
	line []byte // a line that spans chunks
	held int64  // charged for line
	err  error

	borrowed bool // cur is another Reader's
}

// NewReader returns a Reader over bytes from outside, as for standard input.
func NewReader(src io.Reader) *Reader {
	return &Reader{
		stop: func() {},
		receive: func() (*chunk, error) {
			c := newChunk()
			c.data = c.data[:chunkBytes]
			n, err := src.Read(c.data)
			for n == 0 && err == nil { // io.Reader allows it
				n, err = src.Read(c.data)
			}
			c.data = c.data[:n]
			if n > 0 {
				return c, nil
			}
			c.release()
			return nil, err
		},
	}
}

// emptyReader returns a Reader that is at its end, like /dev/null.
func emptyReader() *Reader {
	return &Reader{stop: func() {}, err: io.EOF}
}

// Next answers the next line. At the end it answers io.EOF. The slices are
// valid until the next call.
func (r *Reader) Next() (Record, error) {
	r.line = r.line[:0]
	begun := false
	for {
		if err := r.fill(); err != nil {
			if err == io.EOF && begun {
				return Record{Text: r.line, Open: true}, nil
			}
			return Record{}, err
		}
		if r.atMark() {
			if begun { // text without a line break before a key's line
				return Record{Text: r.line}, nil
			}
			return r.keyLine(), nil
		}
		part, ended := r.stretch()
		if ended && !begun {
			return Record{Text: part}, nil
		}
		begun = true
		if err := r.extend(part); err != nil {
			return Record{}, err
		}
		if ended {
			return Record{Text: r.line}, nil
		}
	}
}

// nextIsKey reports whether the next record stands for a key.
func (r *Reader) nextIsKey() bool { return r.fill() == nil && r.atMark() }

// atMark reports whether a key's line begins at the reader's place.
func (r *Reader) atMark() bool {
	return r.mark < len(r.cur.marks) && int(r.cur.marks[r.mark].start) == r.pos
}

// stretch takes the bytes up to the line's end, or as far as the chunk has
// bytes of this line.
func (r *Reader) stretch() (part []byte, ended bool) {
	limit := len(r.cur.data)
	if r.mark < len(r.cur.marks) {
		limit = int(r.cur.marks[r.mark].start)
	}
	part = r.cur.data[r.pos:limit]
	if i := bytes.IndexByte(part, '\n'); i >= 0 {
		r.pos += i + 1
		return part[:i:i], true
	}
	r.pos = limit
	return part, false
}

// extend adds to a line that spans chunks.
func (r *Reader) extend(part []byte) error {
	before := cap(r.line)
	if need := len(r.line) + len(part); need > before {
		r.line = slices.Grow(r.line, max(need, 2*before)-len(r.line))
	}
	r.line = append(r.line, part...)
	if len(r.line) > maxLineBytes {
		r.err = &LimitError{Limit: "a line", Max: maxLineBytes, Unit: "bytes"}
		return r.err
	}
	grown := int64(cap(r.line) - before)
	if r.budget == nil || grown == 0 {
		return nil
	}
	r.held += grown
	if err := r.budget.Hold("what lines hold", grown); err != nil {
		r.err = err
	}
	return r.err
}

// keyLine answers the key's line at the reader's place and steps over it.
func (r *Reader) keyLine() Record {
	c, m := r.cur, r.cur.marks[r.mark]
	text := c.data[m.start:m.end:m.end]
	key := text
	switch {
	case m.key == 0:
		key = text[:0] // an empty key is a key, and so not nil
	case m.key > 0:
		end := r.key + int(m.key)
		key = c.keys[r.key:end:end]
		r.key = end
	}
	r.pos = int(m.end) + 1
	r.mark++
	return Record{Text: text, Key: key}
}

// Read answers the stream as bytes; what lines stand for is lost.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := r.fill(); err != nil {
		return 0, err
	}
	n := copy(p, r.cur.data[r.pos:])
	r.pos += n
	for r.mark < len(r.cur.marks) && int(r.cur.marks[r.mark].start) < r.pos {
		r.key += max(int(r.cur.marks[r.mark].key), 0)
		r.mark++
	}
	return n, nil
}

// fill makes sure that an unread byte is at hand, or answers why there is none.
func (r *Reader) fill() error {
	for r.err == nil && (r.cur == nil || r.pos >= len(r.cur.data)) {
		r.drop()
		c, err := r.receive()
		if err != nil {
			r.err = err
			break
		}
		r.cur, r.pos, r.mark, r.key = c, 0, 0, 0
	}
	return r.err
}

// ahead returns a Reader of what r has at hand. It takes nothing of that and
// never waits: it ends where r would have to. It is valid until r is read.
func (r *Reader) ahead() *Reader {
	return &Reader{
		cur: r.cur, pos: r.pos, mark: r.mark, key: r.key, borrowed: true,
		receive: func() (*chunk, error) { return nil, io.EOF }, stop: func() {},
	}
}

// spot is how far a Reader has come.
type spot struct {
	chunk *chunk
	pos   int
}

func (r *Reader) spot() spot { return spot{r.cur, r.pos} }

// drop gives back the chunk in hand.
func (r *Reader) drop() {
	if r.cur != nil && !r.borrowed {
		r.cur.release()
	}
	r.cur = nil
}

// Close says that no more will be read. The writer's next call answers
// ErrPipeClosed. Closing twice is harmless.
func (r *Reader) Close() {
	r.stop()
	r.drop()
	r.line = nil
	if r.held != 0 {
		r.budget.Release(r.held)
		r.held = 0
	}
	if r.err == nil {
		r.err = io.EOF
	}
}
