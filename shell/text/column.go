package text

import (
	"bytes"
	"context"
	"unicode/utf8"

	"github.com/helix-collective/helix/shell"
)

func columnTool() *tool {
	return &tool{
		name: "column", synopsis: "-t [-s CHARS] [-o TEXT]",
		summary: "line fields up in columns",
		flags: []flag{
			{"t", "table", "", "make a table (it does nothing else, so this may be left out)"},
			{"s", "separator", "CHARS", "what separates fields (runs of blanks)"},
			{"o", "output-separator", "TEXT", "what to put between columns (two blanks)"},
		},
		notes: "What it holds counts against the program's memory.",
		run:   runColumn,
	}
}

// maxColumns bounds the columns of a table.
const maxColumns = 4096

// table is one call of column.
type table struct {
	lines     *arena
	separator string // "" for runs of blanks
	between   []byte
	widths    []int
	cells     [][]byte
	out       []byte
}

func runColumn(ctx context.Context, j *job) (int, error) {
	t := &table{lines: newArena("column", j.Budget), between: []byte("  ")}
	defer t.lines.free()
	t.separator, _ = j.value("s")
	if o, ok := j.value("o"); ok {
		t.between = []byte(o)
	}
	err := eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		rec.Open = false
		if err := t.measure(rec.Text); err != nil || len(t.cells) == 0 {
			return err
		}
		return t.lines.append(rec)
	})
	if err != nil {
		return 0, err
	}
	var tick ticker
	return 0, t.lines.walk(0, func(_ ref, rec shell.Record) error {
		if err := tick.tick(ctx); err != nil {
			return err
		}
		return t.write(j.Stdout, rec)
	})
}

// measure widens the columns to what a line needs.
func (t *table) measure(line []byte) error {
	t.split(line)
	if len(t.cells) > maxColumns {
		return misuse("a line has more than %d columns", maxColumns)
	}
	for i, cell := range t.cells {
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		t.widths[i] = max(t.widths[i], utf8.RuneCount(cell))
	}
	return nil
}

// split cuts a line into cells. Only blanks separate in runs.
func (t *table) split(line []byte) {
	t.cells = t.cells[:0]
	if t.separator == "" {
		for rest := trimBlanks(line); len(rest) > 0; rest = trimBlanks(rest) {
			n := bytes.IndexAny(rest, " \t")
			if n < 0 {
				n = len(rest)
			}
			t.cells = append(t.cells, rest[:n])
			rest = rest[n:]
		}
		return
	}
	if len(trimBlanks(line)) == 0 {
		return
	}
	for {
		n := bytes.IndexAny(line, t.separator)
		if n < 0 {
			t.cells = append(t.cells, line)
			return
		}
		t.cells = append(t.cells, line[:n])
		line = line[n+runeSize(line[n:]):]
	}
}

func trimBlanks(b []byte) []byte { return b[skipBlanks(b, 0):] }

// maxPadding bounds a row that is mostly blanks.
const maxPadding = maxMade

func (t *table) write(w *shell.Writer, rec shell.Record) error {
	t.split(rec.Text)
	t.out = t.out[:0]
	for i, width := range t.widths {
		var cell []byte
		if i < len(t.cells) {
			cell = t.cells[i]
		}
		t.out = append(t.out, cell...)
		if i == len(t.widths)-1 {
			break
		}
		if len(t.out)+width+len(t.between) > maxPadding {
			return &shell.LimitError{Limit: "a row of column", Max: maxPadding, Unit: "bytes"}
		}
		t.out = append(t.out, bytes.Repeat([]byte{' '}, width-utf8.RuneCount(cell))...)
		t.out = append(t.out, t.between...)
	}
	return derive(w, rec, t.out)
}
