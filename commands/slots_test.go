package commands

import "testing"

func TestSlots(t *testing.T) {
	s := newSlots(func() int { return 2 }, func() int { return 3 })
	take := func(person string) func() {
		t.Helper()
		release, err := s.take(person)
		if err != nil {
			t.Fatal(err)
		}
		return release
	}
	first := take("ann")
	take("ann")
	if _, err := s.take("ann"); err == nil {
		t.Error("ann runs a third program")
	}
	take("ben")
	if _, err := s.take("cid"); err == nil {
		t.Error("a fourth program runs")
	}
	first()
	first() // a second release changes nothing
	take("cid")
	if _, err := s.take("dot"); err == nil {
		t.Error("a release counted twice")
	}
}
