package change_test

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/journal"
)

// cutShort is a journal whose process ends in the middle: after so many calls it
// takes no more.
type cutShort struct {
	*journal.Writer
	left int
}

var errKilled = errors.New("killed")

func (c *cutShort) spend() error {
	if c.left == 0 {
		return errKilled
	}
	c.left--
	return nil
}

func (c *cutShort) Before(batches ...[]journal.Image) error {
	if err := c.spend(); err != nil {
		return err
	}
	return c.Writer.Before(batches...)
}

func (c *cutShort) After(states []journal.State) error {
	if err := c.spend(); err != nil {
		return err
	}
	return c.Writer.After(states)
}

func (c *cutShort) Mark(text string) error {
	if err := c.spend(); err != nil {
		return err
	}
	return c.Writer.Mark(text)
}

// Wherever the process ends, what is found is what the keys show, and with it
// the change can be taken back.
func TestAnInterruptedChangeIsAccountedFor(t *testing.T) {
	c := redistest.Standalone(t, "--enable-debug-command", "local").Client()
	j, err := journal.Open(journal.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for left := range 18 {
		c.FlushDB(t.Context())
		var steps []change.Step
		sets := c.Pipeline()
		for i := range 400 {
			key := "k" + strconv.Itoa(i)
			sets.Set(t.Context(), key, "v", time.Hour)
			step := change.Step{Argv: []string{"APPEND", key, "x"}, Keys: []change.Key{{Name: key, Alters: true}}}
			if i%2 == 0 {
				step = change.Step{Argv: []string{"PERSIST", key}, Keys: []change.Key{{Name: key}}}
			}
			steps = append(steps, step)
		}
		if _, err := sets.Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := keyspace(t, c)
		id := "test" + strconv.Itoa(left)
		interrupt(t, c, j, id, left, steps)
		found := recovered(t, c, j, id)
		shown := 0
		for k, v := range keyspace(t, c) {
			if before[k] != v && k != "{helix}:change:"+id {
				shown++
			}
		}
		if int(found.Done) != shown || found.Lost+found.Unsure != 0 {
			t.Errorf("after %d calls: %+v, and %d can be seen", left, found.Position, shown)
		}
		if c.Exists(t.Context(), "{helix}:change:"+id).Val() != 0 {
			t.Error("the number in Redis stays")
		}
		takeBack(t, c, j, id)
		for k, v := range keyspace(t, c) {
			if before[k] != v {
				t.Errorf("after %d calls: %s is %s after undo, was %s", left, k, v, before[k])
			}
		}
	}
}

// interrupt begins a change that comes to a sudden end.
func interrupt(t *testing.T, c redis.UniversalClient, j *journal.Journal, id string, left int, steps []change.Step) {
	t.Helper()
	w, err := j.Begin(journal.Header{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, c, &cutShort{w, left})
	o.ID = id
	e := change.New(o) // never closed: nothing of it outlives a process but what Redis and the disk hold
	if err := e.Run(t.Context(), from(steps), func(change.Done) error { return nil }); !errors.Is(err, errKilled) && left < 10 {
		t.Fatal(err)
	}
	if err := w.Leave(); err != nil {
		t.Fatal(err)
	}
}

func recovered(t *testing.T, c redis.UniversalClient, j *journal.Journal, id string) change.Found {
	t.Helper()
	w, err := j.Resume(id)
	if err != nil {
		t.Fatal(err)
	}
	r, err := j.Read(id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	o := options(t, c, nil)
	o.ID = id
	found, err := change.Recover(t.Context(), o, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, states := range found.States {
		if err := w.After(states); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Mark(found.Mark()), w.Close("interrupted"), found.Forget(t.Context(), o)); err != nil {
		t.Fatal(err)
	}
	return found
}

func takeBack(t *testing.T, c redis.UniversalClient, j *journal.Journal, id string) {
	t.Helper()
	r, err := j.Read(id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	u := change.NewUndoing(false)
	var steps []change.Step
	for b, err := range r.Backwards() {
		if err != nil || b.Open() {
			t.Fatalf("batch %d is open, or %v", b.Number, err)
		}
		for i, image := range b.Images {
			if e := (change.Entry{Before: image, After: b.States[i]}); !e.Void() {
				steps = append(steps, u.Step(e))
			}
		}
	}
	if err := run(t, c, &memory{}, from(steps), func(d change.Done) error {
		if v := *d.Step.Note.(*change.Verdict); v == change.Since || v == change.Unkept {
			t.Errorf("%s: verdict %d", d.Step.Keys[0].Name, v)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
