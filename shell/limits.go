package shell

import (
	"fmt"
	"sync/atomic"
	"time"
)

// Limits bounds what one program may use. A zero field means its default.
type Limits struct {
	Wall     time.Duration // from start to end
	Steps    int64         // commands run and loop rounds
	Variable int64         // bytes in one variable
	Held     int64         // bytes held at once by variables, captures, sort and their like
	Output   int64         // bytes on standard output and standard error together
	Depth    int           // sh -c, $(…) and subshells inside one another
	Words    int64         // words that one expansion may yield
}

// DefaultLimits answers the limits of a program that names none.
func DefaultLimits() Limits {
	return Limits{
		Wall:     60 * time.Second,
		Steps:    5_000_000,
		Variable: 1 << 20,
		Held:     24 << 20,
		Output:   64 << 20,
		Depth:    16,
		Words:    100_000,
	}
}

// LimitError says which limit a program reached.
type LimitError struct {
	Limit string // as in "output" or "sort"
	Max   int64
	Unit  string // as in "bytes"
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("stopped: %s is limited to %d %s", e.Limit, e.Max, e.Unit)
}

// Budget counts what a running program uses against its Limits. Its methods
// may be called from several goroutines.
type Budget struct {
	limits Limits
	steps  atomic.Int64
	held   atomic.Int64
	output atomic.Int64
}

// NewBudget returns a fresh Budget; zero limits take their defaults.
func NewBudget(l Limits) *Budget {
	d := DefaultLimits()
	if l.Wall == 0 {
		l.Wall = d.Wall
	}
	if l.Steps == 0 {
		l.Steps = d.Steps
	}
	if l.Variable == 0 {
		l.Variable = d.Variable
	}
	if l.Held == 0 {
		l.Held = d.Held
	}
	if l.Output == 0 {
		l.Output = d.Output
	}
	if l.Depth == 0 {
		l.Depth = d.Depth
	}
	if l.Words == 0 {
		l.Words = d.Words
	}
	return &Budget{limits: l}
}

// Step counts one command or loop round.
func (b *Budget) Step() error {
	if b.steps.Add(1) > b.limits.Steps {
		return &LimitError{Limit: "the program", Max: b.limits.Steps, Unit: "steps"}
	}
	return nil
}

// Hold counts n more bytes held by what (as in "sort"). Every Hold needs its
// Release, also when it answered an error.
func (b *Budget) Hold(what string, n int64) error {
	if b.held.Add(n) > b.limits.Held {
		return &LimitError{Limit: what, Max: b.limits.Held, Unit: "bytes"}
	}
	return nil
}

// Release gives back n held bytes.
func (b *Budget) Release(n int64) { b.held.Add(-n) }

// Limits answers the limits in force, defaults filled in.
func (b *Budget) Limits() Limits { return b.limits }
