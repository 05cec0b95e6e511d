package commands

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/helix-collective/helix/keyspace"
)

// Progress follows a running program from outside. The zero Progress is ready
// to be given to one Request. Its methods may be called from several goroutines.
type Progress struct {
	mu    sync.Mutex
	began time.Time // of the scan
	scan  keyspace.Progress
	calls int64 // to Redis, made together with others

	planned int64     // changes recorded for a plan
	changes int64     // changes made
	total   int64     // changes that are to be made; 0: nobody knows
	unit    string    // of these two
	inKeys  bool      // they count keys rather than commands
	changed time.Time // when the first was

	viewing viewing
}

// scanned notes how far a scan is. One that has looked at less than before is
// another.
func (p *Progress) scanned(at keyspace.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() || at.Looked < p.scan.Looked {
		p.began = time.Now()
	}
	p.scan = at
}

// called notes calls that have been made.
func (p *Progress) called(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls += int64(n)
}

// recorded notes how many changes a plan has so far.
func (p *Progress) recorded(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.planned = n
}

// expect notes how many changes are to be made: commands, or where they change
// more keys than that, keys.
func (p *Progress) expect(commands, keys int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total, p.unit, p.changed = commands, "changes made", time.Now()
	if keys > commands {
		p.total, p.unit, p.inKeys = keys, "keys changed", true
	}
}

// made notes how many changes have been made, and to how many keys.
func (p *Progress) made(commands, keys int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes = commands
	if p.inKeys {
		p.changes = keys
	}
}

// Percent answers how much of the keyspace the latest scan has looked at, from
// 0 to 100; ok is false where there is no scan, or no way to tell.
func (p *Progress) Percent() (percent int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.percent()
}

func (p *Progress) percent() (int, bool) {
	if p.total > 0 {
		return int(100 * min(p.changes, p.total) / p.total), true
	}
	if p.scan.Total == 0 {
		return 0, false
	}
	return int(100 * min(p.scan.Looked, p.scan.Total) / p.scan.Total), true
}

// String says how far the program is, for people: "61 % of the keyspace looked
// at · 612,000 keys found · about 8 s left". It is empty while there is nothing
// to tell.
func (p *Progress) String() string {
	parts := p.reached()
	if left := p.left(); left >= time.Second {
		parts = append(parts, "about "+left.String()+" left")
	}
	return strings.Join(parts, " · ")
}

// reached says how far the program came.
func (p *Progress) reached() []string {
	seen := p.seen()
	p.mu.Lock()
	defer p.mu.Unlock()
	var parts []string
	if p.total > 0 {
		return []string{fmt.Sprintf("%s of %s %s", grouped(p.changes), grouped(p.total), p.unit), p.rate()}
	}
	if percent, known := p.percent(); known {
		parts = append(parts, fmt.Sprintf("%d %% of the keyspace looked at", percent))
	}
	if p.scan.Looked > 0 {
		parts = append(parts, keys(p.scan.Keys)+" found")
	}
	if p.calls > 0 {
		parts = append(parts, counted(p.calls, "call", "calls")+" made")
	}
	if p.planned > 0 {
		parts = append(parts, counted(p.planned, "change", "changes")+" planned")
	}
	if p.changes > 0 {
		parts = append(parts, counted(p.changes, "change", "changes")+" made")
	}
	if seen > 0 {
		parts = append(parts, grouped(seen)+" "+unitOf(seen)+" seen")
	}
	return parts
}

// rate says how many changes are made in a second.
func (p *Progress) rate() string {
	seconds := time.Since(p.changed).Seconds()
	return grouped(int64(float64(p.changes)/max(seconds, 0.001))) + " a second"
}

// left estimates how long the scan will still take, in whole seconds.
func (p *Progress) left() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total > 0 && p.changes > 0 {
		each := time.Since(p.changed) / time.Duration(p.changes)
		return (each * time.Duration(p.total-p.changes)).Round(time.Second)
	}
	if p.scan.Looked == 0 || p.scan.Looked >= p.scan.Total {
		return 0
	}
	each := time.Since(p.began) / time.Duration(p.scan.Looked)
	return (each * time.Duration(p.scan.Total-p.scan.Looked)).Round(time.Second)
}

// grouped writes a number with a comma between thousands.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
