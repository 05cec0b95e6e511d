package sessions

import (
	"testing"
	"time"
)

func TestAStrideTakesAboutAMillisecond(t *testing.T) {
	for each, want := range map[time.Duration]int{
		time.Microsecond: actAtOnce, 40 * time.Microsecond: 25, 300 * time.Microsecond: 3, 5 * time.Millisecond: 1,
	} {
		var s stride
		for range 40 {
			n := s.next()
			s.learn(n, time.Duration(n)*each)
		}
		if got := s.next(); got < want-1 || got > want {
			t.Errorf("of steps of %v it takes %d at once, want %d", each, got, want)
		}
	}
}

func TestAStrideGrowsAndShrinks(t *testing.T) {
	var s stride
	s.learn(s.next(), time.Microsecond)
	if n := s.next(); n != 2*firstSteps {
		t.Errorf("%d steps after %d", n, firstSteps)
	}
	for range 10 {
		s.learn(s.next(), time.Duration(s.next())*10*time.Microsecond)
	}
	was := s.next()
	s.learn(was, time.Second)
	if n := s.next(); n < was/2 {
		t.Errorf("one that was held up leaves %d of %d steps", n, was)
	}
	s.learn(s.next(), time.Second)
	if n := s.next(); n != 1 {
		t.Errorf("two of a second leave %d steps", n)
	}
}
