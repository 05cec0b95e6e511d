package shell_test

import (
	"errors"
	"testing"
	"time"

	"github.com/helix-collective/helix/shell"
)

func TestLimitsSayWhatWasReached(t *testing.T) {
	for name, c := range map[string]struct {
		limits shell.Limits
		source string
		want   string
	}{
		"steps":     {shell.Limits{Steps: 10}, `while true; do true; done`, "stopped: the program is limited to 10 steps"},
		"seconds":   {shell.Limits{Wall: time.Second}, `wait`, "stopped: the run time is limited to 1 seconds"},
		"wall":      {shell.Limits{Wall: 5 * time.Millisecond}, `wait`, "stopped: the run time is limited to 5 milliseconds"},
		"variable":  {shell.Limits{Variable: 5}, `x=123456`, "stopped: the variable x is limited to 5 bytes"},
		"by read":   {shell.Limits{Variable: 5}, `echo 123456 | read x`, "stopped: the variable x is limited to 5 bytes"},
		"by for":    {shell.Limits{Variable: 5}, `for x in 123456; do true; done`, "stopped: the variable x is limited to 5 bytes"},
		"held":      {shell.Limits{Held: 1000}, `x=$(zeros 2000)`, "stopped: what $(…) captures is limited to 1000 bytes"},
		"output":    {shell.Limits{Output: 10}, `echo 1234567890`, "stopped: the output is limited to 10 bytes"},
		"depth":     {shell.Limits{Depth: 2}, `echo $(echo $(echo $(echo a)))`, "stopped: nesting is limited to 2 levels of $(…), ( … ) and sh -c"},
		"subshells": {shell.Limits{Depth: 1}, `( ( true ) )`, "stopped: nesting is limited to 1 levels of $(…), ( … ) and sh -c"},
		"scripts":   {shell.Limits{Depth: 1}, `sh -c 'sh -c true'`, "stopped: nesting is limited to 1 levels of $(…), ( … ) and sh -c"},
		"words":     {shell.Limits{Words: 3}, `echo 1 2 3`, "stopped: one command is limited to 3 words"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, c.source, within(c.limits))
			var limit *shell.LimitError
			if !errors.As(got.fault, &limit) || limit.Error() != c.want {
				t.Errorf("ended with %v, want %s", got.fault, c.want)
			}
		})
	}
}

func TestAProgramWithinItsLimitsReachesNone(t *testing.T) {
	limits := shell.Limits{Steps: 5, Variable: 3, Output: 4, Depth: 1, Words: 2}
	got := run(t, `x=123; (echo $x)`, within(limits))
	if got.fault != nil || got.out != "123\n" {
		t.Errorf("ended with %q, %v", got.out, got.fault)
	}
}

func TestOutputLimitCountsBothStreamsAndLetsThroughWhatFits(t *testing.T) {
	got := run(t, `echo 123; echo 456 >&2; echo 789`, within(shell.Limits{Output: 10}))
	if got.out != "123\n78" || got.err != "456\n" {
		t.Errorf("got %q and %q", got.out, got.err)
	}
	var limit *shell.LimitError
	if !errors.As(got.fault, &limit) {
		t.Errorf("ended with %v", got.fault)
	}
}

// A budget is for what is held at once: what was let go of does not count.
func TestWhatIsLetGoOfNoLongerCounts(t *testing.T) {
	limits := shell.Limits{Held: 300_000}
	source := `i=0; while [ $i -lt 200 ]; do i=$((i+1))
		x=$(zeros 10000); (y=$(zeros 10000)); zeros 9000 | while read z; do true; done
		for w in $(zeros 10000); do true; done; zeros 9000 | xargs true; sh -c 'x=$(zeros 9000)'
	done`
	if got := run(t, source, within(limits)); got.fault != nil {
		t.Error(got.fault)
	}
}

func TestZeroLimitsAreTheDefaults(t *testing.T) {
	if got := shell.NewBudget(shell.Limits{}).Limits(); got != shell.DefaultLimits() {
		t.Errorf("got %+v", got)
	}
	own := shell.Limits{Wall: 1, Steps: 2, Variable: 3, Held: 4, Output: 5, Depth: 6, Words: 7}
	if got := shell.NewBudget(own).Limits(); got != own {
		t.Errorf("got %+v", got)
	}
}

func TestBudgetHoldsUntilReleased(t *testing.T) {
	b := shell.NewBudget(shell.Limits{Held: 10})
	if err := b.Hold("sort", 10); err != nil {
		t.Fatal(err)
	}
	err := b.Hold("sort", 1)
	if err == nil || err.Error() != "stopped: sort is limited to 10 bytes" {
		t.Errorf("answered %v", err)
	}
	b.Release(11)
	if err := b.Hold("sort", 10); err != nil {
		t.Error(err)
	}
}
