package soak

import (
	"slices"
	"testing"
	"time"
)

// sweep presses the buttons that are due and judges what is old enough.
func (s *soak) sweep() {
	all, now := s.answers(), time.Now()
	s.behind = 0
	for _, a := range s.waiting {
		if a.press(all) {
			s.pressed++
		}
		if !a.silent && len(all[a.message.ID]) == 0 {
			s.behind++
		}
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(a *awaited) bool {
		open, limited, fault := a.verdict(all, now)
		if limited {
			s.limited++
		}
		s.note(a.text, fault)
		return !open
	})
	s.used = slices.DeleteFunc(s.used, func(u used) bool {
		open, late, fault := u.verdict(now)
		if late {
			s.late++
		}
		s.note(u.what, fault)
		return !open
	})
	s.forget(now)
}

// forget has Discord forget what has been judged.
func (s *soak) forget(now time.Time) {
	oldest := now.Add(-judged)
	for _, a := range s.waiting {
		oldest = earlier(oldest, a.at)
	}
	for _, u := range s.used {
		oldest = earlier(oldest, u.at)
	}
	s.ForgetBefore(oldest.Add(-time.Second), opsRoom)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (s *soak) note(what, fault string) {
	if fault != "" {
		s.fault(what, fault)
	}
}

// faulty is what went wrong with one topic.
type faulty struct {
	times int
	first string
}

func (s *soak) fault(what, fault string) {
	if s.faults[what] == nil {
		s.faults[what] = &faulty{first: fault}
	}
	s.faults[what].times++
}

// rest waits until all that was said is judged, which ends a part of the soak.
func (s *soak) rest(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for ; len(s.waiting)+len(s.used) > 0; <-tick.C {
		s.sweep()
	}
	s.figures.lookAtProcess(t, s.world)
	s.figures.lookAtState(t, s.world, s.client)
	for _, f := range s.figures.all() {
		f.close()
	}
}
