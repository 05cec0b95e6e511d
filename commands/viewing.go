package commands

import (
	"bytes"
	"slices"
	"sync"

	"github.com/helix-collective/helix/redact"
)

const (
	tailLines = 10  // that Progress.Tail answers
	tailBytes = 400 // of a line
)

// viewing is what somebody who follows a program sees of its live views, and
// how they end them. The zero viewing is ready for use.
type viewing struct {
	mu    sync.Mutex
	stop  chan struct{} // made at the first use; closed once views shall end
	ended bool
	views int // that run
	seen  int64
	tail  [][]byte
}

// EndViews ends the program's live views as if their time were over, so that
// what stands behind them in a pipe still does its work. It reports whether
// there are any; no other begins after that.
func (p *Progress) EndViews() bool {
	v := &p.viewing
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.views == 0 {
		return false
	}
	if !v.ended {
		v.ended = true
		close(v.stopping())
	}
	return true
}

// Tail answers the last ten lines that live views have shown, each at its end
// without a line break and cut where it is long.
func (p *Progress) Tail() []string {
	v := &p.viewing
	v.mu.Lock()
	defer v.mu.Unlock()
	lines := make([]string, len(v.tail))
	for i, l := range v.tail {
		lines[i] = string(l)
	}
	return lines
}

// seen answers how many lines live views have shown.
func (p *Progress) seen() int64 {
	p.viewing.mu.Lock()
	defer p.viewing.mu.Unlock()
	return p.viewing.seen
}

func (v *viewing) stopping() chan struct{} {
	if v.stop == nil {
		v.stop = make(chan struct{})
	}
	return v.stop
}

func (v *viewing) add(line []byte) {
	if len(v.tail) == tailLines {
		v.tail = v.tail[1:]
	}
	v.seen++
	v.tail = append(v.tail, line)
}

// viewer is a guard.Viewer that fills a Progress. What it is shown is looked at
// once more where the answer is redacted.
type viewer struct {
	*viewing
	redactor *redact.Redactor // nil: nothing is hidden
}

// Begin notes a view.
func (v viewer) Begin() (stop <-chan struct{}, over func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.views++
	return v.stopping(), func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.views--
	}
}

// Saw keeps the last lines, but for what MONITOR shows of Helix's own keys and of
// looks at the clock: it asks for its settings and the time so often that the few
// lines would show nothing else.
func (v viewer) Saw(printed []byte) {
	if bytes.Contains(printed, []byte(`"{helix}:`)) || asksForTime(printed) {
		return
	}
	if v.redactor != nil {
		printed = v.redactor.Text(printed)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for line := range bytes.Lines(printed) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		v.add(slices.Clone(line[:min(len(line), tailBytes)]))
	}
}

// asksForTime reports whether a line of MONITOR is the command TIME.
func asksForTime(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte("\n"))
	const command = `] "time"`
	return len(line) >= len(command) && bytes.EqualFold(line[len(line)-len(command):], []byte(command))
}
