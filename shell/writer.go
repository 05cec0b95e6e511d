package shell

import (
	"bytes"
	"io"
	"sync"
)

// Writer is the writing end of a stream. Its methods may be called from
// several goroutines; each call's bytes stay together.
type Writer struct {
	mu     sync.Mutex
	cur    *chunk
	send   func(*chunk) error // hands a chunk on and takes it over
	link   *link              // of a pipe's writer
	budget *Budget            // charged for lines too long for an ordinary chunk
	final  bool               // nothing in the program reads what is written
	drops  bool               // it leads nowhere
	lates  []late             // behind cur, in their order
	behind int                // bytes that stand behind lates
	err    error              // the first failure; every later call answers it
}

// NewWriter returns a Writer whose bytes go to w when it is flushed or 32 KiB
// are together. Where lines stand for keys, w gets their text only.
func NewWriter(w io.Writer) *Writer {
	return &Writer{send: func(c *chunk) error {
		defer c.release()
		_, err := w.Write(c.data)
		return err
	}}
}

// Discard returns a Writer that drops what it is given, like /dev/null.
func Discard() *Writer {
	return &Writer{final: true, drops: true, send: func(c *chunk) error { c.release(); return nil }}
}

// Write adds bytes as they are. Lines end where line breaks stand.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return add(w, p)
}

// WriteString is Write for a string.
func (w *Writer) WriteString(s string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return add(w, s)
}

// add appends p in stretches that fit a chunk.
func add[T []byte | string](w *Writer, p T) (int, error) {
	n := 0
	for n < len(p) {
		c, err := w.room()
		if err != nil {
			return n, err
		}
		part := p[n:min(len(p), n+chunkBytes-len(c.data))]
		c.data = append(c.data, part...)
		w.wrote(c, len(part))
		n += len(part)
	}
	return n, w.err
}

// WriteKey adds one line that shows text and stands for key. Where text and
// key are the same, pass the same slice twice. Either may have 1 MiB; a longer
// one is a *LimitError.
func (w *Writer) WriteKey(text, key []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if max(len(text), len(key)) > maxKeyBytes {
		return &LimitError{Limit: "a key's line", Max: maxKeyBytes, Unit: "bytes"}
	}
	c, err := w.room()
	if err != nil {
		return err
	}
	before := c.gathered()
	m := mark{start: int32(len(c.data)), key: -1}
	c.data = append(c.data, text...)
	m.end = int32(len(c.data))
	c.data = append(c.data, '\n')
	if !bytes.Equal(text, key) {
		m.key = int32(len(key))
		c.keys = append(c.keys, key...)
	}
	c.marks = append(c.marks, m)
	w.wrote(c, c.gathered()-before)
	return nil
}

// WriteRecord adds a record as Reader.Next answered it.
func (w *Writer) WriteRecord(r Record) error {
	if r.IsKey() {
		return w.WriteKey(r.Text, r.Key)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := add(w, r.Text); err != nil || r.Open {
		return err
	}
	_, err := add(w, "\n")
	return err
}

// Flush hands on what has been gathered.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noteHangUp()
	w.settle()
	w.flush()
	return w.err
}

// Gone answers a channel that is closed once nobody reads any more; Flush says
// ErrPipeClosed then. It is nil where that cannot be known.
func (w *Writer) Gone() <-chan struct{} {
	if w.link == nil {
		return nil
	}
	return w.link.gone
}

// noteHangUp makes the Writer fail once nobody reads any more.
func (w *Writer) noteHangUp() {
	if w.link != nil && w.err == nil && w.link.hung.Load() {
		w.err = ErrPipeClosed
	}
}

// flushIfAwaited hands on what has been gathered, and is known, if the reader
// has nothing else to do, and answers the Writer's failure if it has one.
func (w *Writer) flushIfAwaited() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noteHangUp()
	w.takeIn()
	if w.link != nil && w.link.awaited.Load() {
		w.flush()
	}
	return w.err
}

// end flushes, makes every later call fail, and then calls close.
func (w *Writer) end(close func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
	w.flush()
	err := w.err
	w.err = errStreamEnded
	close()
	return err
}

// room answers a chunk with space: the one at hand, or where late bytes are yet
// to come what stands behind the last of them.
func (w *Writer) room() (*chunk, error) {
	w.takeIn()
	if w.behind >= chunkBytes {
		w.settle()
	}
	if w.cur != nil && w.cur.full() {
		w.flush()
	}
	w.noteHangUp()
	if w.err != nil {
		return nil, w.err
	}
	if n := len(w.lates); n > 0 {
		return w.lates[n-1].behind, nil
	}
	if w.cur == nil {
		w.cur = newChunk()
	}
	return w.cur, nil
}

// wrote notes bytes that were added to a chunk from room.
func (w *Writer) wrote(c *chunk, n int) {
	if c != w.cur {
		w.behind += n
	}
}

func (w *Writer) flush() {
	c := w.cur
	if c == nil || len(c.data) == 0 {
		return
	}
	w.cur = nil
	if w.err == nil {
		w.err = w.chargeExcess(c)
	}
	if w.err != nil {
		c.release()
		return
	}
	w.err = w.send(c)
}

// chargeExcess charges what makes a chunk larger than a pipe accounts for:
// twice, since such a chunk is not used again and waits for the collector.
func (w *Writer) chargeExcess(c *chunk) error {
	excess := c.size() - 4*chunkBytes
	if w.budget == nil || excess <= 0 {
		return nil
	}
	return c.charge(w.budget, "what pipes hold", 2*excess)
}
