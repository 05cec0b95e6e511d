package text

import (
	"context"
	"strings"
)

func echoTool() *tool {
	return &tool{
		name: "echo", synopsis: "[-n] [-e | -E] [TEXT…]",
		summary: "write its arguments on a line",
		flags: []flag{
			{"n", "", "", "no line break at the end"},
			{"e", "", "", `resolve \n \t \\ \0101 \x41 \c and their like`},
			{"E", "", "", "leave backslashes alone (the default)"},
		},
		literal: true,
		run:     runEcho,
	}
}

func runEcho(_ context.Context, j *job) (int, error) {
	args, resolve, open := echoFlags(j.operands)
	// A shortened key alone on its line goes on standing for the whole key.
	if len(args) == 1 && !resolve && !open {
		if a := j.Args[len(j.Args)-1]; a.Whole != a.Text {
			return 0, j.Stdout.WriteKey([]byte(a.Text), []byte(a.Whole))
		}
	}
	line := []byte(strings.Join(args, " "))
	if resolve {
		var stop bool
		line, stop = resolved(string(line), escapeRules{zeroOctal: true, stop: true})
		open = open || stop
	}
	if !open {
		line = append(line, '\n')
	}
	_, err := j.Stdout.Write(line)
	return 0, err
}

// echoFlags takes the leading arguments that consist of n, e and E alone.
func echoFlags(args []string) (rest []string, resolve, open bool) {
	for len(args) > 0 {
		letters, dashed := strings.CutPrefix(args[0], "-")
		if !dashed || letters == "" || strings.Trim(letters, "neE") != "" {
			break
		}
		open = open || strings.Contains(letters, "n")
		if i := strings.LastIndexAny(letters, "eE"); i >= 0 {
			resolve = letters[i] == 'e'
		}
		args = args[1:]
	}
	return args, resolve, open
}

// resolved is s with its escapes resolved; stop is true if \c ended it.
func resolved(s string, rules escapeRules) (out []byte, stop bool) {
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			out = append(out, s[i])
			i++
			continue
		}
		var n int
		out, n, stop = unescape(out, s[i+1:], rules)
		if stop {
			return out, true
		}
		i += 1 + n
	}
	return out, false
}
