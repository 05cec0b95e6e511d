package keyspace

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Of two calls that are on their way together each is charged for its own work.
func TestALoadTellsTheWorkOnTwoCallsApart(t *testing.T) {
	const way = 100 * time.Microsecond
	synctest.Test(t, func(t *testing.T) {
		var l load
		sent := time.Now()
		time.Sleep(way + time.Millisecond) // the server works on the first
		first := l.took(sent, way)
		time.Sleep(2 * time.Millisecond) // and then on the second
		second := l.took(sent, way)
		if first != way+time.Millisecond || second != way+2*time.Millisecond {
			t.Errorf("%v and %v", first, second)
		}
		time.Sleep(time.Second)
		sent = time.Now()
		time.Sleep(3 * time.Millisecond)
		if third := l.took(sent, way); third != 3*time.Millisecond {
			t.Errorf("a third, alone: %v", third)
		}
	})
}

// Two that each do a millisecond at a time under a share of a tenth leave nine
// tenths of the time free together.
func TestALoadRestsForBoth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l load
		p := newPace(Query{Share: 10})
		start := time.Now()
		turn := func() {
			for range 10 {
				if err := l.wait(t.Context()); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Millisecond)
				l.book(time.Millisecond, p.rest(time.Millisecond))
			}
		}
		var both sync.WaitGroup
		both.Go(turn)
		both.Go(turn)
		both.Wait()
		if err := l.wait(t.Context()); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took < 199*time.Millisecond || took > 201*time.Millisecond {
			t.Errorf("20 ms of work and its rest took %v", took)
		}
	})
}
