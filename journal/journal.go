// Package journal keeps what keys, parameters and settings held before they were
// changed, in one file for each change, so that it can be taken back. A batch is
// on the disk before its change is made. It never talks to a server, never
// changes what was written, and removes a file only when its time is over, when
// newer ones need its room, or when it is told to.
//
// A file is a magic number, then records, each with its length and checksums:
// whatever tears a file, the whole records before the tear can be read.
package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options is what a Journal works with. Dir is needed.
type Options struct {
	Dir       string           // where the files are; nobody else's files should be there
	MaxBytes  int64            // of all files together; 0: no bound
	Retention time.Duration    // how long a change can be taken back; 0: for ever
	Now       func() time.Time // nil means time.Now
}

// Journal is the files under one directory. Several processes may share it. Its
// methods may be called from several goroutines.
type Journal struct {
	o Options

	mu      sync.Mutex
	used    int64 // bytes of all files, as last counted and written since
	counted time.Time
}

// Errors that callers tell apart.
var (
	ErrExists   = errors.New("there is a journal with this id already")
	ErrNotFound = errors.New("there is no journal with this id")
	ErrLive     = errors.New("the journal is being written")
)

const suffix = ".journal"

// Open makes the directory where there is none, keeps others out of it, and
// removes the files that are past their retention.
func Open(o Options) (*Journal, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	j := &Journal{o: o}
	if err := j.makeDir(); err != nil {
		return nil, err
	}
	if _, err := j.Purge(); err != nil {
		return nil, err
	}
	return j, nil
}

func (j *Journal) makeDir() error {
	if err := os.MkdirAll(j.o.Dir, 0o700); err != nil {
		return fmt.Errorf("make the journal's directory: %w", err)
	}
	info, err := os.Stat(j.o.Dir)
	if err != nil {
		return fmt.Errorf("make the journal's directory: %w", err)
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(j.o.Dir, 0o700); err != nil {
		return fmt.Errorf("keep others out of the journal's directory: %w", err)
	}
	return nil
}

// path answers where the journal of an id is.
func (j *Journal) path(id string) (string, error) {
	if id == "" || len(id) > maxID || strings.ContainsFunc(id, notOfID) {
		return "", fmt.Errorf("%.100q is no id of a journal, which is up to %d letters, digits, - and _", id, maxID)
	}
	return filepath.Join(j.o.Dir, id+suffix), nil
}

const maxID = 100

func notOfID(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// stored is a file of the directory.
type stored struct {
	id, path string
	size     int64
	modified time.Time
}

// files answers the files of the directory, those changed longest ago first.
func (j *Journal) files() ([]stored, error) {
	entries, err := os.ReadDir(j.o.Dir)
	if err != nil {
		return nil, fmt.Errorf("list the journal: %w", err)
	}
	var all []stored
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list the journal: %w", err)
		}
		all = append(all, stored{id, filepath.Join(j.o.Dir, e.Name()), info.Size(), info.ModTime()})
	}
	slices.SortStableFunc(all, func(a, b stored) int { return a.modified.Compare(b.modified) })
	return all, nil
}

// List answers what there is, newest first. It looks at the heads of records,
// and not at each byte of what keys held: Read does. A file that cannot be read
// is among them, with the reason.
func (j *Journal) List() ([]Summary, error) {
	files, err := j.files()
	if err != nil {
		return nil, err
	}
	var all []Summary
	for _, file := range files {
		s, err := summarize(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			s.Unreadable = err.Error()
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Summary) int {
		return cmp.Or(b.At.Compare(a.At), b.Modified.Compare(a.Modified))
	})
	return all, nil
}

func summarize(file stored) (Summary, error) {
	r, err := openReader(file.path, heads)
	if err != nil {
		return Summary{Header: Header{ID: file.id, At: file.modified}, Size: file.size, Modified: file.modified}, err
	}
	defer r.Close()
	s := r.Summary()
	s.ID = file.id
	return s, nil
}

// Read answers what a change's journal holds by now, every byte of it checked.
// It may be written meanwhile. An id without a journal is ErrNotFound.
func (j *Journal) Read(id string) (*Reader, error) {
	path, err := j.path(id)
	if err != nil {
		return nil, err
	}
	r, err := openReader(path, everything)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", id, ErrNotFound)
	}
	return r, err
}

// Remove removes the journal of a change. One that is being written is ErrLive.
func (j *Journal) Remove(id string) error {
	path, err := j.path(id)
	if err != nil {
		return err
	}
	err = removeUnlocked(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("remove journal %s: %w", id, err)
	}
	return nil
}

// removeUnlocked removes a file unless a writer has it.
func removeUnlocked(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	free, err := lockShared(f)
	if err != nil {
		return err
	}
	if !free {
		return ErrLive
	}
	return os.Remove(path)
}

// unsettledStay is how much longer a file stays that does not say what became of
// its change: whoever comes back after an outage is to be told.
const unsettledStay = 24 * time.Hour

// past reports whether a file's time is over.
func (j *Journal) past(file stored) bool {
	age := j.o.Now().Sub(file.modified)
	if age <= j.o.Retention || age > j.o.Retention+unsettledStay {
		return age > j.o.Retention
	}
	s, err := summarize(file)
	return err != nil || s.Settled
}

// Purge removes the files whose content last changed longer ago than the
// retention, and answers how many. One that is being written stays, and for a
// day one that lacks its end. One that cannot be removed does not keep the
// others.
func (j *Journal) Purge() (removed int, err error) {
	if j.o.Retention <= 0 {
		return 0, nil
	}
	files, err := j.files()
	if err != nil {
		return 0, err
	}
	var failed []error
	for _, file := range files {
		if !j.past(file) {
			continue
		}
		switch err := removeUnlocked(file.path); {
		case err == nil:
			removed++
		case errors.Is(err, ErrLive), errors.Is(err, fs.ErrNotExist):
		default:
			failed = append(failed, fmt.Errorf("purge the journal: %w", err))
		}
	}
	return removed, errors.Join(failed...)
}
