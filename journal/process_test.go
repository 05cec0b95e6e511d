package journal

import (
	"errors"
	"testing"
	"time"
)

func TestKilledAtAnyPoint(t *testing.T) {
	for round := range 4 {
		j := open(t, Options{})
		c := startChild(t, j.o.Dir)
		c.wrote(t, 1+round*7)
		atLeast := 1 + round*7 + c.kill()
		r := read(t, j, "child")
		if s := r.Summary(); s.Live || s.Ended || s.Open > 1 {
			t.Errorf("%+v", s)
		}
		got := all(t, r)
		if len(got) < atLeast {
			t.Errorf("%d batches, though %d had been written", len(got), atLeast)
		}
		for n, b := range got {
			wantBatch(t, b, n, 50, b.Open())
		}
	}
}

func TestAnotherProcessWrites(t *testing.T) {
	now := &clock{time.Now()}
	j := open(t, Options{Retention: time.Minute, Now: now.now})
	c := startChild(t, j.o.Dir)
	c.wrote(t, 2)
	r := read(t, j, "child")
	if s := r.Summary(); !s.Live || s.Torn || s.Ended {
		t.Errorf("%+v", s)
	}
	if got := all(t, r); len(got) < 2 {
		t.Errorf("%d batches", len(got))
	}
	if _, err := j.Begin(Header{ID: "child"}); !errors.Is(err, ErrExists) {
		t.Errorf("begun again: %v", err)
	}
	if err := j.Remove("child"); !errors.Is(err, ErrLive) {
		t.Errorf("removed: %v", err)
	}
	now.Time = now.Add(time.Hour)
	if n, err := j.Purge(); n > 0 || err != nil {
		t.Errorf("purged %d, %v", n, err)
	}
	c.kill()
	if list, err := j.List(); err != nil || len(list) != 1 || list[0].Live || list[0].Ended {
		t.Errorf("%+v, %v", list, err)
	}
	must(t, j.Remove("child"))
	if got := ids(t, j); len(got) > 0 {
		t.Errorf("%q", got)
	}
}
