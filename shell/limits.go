package shell

import (
	"cmp"
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
func NewBudget(l Limits) *Budget { return &Budget{limits: l.withDefaults()} }

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	return Limits{
		Wall:     cmp.Or(l.Wall, d.Wall),
		Steps:    cmp.Or(l.Steps, d.Steps),
		Variable: cmp.Or(l.Variable, d.Variable),
		Held:     cmp.Or(l.Held, d.Held),
		Output:   cmp.Or(l.Output, d.Output),
		Depth:    cmp.Or(l.Depth, d.Depth),
		Words:    cmp.Or(l.Words, d.Words),
	}
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

// Room answers how many more bytes may be held at this moment; below zero, too many
// are.
func (b *Budget) Room() int64 { return b.limits.Held - b.held.Load() }

// Release gives back n held bytes.
func (b *Budget) Release(n int64) { b.held.Add(-n) }

// beside answers a budget for what a program can do without. What that holds is
// no part of what the program may hold, and at most a quarter as much.
func (b *Budget) beside() *Budget {
	limits := b.limits
	limits.Held /= 4
	return NewBudget(limits)
}

// Limits answers the limits in force, defaults filled in.
func (b *Budget) Limits() Limits { return b.limits }

// grant counts n bytes of output and answers how many of them may go out.
func (b *Budget) grant(n int64) (allowed int64, err error) {
	over := b.output.Add(n) - b.limits.Output
	if over <= 0 {
		return n, nil
	}
	return max(n-over, 0), &LimitError{Limit: "the output", Max: b.limits.Output, Unit: "bytes"}
}

// wallError is why a program that took too long was stopped.
func (b *Budget) wallError() error {
	if wall := b.limits.Wall; wall < time.Second || wall%time.Second != 0 {
		return &LimitError{Limit: "the run time", Max: wall.Milliseconds(), Unit: "milliseconds"}
	}
	return &LimitError{Limit: "the run time", Max: int64(b.limits.Wall / time.Second), Unit: "seconds"}
}
