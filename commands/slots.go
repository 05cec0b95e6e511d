package commands

import (
	"fmt"
	"sync"
)

// slots bounds the programs that run at once, each person's and all together.
type slots struct {
	mu       sync.Mutex
	running  map[string]int
	total    int
	maxEach  func() int
	maxTotal func() int
}

// busyError says that a program has to wait for others to end.
type busyError struct{ reason string }

func (e *busyError) Error() string { return e.reason }

func newSlots(maxEach, maxTotal func() int) *slots {
	return &slots{running: make(map[string]int), maxEach: maxEach, maxTotal: maxTotal}
}

// take claims a place for a person's program. The answered release must be
// called once the program has ended.
func (s *slots) take(person string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.maxEach(); s.running[person] >= n {
		return nil, &busyError{fmt.Sprintf("You have %s running already. Wait until one has ended.", counted(int64(n), "command", "commands"))}
	}
	if n := s.maxTotal(); s.total >= n {
		return nil, &busyError{fmt.Sprintf("%s running already, which is all that may at once. Try again in a moment.", counted(int64(n), "command is", "commands are"))}
	}
	s.running[person]++
	s.total++
	return sync.OnceFunc(func() { s.give(person) }), nil
}

func (s *slots) give(person string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total--
	if s.running[person]--; s.running[person] == 0 {
		delete(s.running, person)
	}
}
