package plans

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What the files of a plan end in, behind its id.
const (
	partSuffix = ".part" // being written
	planSuffix = ".plan" // steps that wait
	runSuffix  = ".run"  // steps that were claimed
	keepSuffix = ".keep" // sealed metadata that Redis would not take
)

const (
	// maxFile bounds the steps of one plan in bytes.
	maxFile = 1 << 30

	// sweepGrace is how long a file stays after it lapsed, which Approve may
	// have put off from another instance.
	sweepGrace = 10 * time.Minute

	// abandoned is how old a file must be that is still being written to be
	// one that nobody writes any more.
	abandoned = 24 * time.Hour
)

// folder keeps plans in files that only their owner may read. A file's time of
// change is when it lapses. Several processes may share a folder: a rename
// decides who claims a plan.
type folder string

func (d folder) path(id, suffix string) string { return filepath.Join(string(d), id+suffix) }

func (d folder) limit() int64 { return maxFile }

func (d folder) begin(id string) medium { return &spool{dir: d, id: id} }

func (d folder) open(id string) (content, bool, error) {
	f, err := os.Open(d.path(id, planSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return fileContent{f}, err == nil, err
}

func (d folder) claim(id string) (bool, error) {
	err := os.Rename(d.path(id, planSuffix), d.path(id, runSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(removeFile(d.path(id, keepSuffix)), syncDir(string(d)))
}

func (d folder) remove(id string) error {
	var errs []error
	for _, suffix := range []string{planSuffix, runSuffix, keepSuffix} {
		errs = append(errs, removeFile(d.path(id, suffix)))
	}
	return errors.Join(errs...)
}

func (d folder) keep(id, sealed string, lapse time.Time) error {
	part := d.path(id, keepSuffix+partSuffix)
	err := removeFile(part) // of a try before that was cut short
	if err == nil {
		err = writeFile(part, []byte(sealed))
	}
	if err == nil {
		err = publish(part, d.path(id, keepSuffix), lapse)
	}
	return err
}

func (d folder) kept(id string) (string, bool, error) {
	f, err := os.Open(d.path(id, keepSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	sealed, err := io.ReadAll(io.LimitReader(f, maxSealed+1))
	return string(sealed), err == nil, errors.Join(err, f.Close())
}

func (d folder) keptIDs() ([]string, error) {
	var ids []string
	entries, err := os.ReadDir(string(d))
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), keepSuffix); ok && validID(id) {
			ids = append(ids, id)
		}
	}
	return ids, err
}

// sweep removes files that lapsed. Steps that a run still reads may lose their
// name by it; it reads on.
func (d folder) sweep(now time.Time) error {
	entries, err := os.ReadDir(string(d))
	if err != nil {
		return fmt.Errorf("sweep plans: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if id, _, _ := strings.Cut(e.Name(), "."); !validID(id) || !lapsed(e, now) {
			continue
		}
		if err := removeFile(filepath.Join(string(d), e.Name())); err != nil {
			errs = append(errs, fmt.Errorf("sweep plans: %w", err))
		}
	}
	return errors.Join(errs...)
}

func lapsed(e fs.DirEntry, now time.Time) bool {
	info, err := e.Info()
	if err != nil {
		return false // gone meanwhile
	}
	since := now.Sub(info.ModTime())
	switch filepath.Ext(e.Name()) {
	case planSuffix, runSuffix, keepSuffix:
		return since > sweepGrace
	case partSuffix:
		return since > abandoned
	}
	return false
}

// spool is the file that a plan's steps are written to. It is made with the
// first bytes.
type spool struct {
	dir  folder
	id   string
	file *os.File
}

func (s *spool) write(p []byte) (err error) {
	if s.file == nil {
		s.file, err = os.OpenFile(s.dir.path(s.id, partSuffix), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
	}
	_, err = s.file.Write(p)
	return err
}

func (s *spool) seal(lapse time.Time) error {
	if s.file == nil { // no step at all
		if err := s.write(nil); err != nil {
			return err
		}
	}
	if err := errors.Join(s.file.Sync(), s.file.Close()); err != nil {
		return err
	}
	return publish(s.file.Name(), s.dir.path(s.id, planSuffix), lapse)
}

func (s *spool) discard() {
	if s.file != nil {
		_ = s.file.Close()           // it may have been closed
		_ = os.Remove(s.file.Name()) // else swept
	}
}

// fileContent is recorded steps in a file.
type fileContent struct{ *os.File }

func (f fileContent) rewind() error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// writeFile makes a new file whose bytes last.
func writeFile(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// publish gives a file that was written its lasting name and its end of life.
func publish(part, path string, lapse time.Time) error {
	if err := os.Chtimes(part, time.Time{}, lapse); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDir makes the names in a folder last.
func syncDir(dir string) (err error) {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
