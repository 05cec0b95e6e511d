package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Writer writes the journal of one change. It is for one goroutine.
type Writer struct {
	journal *Journal
	id      string
	undoes  string // the journal that this change needs
	file    file
	end     int64 // of the last whole record
	pack    *packer
	pending []int // how many images the batches have that After is to tell of
	broken  error // why nothing more can be written
}

// file is what a Writer needs of its file.
type file interface {
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error // what was written, and the size, last when it returns
}

// Begin starts the journal of a change. An id that has one is ErrExists. The
// caller closes the Writer.
func (j *Journal) Begin(h Header) (*Writer, error) {
	path, err := j.path(h.ID)
	if err != nil {
		return nil, err
	}
	pack, err := newPacker()
	if err != nil {
		return nil, err
	}
	f, err := create(path)
	if err != nil {
		return nil, fmt.Errorf("begin journal %s: %w", h.ID, err)
	}
	w := &Writer{journal: j, id: h.ID, undoes: h.Undoes, file: dataFile{f}, pack: pack}
	if err := w.open(h); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return w, nil
}

// create makes a file that did not exist, and takes the lock of its writer. Until
// it has it, the file is empty, which nobody takes for abandoned.
func create(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, ErrExists
	}
	if err != nil {
		return nil, err
	}
	if err := lockExclusive(f); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, nil
}

func (w *Writer) open(h Header) error {
	text, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode the journal's header: %w", err)
	}
	w.pack.plain = text
	record, err := w.pack.pack(recordHeader, 0)
	if err != nil {
		return err
	}
	if err := w.write("begin", append(start(), record...), bounded|synced); err != nil {
		return err
	}
	return lasting(w.journal.o.Dir)
}

// lasting makes the names in a directory last.
func lasting(dir string) (err error) {
	d, err := os.Open(filepath.Clean(dir))
	if err == nil {
		defer func() { err = errors.Join(err, d.Close()) }()
		err = d.Sync()
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("write the journal's directory: %w", err)
	}
	return nil
}

// Before records what batches held. When it returns without an error, that
// lasts, and they may be changed. A *FullError says that there is no room; after
// any error nothing is known of batches that were open.
func (w *Writer) Before(batches ...[]Image) error {
	if len(w.pending) > 0 { // a reader tells by it that these stay open
		w.pending = nil
		if err := w.Mark(leftOpen); err != nil {
			return err
		}
	}
	var open []int
	for i, batch := range batches {
		how := bounded
		if i == len(batches)-1 {
			how |= synced
		}
		w.pack.plain = appendImages(w.pack.plain[:0], batch)
		if err := w.add("write the journal", recordBefore, len(batch), how); err != nil {
			return err
		}
		open = append(open, len(batch))
	}
	w.pending = open
	return nil
}

// leftOpen is the note between batches that stay open and those after them.
const leftOpen = "the batches before this were left open"

// After records what the change of a batch left, in the order of its images. It
// tells of the batches of the last Before in their order. It outlives the
// process when it returns, and a power cut once something after it was recorded.
func (w *Writer) After(states []State) error {
	if len(w.pending) == 0 || w.pending[0] != len(states) {
		return fmt.Errorf("write the journal: %d states, where %d are expected", len(states), append(w.pending, 0)[0])
	}
	w.pack.plain = appendStates(w.pack.plain[:0], states)
	var kind byte = recordAfter
	if len(states) > 0 && states[0].Deadline == Voided {
		kind = recordVoid
	}
	if err := w.add("write the journal", kind, len(states), 0); err != nil {
		return err
	}
	w.pending = w.pending[1:]
	return nil
}

// Mark records a note. It lasts as After does.
func (w *Writer) Mark(text string) error {
	w.pack.plain = append(w.pack.plain[:0], text...)
	return w.add("mark the journal", recordMark, 0, 0)
}

// Close records how the change ended, and gives the file back. It does the
// latter even where the former fails.
func (w *Writer) Close(outcome string) error {
	if w.file == nil {
		return fmt.Errorf("close journal %s: %w", w.id, os.ErrClosed)
	}
	w.pack.plain = append(w.pack.plain[:0], outcome...)
	err := w.add("close the journal", recordEnd, 0, synced)
	err = errors.Join(err, w.file.Close())
	w.file, w.broken = nil, os.ErrClosed
	return err
}

// How a record is written.
const (
	bounded = 1 << iota // it counts against the bound on all files
	synced              // it lasts when it is written
)

// add writes a record of the content in w.pack.
func (w *Writer) add(what string, kind byte, count, how int) error {
	defer w.pack.rest()
	record, err := w.pack.pack(kind, count)
	if err != nil {
		return err
	}
	return w.write(what, record, how)
}

// write appends bytes, or leaves the file as it was.
func (w *Writer) write(what string, record []byte, how int) error {
	if w.broken != nil {
		return fmt.Errorf("%s %s: %w", what, w.id, w.broken)
	}
	if how&bounded != 0 {
		if err := w.journal.reserve(int64(len(record)), w.undoes); err != nil {
			return err
		}
	} else {
		w.journal.grow(int64(len(record)))
	}
	_, err := w.file.WriteAt(record, w.end)
	if err == nil && how&synced != 0 {
		// What a failed sync has lost, a later one does not tell.
		if err = w.file.Sync(); err != nil {
			w.broken = err
		}
	}
	if err != nil {
		w.takeBack()
		return fmt.Errorf("%s %s: %w", what, w.id, err)
	}
	w.end += int64(len(record))
	return nil
}

// takeBack cuts off what was written of a record. Where it cannot, nothing more
// may be written behind it.
func (w *Writer) takeBack() {
	if err := w.file.Truncate(w.end); err != nil {
		w.broken = errors.Join(w.broken, err)
	}
}

// dataFile syncs what is needed to read the file again, and no times.
type dataFile struct{ *os.File }

func (f dataFile) Sync() error { return syncData(f.File) }
