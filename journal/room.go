package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// FullError says that the bound on the journal's files leaves no room, even
// without those that may be removed.
type FullError struct {
	Needed int64 // bytes of all files that have to stay, and of the batch
	Max    int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the journal of changes would take %d bytes, and may take %d: raise undo.max_bytes, or change fewer keys at a time", e.Needed, e.Max)
}

// recount is how long the count of all files is believed, while other processes
// may write as well.
const recount = time.Second

// reserve makes room for bytes, if need be by removing journals that nobody
// writes, oldest first, but not the one to keep. It removes none in vain.
func (j *Journal) reserve(bytes int64, keep string) error {
	if j.o.MaxBytes <= 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	now := j.o.Now()
	if age := now.Sub(j.counted); age < 0 || age > recount || j.used+bytes > j.o.MaxBytes {
		if err := j.count(bytes, keep); err != nil {
			return err
		}
		j.counted = now
	}
	j.used += bytes
	return nil
}

// grow takes note of bytes that are written whatever the bound is.
func (j *Journal) grow(bytes int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.used += bytes
}

// count adds up all files, and removes some if bytes more would be too many.
func (j *Journal) count(bytes int64, keep string) error {
	files, err := j.files()
	if err != nil {
		return err
	}
	j.used = 0
	for _, file := range files {
		j.used += file.size
	}
	if excess := j.used + bytes - j.o.MaxBytes; excess > 0 {
		return j.evict(files, excess, keep)
	}
	return nil
}

func (j *Journal) evict(files []stored, excess int64, keep string) error {
	var chosen []stored
	sum := int64(0)
	for _, file := range files {
		if sum < excess && file.id != keep && file.removable() {
			chosen, sum = append(chosen, file), sum+file.size
		}
	}
	if sum < excess {
		return &FullError{Needed: j.o.MaxBytes + excess - sum, Max: j.o.MaxBytes}
	}
	for _, file := range chosen {
		if err := removeUnlocked(file.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make room in the journal: %w", err)
		}
		j.used -= file.size
	}
	return nil
}

// removable reports whether a file is a journal that nobody writes. Those of a
// later version, and those that seem to be nothing of ours, stay.
func (s stored) removable() bool {
	f, err := os.Open(s.path)
	if err != nil {
		return false
	}
	defer f.Close()
	begin := make([]byte, magicSize)
	if _, err := io.ReadFull(f, begin); err != nil || checkStart(begin) != nil {
		return false
	}
	free, err := lockShared(f)
	return err == nil && free
}
