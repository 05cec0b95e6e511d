package shell

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
)

// ErrPipeClosed is what a Writer answers once nobody reads any more, as when
// head has seen enough. A command that gets it stops at once; the evaluator
// gives the stage the status 141, as a POSIX shell does for SIGPIPE.
var ErrPipeClosed = errors.New("the next stage reads no further")

// Record is one line of a stream.
//
// A line that stands for a Redis key is one record whatever bytes the key
// holds, a line break included, and it stays one through every stage that
// passes lines on unchanged. Any other line ends at its first line break.
type Record struct {
	Text []byte // what filters see and readers are shown, without the line's end
	Key  []byte // the whole key that the line stands for; nil for an ordinary line
	Open bool   // no line break follows: only ever true of a stream's last line
}

// IsKey reports whether the record stands for a key.
func (r Record) IsKey() bool { return r.Key != nil }

const (
	chunkBytes = 32 << 10 // a full chunk is handed on
	chunkSlots = 2        // chunks waiting in a pipe before its writer blocks
)

// maxLineBytes bounds a line that Reader.Next puts together.
const maxLineBytes = 8 << 20

// mark says where in a chunk a key's line stands.
type mark struct {
	start, end int // of the text in data; data[end] is the line break
	key        int // length of the key at its place in keys; -1: the key is the text
}

// chunk is a run of bytes together with the keys' lines among them.
type chunk struct {
	data  []byte
	marks []mark
	keys  []byte // keys whose text differs, one after another
}

var chunks = sync.Pool{New: func() any {
	return &chunk{data: make([]byte, 0, chunkBytes)}
}}

func newChunk() *chunk { return chunks.Get().(*chunk) }

// release gives a chunk back for reuse. Oversized ones are left to the collector.
func (c *chunk) release() {
	if cap(c.data) > 4*chunkBytes || cap(c.keys) > 4*chunkBytes {
		return
	}
	c.data, c.marks, c.keys = c.data[:0], c.marks[:0], c.keys[:0]
	chunks.Put(c)
}

// Writer is the writing end of a stream. Its methods may be called from
// several goroutines; each call's bytes stay together.
type Writer struct {
	mu   sync.Mutex
	cur  *chunk
	send func(*chunk) error // hands a chunk on and takes it over
	err  error              // the first failure; every later call answers it
}

// NewWriter returns a Writer whose bytes go to w when it is flushed or 32 KiB
// are together. Where lines stand for keys, w gets their text only.
func NewWriter(w io.Writer) *Writer {
	return &Writer{send: func(c *chunk) error {
		_, err := w.Write(c.data)
		c.release()
		return err
	}}
}

// Discard returns a Writer that drops what it is given, like /dev/null.
func Discard() *Writer {
	return &Writer{send: func(c *chunk) error { c.release(); return nil }}
}

// Write adds bytes as they are. Lines end where line breaks stand.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := 0; n < len(p); {
		if err := w.room(); err != nil {
			return n, err
		}
		part := p[n:min(len(p), n+chunkBytes)]
		w.cur.data = append(w.cur.data, part...)
		n += len(part)
	}
	return len(p), w.err
}

// WriteString is Write for a string.
func (w *Writer) WriteString(s string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n := 0; n < len(s); {
		if err := w.room(); err != nil {
			return n, err
		}
		part := s[n:min(len(s), n+chunkBytes)]
		w.cur.data = append(w.cur.data, part...)
		n += len(part)
	}
	return len(s), w.err
}

// WriteKey adds one line that shows text and stands for key. Where text and
// key are the same, pass the same slice twice.
func (w *Writer) WriteKey(text, key []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.room(); err != nil {
		return err
	}
	c := w.cur
	m := mark{start: len(c.data), key: -1}
	c.data = append(c.data, text...)
	m.end = len(c.data)
	c.data = append(c.data, '\n')
	if !bytes.Equal(text, key) {
		m.key = len(key)
		c.keys = append(c.keys, key...)
	}
	c.marks = append(c.marks, m)
	return nil
}

// WriteRecord adds a record as Reader.Next answered it.
func (w *Writer) WriteRecord(r Record) error {
	if r.IsKey() {
		return w.WriteKey(r.Text, r.Key)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.room(); err != nil {
		return err
	}
	w.cur.data = append(w.cur.data, r.Text...)
	if !r.Open {
		w.cur.data = append(w.cur.data, '\n')
	}
	return nil
}

// Flush hands on what has been gathered.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cur != nil && len(w.cur.data) > 0 {
		w.flush()
	}
	return w.err
}

// room makes sure that a chunk with space is at hand.
func (w *Writer) room() error {
	if w.cur != nil && len(w.cur.data) >= chunkBytes {
		w.flush()
	}
	if w.err != nil {
		return w.err
	}
	if w.cur == nil {
		w.cur = newChunk()
	}
	return nil
}

func (w *Writer) flush() {
	c := w.cur
	w.cur = nil
	if w.err != nil {
		c.release()
		return
	}
	w.err = w.send(c)
}

// Reader is the reading end of a stream. It is for one goroutine at a time.
type Reader struct {
	receive func() (*chunk, error) // the next chunk, or io.EOF
	stop    func()                 // tells the writer that nobody reads any more

	cur  *chunk
	pos  int    // in cur.data
	mark int    // in cur.marks
	key  int    // in cur.keys
	line []byte // a line that spans chunks
	err  error
}

// NewReader returns a Reader over bytes from outside, as for standard input.
func NewReader(src io.Reader) *Reader {
	return &Reader{
		stop: func() {},
		receive: func() (*chunk, error) {
			c := newChunk()
			c.data = c.data[:chunkBytes]
			n, err := src.Read(c.data)
			c.data = c.data[:n]
			if n > 0 {
				return c, nil
			}
			c.release()
			return nil, err
		},
	}
}

// Pipe returns the two ends of a pipe between stages. It holds a bounded
// number of bytes; a writer that is ahead waits until the reader has caught
// up, the reader is closed, or ctx ends. The end of the stream is sent by the
// returned close, which flushes first and must be called once.
func Pipe(ctx context.Context) (r *Reader, w *Writer, closeWriter func() error) {
	data := make(chan *chunk, chunkSlots)
	gone := make(chan struct{})
	var once sync.Once

	w = &Writer{send: func(c *chunk) error {
		select {
		case <-gone:
			c.release()
			return ErrPipeClosed
		default:
		}
		select {
		case data <- c:
			return nil
		case <-gone:
			c.release()
			return ErrPipeClosed
		case <-ctx.Done():
			c.release()
			return context.Cause(ctx)
		}
	}}
	r = &Reader{
		stop: func() { once.Do(func() { close(gone) }) },
		receive: func() (*chunk, error) {
			select {
			case c, ok := <-data:
				if !ok {
					return nil, io.EOF
				}
				return c, nil
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		},
	}
	return r, w, func() error {
		err := w.Flush()
		close(data)
		return err
	}
}

// Next answers the next line. At the end it answers io.EOF. The slices are
// valid until the next call.
func (r *Reader) Next() (Record, error) {
	r.line = r.line[:0]
	for {
		if err := r.fill(); err != nil {
			if err == io.EOF && len(r.line) > 0 {
				return Record{Text: r.line, Open: true}, nil
			}
			return Record{}, err
		}
		c := r.cur
		limit := len(c.data)
		if r.mark < len(c.marks) {
			m := c.marks[r.mark]
			if m.start == r.pos && len(r.line) == 0 {
				return r.keyLine(m), nil
			}
			limit = m.start
			if limit == r.pos { // text without a line break before a key's line
				return Record{Text: r.line}, nil
			}
		}
		part := c.data[r.pos:limit]
		if i := bytes.IndexByte(part, '\n'); i >= 0 {
			r.pos += i + 1
			if len(r.line) == 0 {
				return Record{Text: part[:i:i]}, nil
			}
			r.line = append(r.line, part[:i]...)
			return Record{Text: r.line}, nil
		}
		r.pos = limit
		r.line = append(r.line, part...)
		if len(r.line) > maxLineBytes {
			r.err = &LimitError{Limit: "line", Max: maxLineBytes, Unit: "bytes"}
			return Record{}, r.err
		}
	}
}

// keyLine answers the key's line at the reader's place and steps over it.
func (r *Reader) keyLine(m mark) Record {
	c := r.cur
	text := c.data[m.start:m.end:m.end]
	key := text
	if m.key >= 0 {
		key = c.keys[r.key : r.key+m.key : r.key+m.key]
		r.key += m.key
	}
	r.pos = m.end + 1
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
	for r.mark < len(r.cur.marks) && r.cur.marks[r.mark].start < r.pos {
		if k := r.cur.marks[r.mark].key; k > 0 {
			r.key += k
		}
		r.mark++
	}
	return n, nil
}

// fill makes sure that an unread byte is at hand, or answers why there is none.
func (r *Reader) fill() error {
	for r.err == nil && (r.cur == nil || r.pos >= len(r.cur.data)) {
		if r.cur != nil {
			r.cur.release()
			r.cur = nil
		}
		c, err := r.receive()
		if err != nil {
			r.err = err
			break
		}
		r.cur, r.pos, r.mark, r.key = c, 0, 0, 0
	}
	return r.err
}

// Close says that no more will be read. The writer's next call answers
// ErrPipeClosed. Closing twice is harmless.
func (r *Reader) Close() {
	r.stop()
	if r.cur != nil {
		r.cur.release()
		r.cur = nil
	}
	if r.err == nil {
		r.err = io.EOF
	}
}
