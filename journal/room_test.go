package journal

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// noise is content that does not get smaller.
func noise(n int) []byte {
	b := make([]byte, n)
	source := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(source.Uint32())
	}
	return b
}

// sized writes a journal of about 1,000 bytes that ended some minutes ago.
func sized(t *testing.T, j *Journal, id string, minutes int) {
	t.Helper()
	w := begin(t, j, Header{ID: id})
	must(t, w.Before([]Image{{Content: noise(850)}}))
	must(t, w.Close("done"))
	at := time.Now().Add(-time.Duration(minutes) * time.Minute)
	must(t, os.Chtimes(fileOf(t, j, id), at, at))
}

func TestRoomIsMadeOldestFirst(t *testing.T) {
	j := open(t, Options{MaxBytes: 5000})
	sized(t, j, "second", 20)
	sized(t, j, "third", 10)
	sized(t, j, "first", 30)
	w := begin(t, j, Header{ID: "x"})
	for range 4 {
		must(t, w.Before([]Image{{Content: noise(850)}}))
	}
	got := ids(t, j)
	slices.Sort(got)
	if !slices.Equal(got, []string{"third", "x"}) {
		t.Errorf("%q are left", got)
	}
}

func TestNothingIsRemovedInVain(t *testing.T) {
	j := open(t, Options{MaxBytes: 5000})
	sized(t, j, "old", 10)
	live := begin(t, j, Header{ID: "live"})
	must(t, live.Before([]Image{{Content: noise(2500)}}))
	w := begin(t, j, Header{ID: "x"})
	var full *FullError
	err := w.Before([]Image{{Content: noise(2700)}})
	if !errors.As(err, &full) || full.Max != 5000 || full.Needed < 5200 || full.Needed > 6000 || !strings.Contains(err.Error(), "undo.max_bytes") {
		t.Fatalf("%v", err)
	}
	if got := ids(t, j); len(got) != 3 {
		t.Errorf("%q are left", got)
	}
	must(t, w.Before([]Image{{Content: noise(1500)}})) // in the room of the old one
	if got := ids(t, j); slices.Contains(got, "old") || !slices.Contains(got, "live") {
		t.Errorf("%q are left", got)
	}
	must(t, w.After([]State{{Content: noise(2000)}})) // what has happened is recorded
	must(t, w.Close("done"))
}

func TestTheChangeThatIsTakenBackStays(t *testing.T) {
	j := open(t, Options{MaxBytes: 2500})
	sized(t, j, "change", 10)
	w := begin(t, j, Header{ID: "undo", Undoes: "change"})
	var full *FullError
	if err := w.Before([]Image{{Content: noise(1500)}}); !errors.As(err, &full) {
		t.Errorf("%v", err)
	}
	must(t, w.Before([]Image{{Content: noise(850)}}))
}

func TestRoomIsThatOfAllProcesses(t *testing.T) {
	now := &clock{time.Now()}
	j := open(t, Options{MaxBytes: 5000, Now: now.now})
	other := open(t, Options{Dir: j.o.Dir})
	w := begin(t, j, Header{ID: "x"})
	theirs := begin(t, other, Header{ID: "theirs"})
	must(t, theirs.Before([]Image{{Content: noise(4000)}}))
	now.Time = now.Add(2 * recount)
	var full *FullError
	if err := w.Before([]Image{{Content: noise(1500)}}); !errors.As(err, &full) {
		t.Errorf("%v", err)
	}
}
