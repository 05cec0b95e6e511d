package text

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/shell"
)

func nlTool() *tool {
	return &tool{
		name: "nl", synopsis: "[-b a|t|n] [-w N] [-s TEXT] [-v N]",
		summary: "put numbers before lines",
		flags: []flag{
			{"b", "body-numbering", "STYLE", "a: all lines, t: those not empty (the default), n: none"},
			{"w", "number-width", "N", "columns for the number (6)"},
			{"s", "number-separator", "TEXT", "what follows the number (a tab)"},
			{"v", "starting-line-number", "N", "the first number (1)"},
		},
		run: runNl,
	}
}

func runNl(ctx context.Context, j *job) (int, error) {
	style, width, separator, number := "t", 6, "\t", int64(1)
	if s, ok := j.value("b"); ok {
		style = s
	}
	if len(style) != 1 || !strings.Contains("atn", style) {
		return 0, misuse("-b knows a, t and n, not %q", style)
	}
	if s, ok := j.value("s"); ok {
		separator = s
	}
	if s, ok := j.value("w"); ok {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > maxWidth {
			return 0, misuse("-w needs a number from 1 to %d, not %q", maxWidth, s)
		}
		width = n
	}
	if s, ok := j.value("v"); ok {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, misuse("-v needs a number, not %q", s)
		}
		number = n
	}
	unnumbered := strings.Repeat(" ", width+len(separator))
	var line []byte
	return 0, eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if style == "a" || style == "t" && len(rec.Text) > 0 {
			line = fmt.Appendf(line[:0], "%*d%s", width, number, separator)
			number++
		} else {
			line = append(line[:0], unnumbered...)
		}
		rec.Open = false
		return derive(j.Stdout, rec, append(line, rec.Text...))
	})
}
