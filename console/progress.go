package console

import (
	"io"
	"time"
)

// progressEvery is how often a line of progress is renewed.
const progressEvery = 500 * time.Millisecond

// watch shows at a terminal how far a program is, on one line that makes way
// for everything else and is gone when stop returns.
func (c *conversation) watch(far func() string) (stop func()) {
	if !c.escapes {
		return func() {}
	}
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				c.out.showProgress(far())
			case <-stopped:
				c.out.showProgress("")
				return
			}
		}
	}()
	return func() {
		close(stopped)
		<-ended
	}
}

// showProgress renews the line of progress, or for an empty text takes it away.
// It leaves a terminal alone whose last line is the program's.
func (s *stream) showProgress(text string) {
	s.screen.mu.Lock()
	defer s.screen.mu.Unlock()
	if s.screen.left || s.screen.midline {
		return
	}
	s.screen.clearProgress()
	if text == "" {
		return
	}
	line := []rune(harmless(text, true))
	if fd, ok := descriptor(s.out); ok {
		width, _ := sizeOf(fd)
		line = line[:min(len(line), width-1)]
	}
	if _, err := io.WriteString(s.out, string(line)); err == nil {
		s.screen.progress = s
	}
}
