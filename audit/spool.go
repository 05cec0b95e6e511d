package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// spool keeps records in a file of its own, one a line with a seal before it,
// while Redis takes none. Only the writer uses it.
type spool struct {
	dir, file string
	seal      sealer
}

const (
	spoolSuffix = ".spool"

	// maxSpool bounds the file. Beyond it nothing that needs a record runs.
	maxSpool = 16 << 20

	// orphaned is how long a file of another instance must have been left
	// alone to be taken over.
	orphaned = time.Minute
)

func newSpool(dir string, seal sealer) *spool {
	return &spool{dir: dir, file: filepath.Join(dir, "audit-"+newID()+spoolSuffix), seal: seal}
}

// keep adds entries to the file, which then lasts.
func (s *spool) keep(entries []stamped) error {
	var text strings.Builder
	text.WriteByte('\n') // ends a line that was left half-written
	for _, e := range entries {
		e.Away = true
		body, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encode an audit record: %w", err)
		}
		fmt.Fprintf(&text, "%s %s\n", s.seal.seal(string(body)), body)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("keep audit records: %w", err)
	}
	return s.append(text.String())
}

func (s *spool) append(text string) (err error) {
	_, statErr := os.Stat(s.file)
	f, err := os.OpenFile(s.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep audit records: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return fmt.Errorf("keep audit records: %w", err)
	case info.Size()+int64(len(text)) > maxSpool:
		return fmt.Errorf("keep audit records: %s has reached %d bytes", s.file, maxSpool)
	}
	if _, err = f.WriteString(text); err != nil {
		return fmt.Errorf("keep audit records: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("keep audit records: %w", err)
	}
	if errors.Is(statErr, fs.ErrNotExist) {
		return syncDir(s.dir)
	}
	return nil
}

// syncDir makes a new file's name last.
func syncDir(dir string) (err error) {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("keep audit records: %w", err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("keep audit records: %w", err)
	}
	return nil
}

// merge hands the entries of each file to take, and removes the file once they
// are taken. Files of other instances are taken over when they seem orphaned.
// An entry may be handed over twice, if its file could not be removed.
func (s *spool) merge(now time.Time, take func([]stamped) error) error {
	files, err := filepath.Glob(filepath.Join(s.dir, "audit-*"+spoolSuffix))
	if err != nil {
		return fmt.Errorf("look for audit records: %w", err)
	}
	for _, file := range files {
		if file != s.file && !leftAlone(file, now) {
			continue
		}
		if err := s.mergeFile(file, take); err != nil {
			return err
		}
	}
	return nil
}

func leftAlone(file string, now time.Time) bool {
	info, err := os.Stat(file)
	return err == nil && now.Sub(info.ModTime()) > orphaned
}

func (s *spool) mergeFile(file string, take func([]stamped) error) error {
	if file != s.file { // ours from now on, so that no other instance merges it
		mine := filepath.Join(s.dir, "audit-"+newID()+spoolSuffix)
		if err := os.Rename(file, mine); errors.Is(err, fs.ErrNotExist) {
			return nil
		} else if err != nil {
			return fmt.Errorf("take over audit records: %w", err)
		}
		file = mine
	}
	entries, err := s.read(file)
	if err != nil {
		return err
	}
	if err := take(entries); err != nil {
		return err
	}
	if err := os.Remove(file); err != nil {
		return fmt.Errorf("remove merged audit records: %w", err)
	}
	return nil
}

// read answers the entries of a file. Lines that were left half-written, or
// changed by somebody without the key, are no entries.
func (s *spool) read(file string) ([]stamped, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read audit records: %w", err)
	}
	defer f.Close()
	var entries []stamped
	lines := bufio.NewScanner(io.LimitReader(f, maxSpool))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		seal, body, _ := strings.Cut(lines.Text(), " ")
		var e stamped
		if s.seal.holds(body, seal) && json.Unmarshal([]byte(body), &e) == nil {
			entries = append(entries, e)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read audit records: %w", err)
	}
	return entries, nil
}
