package journal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	j := open(t, Options{})
	h := Header{ID: "a-1_Z", Request: "r", By: "1", Name: "anna", Guild: "2", Where: "3", Line: "redis del …", Plan: "p",
		Redis: "127.0.0.1:6379", At: time.Unix(1_700_000_000, 5).UTC(), Undoes: "b"}
	w := begin(t, j, h)
	must(t, w.Mark("before all"))
	must(t, w.Before(imagesOf(0, 40)))
	must(t, w.After(statesOf(0, 40)))
	must(t, w.Mark("40 of 45"))
	must(t, w.Mark("stopped"))
	must(t, w.Before([]Image{{Kind: Parameter, Name: []byte("maxmemory"), Exists: true, Content: []byte("0")}, {Kind: Setting, Name: []byte("redis.session_ttl")}}))
	must(t, w.After([]State{{Exists: true, Altered: true, Content: []byte("2gb")}, {Content: []byte{}}}))
	must(t, w.Before(imagesOf(2, 3)))
	must(t, w.Close("42 of 45 changed"))

	r := read(t, j, h.ID)
	got := all(t, r)
	if len(got) != 3 {
		t.Fatalf("%d batches", len(got))
	}
	wantBatch(t, got[0], 0, 40, false)
	wantBatch(t, got[2], 2, 3, true)
	if !slices.Equal(got[0].Marks, []string{"40 of 45", "stopped"}) || got[1].Marks != nil {
		t.Errorf("marks %q, %q", got[0].Marks, got[1].Marks)
	}
	if opening, err := r.Marks(); err != nil || !slices.Equal(opening, []string{"before all"}) {
		t.Errorf("marks before all: %q, %v", opening, err)
	}
	second := got[1]
	if second.Images[0].Kind != Parameter || second.Images[1].Kind != Setting || string(second.States[0].Content) != "2gb" || second.States[1].Content == nil {
		t.Errorf("parameters: %+v", second)
	}
	s := r.Summary()
	if s.Header != h || s.Batches != 3 || s.Images != 45 || s.Open != 1 || !s.Ended || s.Outcome != "42 of 45 changed" || s.Mark != "stopped" || s.Torn || s.Live || s.Damaged > 0 {
		t.Errorf("%+v", s)
	}
	list, err := j.List()
	if err != nil || len(list) != 1 || list[0] != s {
		t.Errorf("listed %+v, %v; want %+v", list, err, s)
	}
}

func TestBatchesInAnyOrder(t *testing.T) {
	j := open(t, Options{})
	ended(t, j, "x", 9)
	r := read(t, j, "x")
	want := 8
	for b, err := range r.Backwards() {
		must(t, err)
		wantBatch(t, b, want, 3, false)
		want--
	}
	if want != -1 {
		t.Errorf("ended before batch %d", want)
	}
	b, err := r.Batch(4)
	must(t, err)
	wantBatch(t, b, 4, 3, false)
	for _, n := range []int{-1, 9} {
		if _, err := r.Batch(n); err == nil {
			t.Errorf("there is a batch %d", n)
		}
	}
}

func TestAnyImagesAndStates(t *testing.T) {
	texts := rapid.SliceOf(rapid.Byte())
	image := rapid.Custom(func(t *rapid.T) Image {
		return Image{Kind: Kind(rapid.IntRange(0, 2).Draw(t, "kind")), DB: rapid.IntRange(0, 1<<31).Draw(t, "db"), Name: texts.Draw(t, "name"),
			Exists: rapid.Bool().Draw(t, "exists"), Content: texts.Draw(t, "content"), Deadline: rapid.Int64().Draw(t, "deadline")}
	})
	rapid.Check(t, func(t *rapid.T) {
		images := rapid.SliceOf(image).Draw(t, "images")
		content := appendImages(nil, images)
		got, err := readImages(content, len(images))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(images) {
			t.Fatalf("%v, %v", got, err)
		}
		if _, err := readImages(content, len(images)+1); err == nil {
			t.Error("one more is found")
		}
		for cut := range content {
			if _, err := readImages(content[:cut], len(images)); err == nil {
				t.Errorf("whole with %d bytes of %d", cut, len(content))
			}
		}
	})
}

func TestFilesAreOnesOwn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "journal")
	must(t, os.MkdirAll(dir, 0o755))
	must(t, os.Chmod(dir, 0o755))
	j := open(t, Options{Dir: dir})
	begin(t, j, Header{ID: "x"})
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "x.journal"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestOneJournalForOneID(t *testing.T) {
	j := open(t, Options{})
	ended(t, j, "x", 1)
	if _, err := j.Begin(Header{ID: "x"}); !errors.Is(err, ErrExists) {
		t.Errorf("begun again: %v", err)
	}
	for _, id := range []string{"", ".", "..", "../x", "a/b", "a.b", "a b", "é", strings.Repeat("a", 101)} {
		if _, err := j.Begin(Header{ID: id}); err == nil {
			t.Errorf("begun as %q", id)
		}
		if _, err := j.Read(id); err == nil {
			t.Errorf("read %q", id)
		}
		if err := j.Remove(id); err == nil {
			t.Errorf("removed %q", id)
		}
	}
	if got := all(t, read(t, j, "x")); len(got) != 1 {
		t.Errorf("%d batches are left", len(got))
	}
}

func TestWhatIsNotThere(t *testing.T) {
	j := open(t, Options{})
	if _, err := j.Read("x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("read: %v", err)
	}
	if err := j.Remove("x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
	must(t, os.RemoveAll(j.o.Dir))
	if _, err := j.List(); err == nil {
		t.Error("listed without a directory")
	}
	if _, err := j.Begin(Header{ID: "x"}); err == nil {
		t.Error("begun without a directory")
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if _, err := Open(Options{Dir: file}); err == nil {
		t.Error("opened a file")
	}
}

func TestStatesBelongToTheLastBatch(t *testing.T) {
	w := begin(t, open(t, Options{}), Header{ID: "x"})
	if w.After(nil) == nil {
		t.Error("states without a batch")
	}
	must(t, w.Before(imagesOf(0, 2)))
	if w.After(statesOf(0, 1)) == nil {
		t.Error("one state for two images")
	}
	must(t, w.After(statesOf(0, 2)))
	if w.After(statesOf(0, 2)) == nil {
		t.Error("states twice")
	}
	must(t, w.Close("done"))
	for what, err := range map[string]error{"before": w.Before(nil), "mark": w.Mark("x"), "close": w.Close("x")} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s after the end: %v", what, err)
		}
	}
}

// A batch that came to nothing, and was made anew, holds nothing that could be
// taken back.
func TestWhatWasNotDoneDoesNotCount(t *testing.T) {
	j := open(t, Options{})
	w := begin(t, j, Header{ID: "x"})
	void := []State{{Deadline: Voided}, {Deadline: Voided}}
	must(t, w.Before(imagesOf(0, 2), imagesOf(2, 3)))
	must(t, w.After(void))
	must(t, w.After(statesOf(2, 3)))
	must(t, w.Before(imagesOf(0, 2)))
	must(t, w.After(statesOf(0, 2)))
	must(t, w.Close("done"))
	r := read(t, j, "x")
	if s := r.Summary(); s.Images != 5 || s.Batches != 3 || s.Open != 0 || !s.Settled {
		t.Errorf("its summary is %+v", s)
	}
	b, err := r.Batch(0)
	must(t, err)
	if b.Open() || b.States[0].Deadline != Voided || len(b.States) != 2 {
		t.Errorf("the batch is %+v", b)
	}
}

func TestListIsNewestFirst(t *testing.T) {
	j := open(t, Options{})
	for i, id := range []string{"b", "c", "a"} {
		must(t, begin(t, j, Header{ID: id, At: time.Unix(int64(100*i), 0)}).Close("done"))
	}
	must(t, os.WriteFile(filepath.Join(j.o.Dir, "note.txt"), []byte("x"), 0o600))
	must(t, os.Mkdir(filepath.Join(j.o.Dir, "folder.journal"), 0o700))
	if got := ids(t, j); !slices.Equal(got, []string{"a", "c", "b"}) {
		t.Errorf("%q", got)
	}
}

func TestPurge(t *testing.T) {
	now := &clock{time.Now()}
	j := open(t, Options{Retention: time.Minute, Now: now.now})
	ended(t, j, "old", 1)
	ended(t, j, "new", 1)
	w := begin(t, j, Header{ID: "live"})
	later := bytes.Replace(contentOf(t, j, "old"), start(), append([]byte(magic), version+1), 1)
	must(t, os.WriteFile(fileOf(t, j, "later"), later, 0o600))
	past := now.Add(-time.Hour)
	must(t, os.Chtimes(fileOf(t, j, "old"), past, past))
	must(t, os.Chtimes(fileOf(t, j, "live"), past, past))
	for _, want := range []int{1, 0} {
		if n, err := j.Purge(); n != want || err != nil {
			t.Errorf("purged %d, %v", n, err)
		}
	}
	must(t, w.Close("done"))
	now.Time = now.Add(2 * time.Minute)
	open(t, Options{Dir: j.o.Dir, Retention: time.Minute, Now: now.now})
	if got := ids(t, j); len(got) > 0 {
		t.Errorf("%q after the retention", got)
	}
}

func contentOf(t testing.TB, j *Journal, id string) []byte {
	t.Helper()
	content, err := os.ReadFile(fileOf(t, j, id))
	must(t, err)
	return content
}

func TestFilesOfALaterVersionAreLeftAlone(t *testing.T) {
	j := open(t, Options{MaxBytes: 3900})
	begin(t, j, Header{ID: "x"})
	later := append(append([]byte(magic), version+1), make([]byte, 2000)...)
	must(t, os.WriteFile(fileOf(t, j, "later"), later, 0o600))
	must(t, os.WriteFile(fileOf(t, j, "other"), []byte("something else"), 0o600))
	must(t, os.WriteFile(fileOf(t, j, "empty"), nil, 0o600))
	list, err := j.List()
	must(t, err)
	unreadable := map[string]string{}
	for _, s := range list {
		unreadable[s.ID] = s.Unreadable
	}
	if len(list) != 4 || unreadable["x"] != "" || !strings.Contains(unreadable["later"], "later version") || unreadable["other"] == "" || unreadable["empty"] == "" {
		t.Errorf("%q", unreadable)
	}
	if _, err := j.Read("later"); err == nil || !strings.Contains(err.Error(), "later version") {
		t.Errorf("read: %v", err)
	}
	j = open(t, j.o) // which counts what others have written
	var full *FullError
	if err := begin(t, j, Header{ID: "y"}).Before([]Image{{Content: noise(1900)}}); !errors.As(err, &full) {
		t.Errorf("there was room: %v", err)
	}
	if got := ids(t, j); len(got) != 5 {
		t.Errorf("%q are left", got)
	}
}
