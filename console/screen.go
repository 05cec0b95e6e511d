package console

import (
	"io"
	"sync"

	"golang.org/x/term"
)

// screen is what the streams of a conversation share, since they may end at
// the same terminal.
type screen struct {
	mu      sync.Mutex
	dim     bool // notes may be dim
	midline bool // a terminal's last line is not ended
	left    bool // nobody listens any more

	progress *stream // where a line of progress stands; nil: nowhere
}

// stream is a way out. What leads to a terminal is made harmless on the way
// and may not begin in the middle of a line; all else passes byte for byte.
type stream struct {
	screen   *screen
	out      io.Writer
	terminal bool
	filter   filter
	failed   error // the first fault in writing
}

func (s *screen) stream(out io.Writer) *stream {
	return &stream{screen: s, out: out, terminal: isTerminal(out)}
}

// leave turns all later writes away, so that a program that is still ending
// does not write over the shell's prompt.
func (s *screen) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clearProgress()
	s.left = true
}

// clearProgress takes a line of progress away before anything else is written.
func (s *screen) clearProgress() {
	if s.progress != nil {
		_, _ = io.WriteString(s.progress.out, clearLine) // what is written next tells of a fault
		s.progress = nil
	}
}

// clearLine goes to the first column and empties the line.
const clearLine = "\r\x1b[K"

// Write passes a program's output on as it comes. It may be called from
// several goroutines.
func (s *stream) Write(p []byte) (int, error) {
	s.screen.mu.Lock()
	defer s.screen.mu.Unlock()
	if s.screen.left {
		return 0, io.ErrClosedPipe
	}
	if len(p) == 0 {
		return 0, nil
	}
	safe := p
	if s.terminal {
		safe = s.filter.next(p)
	}
	if err := s.put(safe); err != nil {
		return 0, err
	}
	return len(p), nil
}

// put writes, and minds where the line of a terminal ends.
func (s *stream) put(safe []byte) error {
	if len(safe) == 0 {
		return nil
	}
	s.screen.clearProgress()
	_, err := s.out.Write(safe)
	if s.failed == nil {
		s.failed = err
	}
	if s.terminal {
		s.screen.midline = safe[len(safe)-1] != '\n'
	}
	return err
}

// end closes a program's output and answers the first fault in writing it. At
// a terminal a character that was cut short is shown, and a line that was not
// ended ends.
func (s *stream) end() error {
	s.screen.mu.Lock()
	defer s.screen.mu.Unlock()
	if s.terminal {
		_ = s.put(s.filter.rest())
		s.endLine()
	}
	return s.failed
}

func (s *stream) endLine() {
	if s.screen.midline {
		_ = s.put([]byte("\n"))
	}
}

// breakLine leaves the line at which the terminal showed a key that was pressed.
func (s *stream) breakLine() {
	s.screen.mu.Lock()
	defer s.screen.mu.Unlock()
	if s.terminal {
		_ = s.put([]byte("\n"))
	}
}

// style is how a text beside the output looks at a terminal.
type style int

const (
	plain   style = iota
	dimmed        // for what can be overlooked
	aligned       // what is unsafe takes one column each, for a caret below
)

// say writes a text of our own, on lines of its own.
func (s *stream) say(text string, look style) {
	s.screen.mu.Lock()
	defer s.screen.mu.Unlock()
	if !s.terminal {
		_ = s.put([]byte(text + "\n"))
		return
	}
	s.endLine()
	safe := harmless(text, look == aligned)
	if look == dimmed && s.screen.dim {
		safe = "\x1b[2m" + safe + "\x1b[0m"
	}
	_ = s.put([]byte(safe + "\n"))
}

// isTerminal reports whether stream is an open terminal.
func isTerminal(stream any) bool {
	fd, ok := descriptor(stream)
	return ok && term.IsTerminal(fd)
}

func descriptor(stream any) (int, bool) {
	f, ok := stream.(interface{ Fd() uintptr })
	if !ok {
		return 0, false
	}
	return int(f.Fd()), true
}
