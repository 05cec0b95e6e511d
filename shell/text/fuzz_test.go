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

// FuzzWorkers does so with awk and jq, in their own process: whatever program they
// are given, the call ends when its time does, and its process with it.
func FuzzWorkers(f *testing.F) {
	for _, r := range rows {
		if args := words(r.line); (args[0] == "awk" || args[0] == "jq") && len(r.in) < 1000 {
			f.Add(args[0] == "jq", strings.Join(args[1:], "\x00"), r.in)
		}
	}
	f.Add(false, "BEGIN{while(1){}}", "")
	f.Add(true, "[range(1e9)]", "{}")
	f.Add(false, `BEGIN{system("id"); print > "/tmp/x"; getline < "/etc/passwd"}`, "")
	f.Fuzz(func(t *testing.T, jq bool, joined, in string) {
		name := map[bool]string{true: "jq", false: "awk"}[jq]
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		limits := shell.Limits{Wall: 10 * time.Second, Steps: 100_000, Variable: 1 << 20, Held: 8 << 20, Output: 1 << 20, Depth: 16, Words: 1000}
		r := runWithin(ctx, t, limits, in, name, strings.Split(joined, "\x00")...)
		var limit *shell.LimitError
		if r.err != nil && !errors.As(r.err, &limit) && !errors.Is(r.err, context.DeadlineExceeded) {
			t.Fatalf("%s %q ended with %v", name, joined, r.err)
		}
	})
}
