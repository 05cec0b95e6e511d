package console

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxHistory     = 1000    // lines kept
	maxHistoryLine = 4 << 10 // bytes
)

// history is what was typed, line by line, in memory and in a file that only
// its owner may read. It leaves out messages that look like holding a secret,
// and those that begin with a space. A nil history keeps nothing.
type history struct {
	private func(message string) bool
	lines   []string
	file    *os.File // nil: in memory only
	told    func(lines []string)
}

// DefaultHistoryFile is where the history of this user belongs.
func DefaultHistoryFile() (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the home folder: %w", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "helix", "history"), nil
}

// openHistory reads what earlier conversations left. After an error the
// history works, but in memory only.
func openHistory(path string, private func(message string) bool) (*history, error) {
	h := &history{private: private}
	if path == "" {
		return h, nil
	}
	file, err := openPrivate(path)
	if err != nil {
		return h, err
	}
	total, err := h.load(file)
	if err == nil && total > 2*maxHistory {
		file, err = h.shorten(path, file)
	}
	if err != nil {
		return h, errors.Join(err, file.Close())
	}
	h.file = file
	return h, nil
}

// openPrivate opens a file for reading and appending that nobody else may
// read, whatever it was before.
func openPrivate(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = file.Chmod(0o600)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// load takes the last lines of the file, and answers how many there were.
// What is not a line as add writes it is passed over.
func (h *history) load(file io.Reader) (total int, err error) {
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		total++
		if l := scanner.Text(); keepable(l) {
			h.push(l)
		}
	}
	return total, scanner.Err()
}

func (h *history) push(line string) {
	h.lines = append(h.lines, line)
	if len(h.lines) > 2*maxHistory {
		h.lines = slices.Delete(h.lines, 0, len(h.lines)-maxHistory)
	}
}

// shorten replaces the file by one with the last lines only.
func (h *history) shorten(path string, old *os.File) (*os.File, error) {
	h.lines = h.lines[max(0, len(h.lines)-maxHistory):]
	file, err := os.CreateTemp(filepath.Dir(path), ".history-*") // mode 0600
	if err != nil {
		return old, err
	}
	_, err = io.WriteString(file, strings.Join(h.lines, "\n")+"\n")
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return old, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return file, old.Close()
}

// recall sets who is told of the lines kept so far, and of each further
// message with the lines of it that are kept. The first thing within reach is
// help where there is nothing else.
func (h *history) recall(tell func(lines []string)) {
	if h == nil {
		return
	}
	h.told = tell
	if len(h.lines) == 0 {
		tell([]string{"help"})
		return
	}
	tell(h.lines)
}

// add keeps a message, line by line, unless it is private. A line that repeats
// the last one is not kept twice. A fault in writing ends the keeping in the
// file, not the conversation.
func (h *history) add(message string) {
	if h == nil {
		return
	}
	var kept []string
	if !h.isPrivate(message) {
		kept = slices.DeleteFunc(strings.Split(message, "\n"), func(l string) bool { return !keepable(l) })
	}
	for _, l := range kept {
		if len(h.lines) > 0 && h.lines[len(h.lines)-1] == l {
			continue
		}
		h.push(l)
		h.write(l)
	}
	if h.told != nil {
		h.told(kept)
	}
}

func (h *history) write(line string) {
	if h.file == nil {
		return
	}
	if _, err := io.WriteString(h.file, line+"\n"); err != nil {
		h.close()
	}
}

func (h *history) close() {
	if h != nil && h.file != nil {
		_ = h.file.Close()
		h.file = nil
	}
}

func keepable(line string) bool {
	return strings.TrimSpace(line) != "" && len(line) <= maxHistoryLine && onOneLine(line)
}

// onOneLine reports whether a terminal shows all of text, on one line.
func onOneLine(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return r == '\n' || !passes(r) }) < 0
}

// secretForms are the forms in which secrets are given. They are too many
// rather than too few: a message left out of the history is no loss.
var secretForms = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`\bauth\b`, `masterauth`, `\bacl\b.*\bsetuser\b`,
	`pass(word|wd|phrase)`, `pass\b`,
	`(^|\s)-a\s*\S`, // redis-cli -a
	`secret`, `token`, `credential`, `bearer\s`,
	`(api|private|signing|access)[._-]?key`, `[._-]key\b\s*=`,
	`://[^\s/]*@`,                        // redis://user:word@host
	`[\w-]{20,}\.[\w-]{5,8}\.[\w-]{25,}`, // a Discord token by itself
}, "|"))

func (h *history) isPrivate(message string) bool {
	return strings.HasPrefix(message, " ") || secretForms.MatchString(message) ||
		h.private != nil && h.private(message)
}
