package text

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/helix-collective/helix/shell"
)

func wcTool() *tool {
	return &tool{
		name: "wc", synopsis: "[-l] [-w] [-c] [-m]",
		summary: "count lines, words and bytes",
		flags: []flag{
			{"l", "lines", "", "count lines"},
			{"w", "words", "", "count words"},
			{"c", "bytes", "", "count bytes"},
			{"m", "chars", "", "count characters of UTF-8"},
		},
		notes: "A key is one line, whatever it holds.",
		run:   runWc,
	}
}

// tally is what wc counts.
type tally struct{ lines, words, bytes, chars int64 }

func (t *tally) add(rec shell.Record, words, chars bool) {
	t.bytes += int64(size(rec))
	if !rec.Open {
		t.lines++
	}
	if words {
		t.words += countWords(rec.Text)
	}
	if chars {
		t.chars += int64(utf8.RuneCount(rec.Text) + size(rec) - len(rec.Text))
	}
}

// countWords counts runs of what is neither space nor, by itself, a control
// character.
func countWords(line []byte) int64 {
	var n int64
	in := false
	for _, c := range line {
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			in = false
		case !in && c > ' ' && c != 0x7f:
			in = true
			n++
		}
	}
	return n
}

func runWc(ctx context.Context, j *job) (int, error) {
	words, chars := j.has("w") || len(j.given) == 0, j.has("m")
	var t tally
	err := eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		t.add(rec, words, chars)
		return nil
	})
	if err != nil {
		return 0, err
	}
	_, err = j.Stdout.WriteString(j.wcLine(t))
	return 0, err
}

// wcLine lays the counts out as wc does for a pipe: one alone as it is,
// several in columns of seven.
func (j *job) wcLine(t tally) string {
	var counts []int64
	for _, c := range []struct {
		key   string
		n     int64
		plain bool
	}{{"l", t.lines, true}, {"w", t.words, true}, {"m", t.chars, false}, {"c", t.bytes, true}} {
		if j.has(c.key) || c.plain && len(j.given) == 0 {
			counts = append(counts, c.n)
		}
	}
	width := 7
	if len(counts) == 1 {
		width = 1
	}
	cells := make([]string, len(counts))
	for i, n := range counts {
		cells[i] = fmt.Sprintf("%*d", width, n)
	}
	if len(j.operands) > 0 {
		cells = append(cells, "-")
	}
	return strings.Join(cells, " ") + "\n"
}
