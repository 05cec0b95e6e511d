package journal

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// abandoned leaves a journal as a process does that is killed in the middle,
// with cut bytes of its end missing.
func abandoned(t *testing.T, j *Journal, id string, cut int64, write func(w *Writer)) {
	t.Helper()
	w := begin(t, j, Header{ID: id})
	write(w)
	must(t, w.Leave())
	path := filepath.Join(j.o.Dir, id+suffix)
	info, err := os.Stat(path)
	must(t, err)
	must(t, os.Truncate(path, info.Size()-cut))
}

func TestResumeTellsOfTheLastBatch(t *testing.T) {
	for _, c := range []struct {
		name   string
		cut    int64
		states bool // can be told of the last batch
		images int
	}{
		{"whole records", 0, true, 6},
		{"a torn mark", 3, true, 6},
		{"a torn batch", 60, false, 3},
	} {
		j := open(t, Options{})
		abandoned(t, j, "x", c.cut, func(w *Writer) {
			must(t, w.Before(imagesOf(0, 3)))
			must(t, w.After(statesOf(0, 3)))
			must(t, w.Before(imagesOf(1, 3)))
			must(t, w.Mark("m"))
		})
		w, err := j.Resume("x")
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if _, err := j.Resume("x"); !errors.Is(err, ErrLive) {
			t.Errorf("%s: resumed twice: %v", c.name, err)
		}
		if err := w.After(statesOf(1, 3)); (err == nil) != c.states {
			t.Errorf("%s: states: %v", c.name, err)
		}
		must(t, w.Mark("it is known now"))
		must(t, w.Close("interrupted"))
		r := read(t, j, "x")
		s := r.Summary()
		must(t, r.Close())
		if s.Images != c.images || s.Open != 0 || !s.Settled || s.Torn || s.Outcome != "interrupted" || s.Mark != "it is known now" {
			t.Errorf("%s: %+v", c.name, s)
		}
		if _, err := j.Resume("x"); !errors.Is(err, ErrEnded) {
			t.Errorf("%s: resumed after its end: %v", c.name, err)
		}
	}
}

func TestResumeOfOneThatEndedWithoutKnowing(t *testing.T) {
	j := open(t, Options{})
	w := begin(t, j, Header{ID: "x"})
	must(t, w.Before(imagesOf(0, 3)))
	must(t, w.Close("fault"))
	w, err := j.Resume("x")
	must(t, err)
	must(t, w.After(statesOf(0, 3)))
	must(t, w.Close("interrupted"))
	if s := read(t, j, "x").Summary(); !s.Settled || s.Open != 0 || s.Outcome != "interrupted" {
		t.Errorf("%+v", s)
	}
}

func TestResumeKnowsOnlyJournals(t *testing.T) {
	j := open(t, Options{})
	if _, err := j.Resume("none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(j.o.Dir, "other"+suffix), []byte("something else"), 0o600))
	if _, err := j.Resume("other"); err == nil || errors.Is(err, ErrEnded) {
		t.Errorf("another file: %v", err)
	}
	w := begin(t, j, Header{ID: "live"})
	if _, err := j.Resume("live"); !errors.Is(err, ErrLive) {
		t.Errorf("one that is written: %v", err)
	}
	must(t, w.Close("ok"))
	if _, err := os.Stat(filepath.Join(j.o.Dir, "other"+suffix)); err != nil {
		t.Error(err)
	}
}

// An outage may be longer than changes can be taken back: what became of the one
// that it interrupted is still to be told.
func TestPurgeLeavesWhatNobodyHasSettled(t *testing.T) {
	now := time.Now()
	j := open(t, Options{Retention: time.Minute, Now: func() time.Time { return now }})
	abandoned(t, j, "x", 0, func(w *Writer) { must(t, w.Before(imagesOf(0, 3))) })
	ended(t, j, "y", 1)
	now = now.Add(time.Hour)
	if n, err := j.Purge(); n != 1 || err != nil {
		t.Errorf("%d removed, %v", n, err)
	}
	read(t, j, "x")
	now = now.Add(24 * time.Hour)
	if n, err := j.Purge(); n != 1 || err != nil {
		t.Errorf("%d removed after a day, %v", n, err)
	}
}
