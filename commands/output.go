package commands

import (
	"bytes"
	"io"
	"sync"
)

// output gathers what a program writes, up to a limit; it counts the rest.
// Where a destination is given, bytes go there at once and none are kept.
type output struct {
	mu      sync.Mutex
	kept    []byte
	limit   int
	dropped int64
	lines   int64
	open    bool // the last byte was not a line's end
	to      io.Writer
	first   func() error // called before bytes go to a destination; nil: nothing is
	held    io.Writer    // where bytes go once it is certain that they are true; nil: they are not held back
}

// hold keeps back what is written, until release or drop.
func (o *output) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to, o.held = nil, o.to
}

// release passes on what was held back.
func (o *output) release() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held == nil {
		return nil
	}
	o.to, o.held = o.held, nil
	kept := o.kept
	o.kept = nil
	if _, err := o.to.Write(kept); err != nil {
		return &writeError{err}
	}
	return nil
}

// drop forgets what was written.
func (o *output) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept, o.held, o.lines, o.dropped = nil, nil, 0, 0
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	o.lines += int64(bytes.Count(p, []byte{'\n'}))
	o.open = p[len(p)-1] != '\n'
	if o.to != nil {
		if err := o.begin(); err != nil {
			return 0, err
		}
		n, err := o.to.Write(p)
		if err != nil {
			err = &writeError{err}
		}
		return n, err
	}
	n := min(len(p), o.limit-len(o.kept))
	o.kept = append(o.kept, p[:n]...)
	o.dropped += int64(len(p) - n)
	return len(p), nil
}

// begin does what has to be done before bytes are passed on.
func (o *output) begin() error {
	if o.first == nil {
		return nil
	}
	return o.first()
}

// count answers the lines written, one without its end included.
func (o *output) count() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.open {
		return o.lines + 1
	}
	return o.lines
}

// writeError is a destination that takes no more output.
type writeError struct{ err error }

func (e *writeError) Error() string { return "write the output: " + e.err.Error() }

func (e *writeError) Unwrap() error { return e.err }
