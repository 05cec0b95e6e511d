package journal

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"
)

// small writes a journal of three batches, and answers its content and where it
// ended after each record.
func small(t *testing.T, j *Journal) (content []byte, ends []int64) {
	t.Helper()
	w := begin(t, j, Header{ID: "small", By: "anna"})
	ends = append(ends, w.end)
	for n := range 3 {
		must(t, w.Before(imagesOf(n, 4)))
		ends = append(ends, w.end)
		must(t, w.After(statesOf(n, 4)))
		ends = append(ends, w.end)
	}
	must(t, w.Close("done"))
	content = contentOf(t, j, "small")
	return content, append(ends, int64(len(content)))
}

func TestTornAtEachByte(t *testing.T) {
	j := open(t, Options{})
	content, ends := small(t, j)
	for size := range content {
		must(t, os.WriteFile(fileOf(t, j, "torn"), content[:size], 0o600))
		whole := 0 // records behind the header
		for whole < len(ends)-1 && ends[whole+1] <= int64(size) {
			whole++
		}
		r, err := j.Read("torn")
		if int64(size) < ends[0] {
			if err == nil {
				t.Fatalf("%d bytes: read without its header", size)
			}
			continue
		}
		must(t, err)
		if s := r.Summary(); s.Torn == slices.Contains(ends, int64(size)) || s.Ended || s.By != "anna" {
			t.Errorf("%d bytes: %+v", size, s)
		}
		if listed, err := summarize(stored{id: "torn", path: fileOf(t, j, "torn")}); err != nil || listed.Torn != r.Summary().Torn || listed.Open != r.Summary().Open {
			t.Errorf("%d bytes: listed %+v, %v", size, listed, err)
		}
		got := all(t, r)
		if len(got) != (whole+1)/2 {
			t.Fatalf("%d bytes: %d batches, want %d", size, len(got), (whole+1)/2)
		}
		for n, b := range got {
			wantBatch(t, b, n, 4, n == whole/2)
		}
		must(t, r.Close())
	}
}

func TestARecordThatIsBeingWrittenIsNoDamage(t *testing.T) {
	j := open(t, Options{})
	w := begin(t, j, Header{ID: "x"})
	must(t, w.Before(imagesOf(0, 4)))
	if _, err := w.file.WriteAt([]byte{recordAfter, 4, 0}, w.end); err != nil {
		t.Fatal(err)
	}
	if s := read(t, j, "x").Summary(); s.Torn || !s.Live || s.Batches != 1 {
		t.Errorf("while it is written: %+v", s)
	}
	must(t, w.file.Close()) // as if the process had ended
	w.file = nil
	if s := read(t, j, "x").Summary(); !s.Torn || s.Live || s.Batches != 1 {
		t.Errorf("left behind: %+v", s)
	}
}

func TestEachFlippedBitIsNoticed(t *testing.T) {
	j := open(t, Options{})
	content, ends := small(t, j)
	for at := range content {
		flipped := bytes.Clone(content)
		flipped[at] ^= 1 << (at % 8)
		must(t, os.WriteFile(fileOf(t, j, "flipped"), flipped, 0o600))
		r, err := j.Read("flipped")
		if err != nil {
			if int64(at) >= ends[0] {
				t.Errorf("byte %d: %v", at, err)
			}
			continue
		}
		if s := r.Summary(); !s.Torn && s.Damaged != 1 {
			t.Errorf("byte %d: not noticed", at)
		} else if last := int64(at) >= ends[len(ends)-2]; last && (!s.Torn || s.Ended) {
			t.Errorf("byte %d, in the last record: %+v", at, s)
		}
		for _, b := range all(t, r) {
			wantBatch(t, b, b.Number, 4, b.Open())
		}
		must(t, r.Close())
	}
}

func TestADamagedBatchLeavesTheOthers(t *testing.T) {
	j := open(t, Options{})
	content, ends := small(t, j)
	content[ends[3]-1] ^= 1 // in the images of the second batch
	must(t, os.WriteFile(fileOf(t, j, "small"), content, 0o600))
	r := read(t, j, "small")
	if s := r.Summary(); s.Damaged != 1 || s.Torn || !s.Ended || s.Batches != 3 {
		t.Errorf("%+v", s)
	}
	got := all(t, r)
	if len(got) != 2 || got[0].Number != 0 || got[1].Number != 2 {
		t.Errorf("%+v", got)
	}
	var backwards []int
	for b, err := range r.Backwards() {
		must(t, err)
		backwards = append(backwards, b.Number)
	}
	if !slices.Equal(backwards, []int{2, 0}) {
		t.Errorf("backwards %d", backwards)
	}
	if _, err := r.Batch(1); !errors.Is(err, ErrDamaged) {
		t.Errorf("the second: %v", err)
	}
	content[ends[4]-1] ^= 1 // and in its states
	content[ends[3]-1] ^= 1
	must(t, os.WriteFile(fileOf(t, j, "small"), content, 0o600))
	b, err := read(t, j, "small").Batch(1)
	must(t, err)
	wantBatch(t, b, 1, 4, true)
}

func TestADamagedNoteHidesNothing(t *testing.T) {
	j := open(t, Options{})
	w := begin(t, j, Header{ID: "x"})
	must(t, w.Before(imagesOf(0, 2)))
	must(t, w.Mark("note"))
	at := w.end - 1
	must(t, w.Close("done"))
	content := contentOf(t, j, "x")
	content[at] ^= 1
	must(t, os.WriteFile(fileOf(t, j, "x"), content, 0o600))
	listed, err := j.List()
	must(t, err)
	r := read(t, j, "x")
	for _, s := range append(listed, r.Summary()) {
		if s.Unreadable != "" || s.Mark != "" || s.Damaged != 1 || s.Outcome != "done" || s.Torn {
			t.Errorf("%+v", s)
		}
	}
	wantBatch(t, all(t, r)[0], 0, 2, true)
}

// TestFilesOfThisVersionStayReadable reads a file that an earlier build wrote.
func TestFilesOfThisVersionStayReadable(t *testing.T) {
	content, err := os.ReadFile("testdata/version-1.journal")
	must(t, err)
	j := open(t, Options{})
	must(t, os.WriteFile(fileOf(t, j, "x"), content, 0o600))
	r := read(t, j, "x")
	if s := r.Summary(); s.By != "anna" || s.Outcome != "done" || s.Torn || s.Damaged > 0 {
		t.Errorf("%+v", s)
	}
	for n, b := range all(t, r) {
		wantBatch(t, b, n, 4, false)
	}
	if n := r.Summary().Batches; n != 3 {
		t.Errorf("%d batches", n)
	}
}

func TestRecordsOfAnUnknownTypeArePassedOver(t *testing.T) {
	j := open(t, Options{})
	w := begin(t, j, Header{ID: "x"})
	must(t, w.Before(imagesOf(0, 2)))
	must(t, w.add("write", '?', 7, 0))
	must(t, w.After(statesOf(0, 2)))
	must(t, w.Close("done"))
	r := read(t, j, "x")
	if s := r.Summary(); s.Torn || s.Damaged > 0 || s.Open > 0 {
		t.Errorf("%+v", s)
	}
	wantBatch(t, all(t, r)[0], 0, 2, false)
}

// failing is a file on a disk that is full, or fails, when it is told to.
type failing struct {
	file
	room  int // bytes that a write may still write
	write error
	sync  error
	cut   error
}

func (f *failing) WriteAt(p []byte, at int64) (int, error) {
	if f.write == nil {
		return f.file.WriteAt(p, at)
	}
	n, err := f.file.WriteAt(p[:min(f.room, len(p))], at)
	return n, errors.Join(f.write, err)
}

func (f *failing) Sync() error { return errors.Join(f.sync, f.file.Sync()) }

func (f *failing) Truncate(size int64) error { return errors.Join(f.cut, f.file.Truncate(size)) }

func TestAFullDiskLeavesTheFileReadable(t *testing.T) {
	for _, room := range []int{0, 1, headSize, headSize + 20} {
		j := open(t, Options{})
		w := begin(t, j, Header{ID: "x"})
		disk := &failing{file: w.file, room: room}
		w.file = disk
		must(t, w.Before(imagesOf(0, 4)))
		size := len(contentOf(t, j, "x"))
		disk.write = syscall.ENOSPC
		for what, err := range map[string]error{"after": w.After(statesOf(0, 4)), "mark": w.Mark("x"), "before": w.Before(imagesOf(1, 4))} {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if now := len(contentOf(t, j, "x")); now != size {
			t.Errorf("%d bytes, and then %d", size, now)
		}
		disk.write = nil // somebody has made room
		must(t, w.Before(imagesOf(1, 4)))
		must(t, w.Close("done"))
		r := read(t, j, "x")
		got := all(t, r)
		if len(got) != 2 || r.Summary().Torn {
			t.Fatalf("%d batches, %+v", len(got), r.Summary())
		}
		wantBatch(t, got[1], 1, 4, true)
	}
}

func TestADiskThatLosesWritesIsNotTrusted(t *testing.T) {
	for name, disk := range map[string]*failing{
		"sync fails":     {sync: syscall.EIO},
		"truncate fails": {write: syscall.ENOSPC, room: 5, cut: syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			j := open(t, Options{})
			w := begin(t, j, Header{ID: "x"})
			must(t, w.Before(imagesOf(0, 4)))
			disk.file, w.file = w.file, disk
			if err := w.Before(imagesOf(1, 4)); err == nil {
				t.Fatal("a batch on a failing disk")
			}
			disk.sync, disk.write, disk.cut = nil, nil, nil
			if err := w.Before(imagesOf(1, 4)); !errors.Is(err, syscall.EIO) {
				t.Errorf("another batch: %v", err)
			}
			if err := w.Close("done"); !errors.Is(err, syscall.EIO) {
				t.Errorf("closed: %v", err)
			}
			r := read(t, j, "x")
			got := all(t, r)
			if len(got) != 1 || r.Summary().Ended {
				t.Fatalf("%d batches, %+v", len(got), r.Summary())
			}
			wantBatch(t, got[0], 0, 4, true)
		})
	}
}

func FuzzRead(f *testing.F) {
	j := open(f, Options{})
	w := begin(f, j, Header{ID: "x"})
	must(f, w.Before(imagesOf(0, 4)))
	must(f, w.After(statesOf(0, 4)))
	must(f, w.Mark("note"))
	content := contentOf(f, j, "x")
	f.Add(content)
	f.Add(content[:len(content)-3])
	f.Fuzz(func(t *testing.T, content []byte) {
		must(t, os.WriteFile(fileOf(t, j, "fuzz"), content, 0o600))
		r, err := j.Read("fuzz")
		if err != nil {
			return
		}
		defer r.Close()
		for n := range r.Summary().Batches {
			_, _ = r.Batch(n) // whatever it is, it ends
		}
	})
}

// FuzzContent tries what stands behind a right checksum.
func FuzzContent(f *testing.F) {
	f.Add(appendImages(nil, imagesOf(0, 4)), 4)
	f.Add(appendStates(nil, statesOf(0, 4)), 4)
	f.Fuzz(func(t *testing.T, content []byte, n int) {
		if n < 0 {
			return
		}
		if images, err := readImages(content, n); err == nil && len(images) != n {
			t.Errorf("%d images of %d", len(images), n)
		}
		if states, err := readStates(content, n); err == nil && len(states) != n {
			t.Errorf("%d states of %d", len(states), n)
		}
	})
}
