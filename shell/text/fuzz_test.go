package text_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/shell"
)

// FuzzCommands runs commands with any arguments and input: whatever they are,
// a call ends, and ends in words or by a limit. awk and jq are left out; what
// they do, they do in a process of their own.
func FuzzCommands(f *testing.F) {
	for _, r := range rows {
		if args := words(r.line); args[0] != "awk" && args[0] != "jq" && len(r.in) < 1000 {
			f.Add(args[0], strings.Join(args[1:], "\x00"), r.in)
		}
	}
	f.Fuzz(func(t *testing.T, name, joined, in string) {
		if name == "awk" || name == "jq" || !known(name) {
			return
		}
		var args []string
		if joined != "" {
			args = strings.Split(joined, "\x00")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		limits := shell.Limits{Wall: 2 * time.Second, Steps: 100_000, Variable: 1 << 20, Held: 8 << 20, Output: 1 << 20, Depth: 16, Words: 1000}
		r := runWithin(ctx, t, limits, in, name, args...)
		var limit *shell.LimitError
		if r.err != nil && !errors.As(r.err, &limit) {
			t.Fatalf("%s %q ended with %v", name, args, r.err)
		}
		if r.err == nil && r.status == 2 && r.stderr == "" && name != "sed" { // whose q answers any status
			t.Fatalf("%s %q failed without a word", name, args)
		}
	})
}

func known(name string) bool {
	_, ok := allCommands()[name]
	return ok
}
