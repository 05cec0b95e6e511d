package shell

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
)

// ErrPipeClosed is what a Writer answers once nobody reads any more, as when
// head has seen enough. A command that gets it stops at once; the evaluator
// gives the stage the status 141, as a POSIX shell does for SIGPIPE.
var ErrPipeClosed = errors.New("the next stage reads no further")

// errStreamEnded is what a Writer answers after its stage has ended.
var errStreamEnded = errors.New("the stream has ended")

// Record is one line of a stream.
//
// A line that stands for a Redis key is one record whatever bytes the key
// holds, a line break included, and it stays one through every stage that
// passes lines on unchanged. Any other line ends at its first line break, or
// where a key's line begins.
type Record struct {
	Text []byte // what filters see and readers are shown, without the line's end
	Key  []byte // the whole key that the line stands for; nil for an ordinary line
	Open bool   // no line break follows: only ever true of a stream's last line
}

// IsKey reports whether the record stands for a key.
func (r Record) IsKey() bool { return r.Key != nil }

// Pipe returns the two ends of a pipe between stages. It holds a bounded
// number of bytes; a writer that is ahead waits until the reader has caught
// up, the reader is closed, or ctx ends. The end of the stream is sent by the
// returned close, which flushes first and must be called once.
func Pipe(ctx context.Context) (r *Reader, w *Writer, closeWriter func() error) {
	return pipe(ctx, nil)
}

// pipe is Pipe with what goes beyond ordinary lines charged to budget.
func pipe(ctx context.Context, budget *Budget) (*Reader, *Writer, func() error) {
	link := &link{
		data: make(chan *chunk, chunkSlots),
		gone: make(chan struct{}),
		done: ctx.Done(),
		why:  func() error { return context.Cause(ctx) },
	}
	w := &Writer{budget: budget, send: link.send, link: link}
	r := &Reader{budget: budget, receive: link.receive, stop: link.hangUp}
	return r, w, func() error { return w.end(link.close) }
}

// link joins the two ends of a pipe.
type link struct {
	data    chan *chunk
	gone    chan struct{} // closed when the reader is
	done    <-chan struct{}
	why     func() error // why done is closed
	hung    atomic.Bool  // the reader is gone
	awaited atomic.Bool  // the reader waits for the next chunk
	idle    func()       // called before the reader waits; may be nil
	once    sync.Once
}

func (l *link) send(c *chunk) error {
	if l.hung.Load() {
		c.release()
		return ErrPipeClosed
	}
	select {
	case l.data <- c:
		return nil
	case <-l.gone:
		c.release()
		return ErrPipeClosed
	case <-l.done:
		c.release()
		return l.why()
	}
}

func (l *link) receive() (*chunk, error) {
	select {
	case c, ok := <-l.data:
		return received(c, ok)
	default:
	}
	if l.idle != nil {
		l.idle()
	}
	l.awaited.Store(true)
	defer l.awaited.Store(false)
	select {
	case c, ok := <-l.data:
		return received(c, ok)
	case <-l.done:
		return nil, l.why()
	}
}

func received(c *chunk, ok bool) (*chunk, error) {
	if !ok {
		return nil, io.EOF
	}
	return c, nil
}

// hangUp ends the reading end.
func (l *link) hangUp() {
	l.once.Do(func() {
		l.hung.Store(true)
		close(l.gone)
	})
	l.drain()
}

// close ends the writing end.
func (l *link) close() {
	close(l.data)
	if l.hung.Load() {
		l.drain()
	}
}

// drain gives back the chunks that nobody will read, so that what they were
// charged is not lost to the budget.
func (l *link) drain() {
	for {
		select {
		case c, ok := <-l.data:
			if !ok {
				return
			}
			c.release()
		default:
			return
		}
	}
}
