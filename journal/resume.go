package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrEnded is a journal that tells how its change ended, and of each batch what
// it left.
var ErrEnded = errors.New("the journal came to its end")

// Resume goes on with the journal of a change that no process writes any more,
// to say what became of it. A torn end is cut off. After tells of the last
// batches, those that are still open. One that somebody writes, or reads just now,
// is ErrLive; one to which there is nothing to add is ErrEnded.
func (j *Journal) Resume(id string) (*Writer, error) {
	path, err := j.path(id)
	if err != nil {
		return nil, err
	}
	pack, err := newPacker()
	if err != nil {
		return nil, err
	}
	f, x, err := reopen(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("go on with journal %s: %w", id, err)
	}
	w := &Writer{journal: j, id: id, file: dataFile{f}, end: x.whole, pack: pack}
	for _, b := range x.batches[min(x.told, len(x.batches)):] {
		w.pending = append(w.pending, int(b.before.count))
	}
	return w, nil
}

// reopen opens a file that lacks its end, as its only writer.
func reopen(path string) (f *os.File, x index, err error) {
	if f, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return nil, x, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err = takeOver(f); err != nil {
		return nil, x, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, x, err
	}
	if x, err = scan(f, info.Size(), heads); err != nil {
		return nil, x, err
	}
	if x.settled() {
		return nil, x, ErrEnded
	}
	if x.whole < info.Size() {
		err = f.Truncate(x.whole)
	}
	return f, x, err
}

// takeOver takes the lock of a writer that is gone. It waits for nobody.
func takeOver(f *os.File) error {
	free, err := lockAtOnce(f)
	if err == nil && !free {
		err = ErrLive
	}
	return err
}

// Leave gives the file back without a word on how the change ended.
func (w *Writer) Leave() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file, w.broken = nil, os.ErrClosed
	if err != nil {
		return fmt.Errorf("leave journal %s: %w", w.id, err)
	}
	return nil
}
