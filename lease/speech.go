package lease

import (
	"context"
	"errors"
	"time"
)

// speech is what a Member does with the right, from when it is had until it has
// ended, which may take a while after the right was lost. Only Run's goroutine
// uses it.
type speech struct {
	member *Member
	speak  func(context.Context) error

	cancel context.CancelCauseFunc
	ended  chan error // nil: nothing is going on
	lost   bool       // it has been told to end
}

// begin begins to speak, with a context that ends in order when ctx does.
func (s *speech) begin(ctx context.Context) {
	under, cancel := context.WithCancelCause(With(ctx, s.member))
	ended := make(chan error, 1)
	s.cancel, s.ended, s.lost = cancel, ended, false
	go func() { ended <- s.speak(under) }()
}

// end tells what goes on to end.
func (s *speech) end(why error) {
	if s.ended != nil {
		s.lost = true
		s.cancel(why)
	}
}

// await waits for the next attempt. It ends early when the speech does, whose
// error it answers, and when ctx ends while nothing goes on.
func (s *speech) await(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	idle := ctx.Done()
	if s.ended != nil {
		idle = nil // what goes on ends in its own time
	}
	select {
	case <-timer.C:
	case <-idle:
	case err := <-s.ended:
		lost := s.lost
		s.forget()
		if !lost && ctx.Err() == nil && err == nil {
			err = errors.New("what speaks ended by itself")
		}
		return err
	}
	return nil
}

// over reports whether ctx has ended and nothing goes on any more.
func (s *speech) over(ctx context.Context) bool { return ctx.Err() != nil && s.ended == nil }

// wait waits for the end of what goes on.
func (s *speech) wait() error {
	if s.ended == nil {
		return nil
	}
	err := <-s.ended
	s.forget()
	return err
}

func (s *speech) forget() {
	s.cancel(nil)
	s.ended, s.lost = nil, false
}
