package alerts

import (
	"errors"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestASilenceLastsNoLongerWhenTheClockIsPutBack(t *testing.T) {
	s := Silence{From: noon, Until: noon.Add(time.Hour)}
	back := s.pass(noon.Add(-10*time.Hour), nil)
	if !back.From.Equal(noon.Add(-10*time.Hour)) || back.Until.Sub(back.From) != time.Hour {
		t.Errorf("it is from %v until %v", back.From, back.Until)
	}
	if s.pass(noon.Add(59*time.Minute), nil).Over() || !s.pass(noon.Add(time.Hour), nil).Over() {
		t.Error("it does not last an hour")
	}
}

// What was found of a message before Redis could be read stays known when it can.
func TestAMessageThatWasFoundStaysKnown(t *testing.T) {
	b := newBook()
	b.put(Incident{ID: "memory-2345", State: Active, Revision: 1, Delivery: Delivery{Message: "m1", Revision: 1, Ring: 1}})
	stored := Incident{ID: "memory-2345", State: Active, Revision: 3, Version: 7, Withheld: true, Words: "as saved"}
	b.merge(map[string]Incident{stored.ID: stored}, nil, true)
	got := b.incidents[stored.ID]
	if got.Words != "as saved" || got.Delivery.Message != "m1" || got.Delivery.Ring != 1 || got.Version <= 7 || !got.due() {
		t.Errorf("%+v", got)
	}
}

// What a process could not save it does not go on to believe.
func TestWhatCouldNotBeSavedIsForgotten(t *testing.T) {
	client := redistest.Any(t).Client()
	console, err := New(Options{Client: client, Settings: &knobs{values(t)}, Fence: func() Fence { return Fence{"{helix}:lease", "mine"} }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := console.Silence(t.Context(), Wish{Target: "memory", For: time.Hour, By: ann}); err == nil {
		t.Error("a silence is made past the fence")
	}
	console.away = true // so that what it believes itself is looked at
	console.running = true
	if list, err := console.Silences(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

// Of two changes made at the same moment the one that was saved first stands.
func TestTheChangeThatWasSavedFirstStands(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	theirs := Incident{ID: "memory-2345", State: Active, Version: 4, Words: "theirs"}
	if _, _, err := r.store.save(t.Context(), incidentsKey, Fence{}, "m", nil, []record{{theirs.ID, 4, theirs}}); err != nil {
		t.Fatal(err)
	}
	r.book.put(Incident{ID: theirs.ID, State: Active, Version: 3, Words: "ours"})
	if err := r.save(t.Context()); !errors.Is(err, errChanged) {
		t.Errorf("saving comes to %v", err)
	}
	if got := r.book.incidents[theirs.ID].Words; got != "theirs" {
		t.Errorf("%s stands", got)
	}
}

// What the channel shows may be newer than what Redis kept, if that was away.
func TestWhatIsShownIsBroughtBackToWhatIsKept(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.set(full())
	r.look()
	r.set(nil)
	r.away = true
	r.passAway(time.Minute)
	if m := r.only(); m.shows.State != Resolved {
		t.Fatalf("it shows %s", m.shows.State)
	}
	r.restart()
	r.set(full())
	r.look()
	if m := r.only(); m.shows.State != Active {
		t.Errorf("it shows %s, while it is firing", m.shows.State)
	}
}
