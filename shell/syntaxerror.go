package shell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// SyntaxError says why a source was refused. Nothing of it has run.
type SyntaxError struct {
	Line, Column int    // both from one; Column counts characters
	Construct    string // what is not part of the language, as in "here-document"; "" if the source is malformed
	Message      string // one sentence without a full stop
	Source       string // the whole source
}

func (e *SyntaxError) Error() string {
	if strings.Contains(strings.TrimRight(e.Source, "\n"), "\n") {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
	}
	return fmt.Sprintf("column %d: %s", e.Column, e.Message)
}

// excerptColumns is how wide an excerpt gets at most.
const excerptColumns = 80

// Excerpt answers the source line and, below it, a caret under the column.
// Both fit into 80 columns of a fixed-width font: a longer line is cut at
// either end, which an ellipsis shows. A tab takes one column; characters that
// would disturb the picture are replaced by "�".
func (e *SyntaxError) Excerpt() string {
	cells := cellsOf(lineOf(e.Source, e.Line))
	at := min(max(e.Column-1, 0), len(cells))
	from, to := window(cells, at)

	var line strings.Builder
	indent := 0
	if from > 0 {
		line.WriteString("…")
		indent++
	}
	for i, c := range cells[from:to] {
		line.WriteString(c.text)
		if from+i < at {
			indent += c.columns
		}
	}
	if to < len(cells) {
		line.WriteString("…")
	}
	return line.String() + "\n" + strings.Repeat(" ", indent) + "^"
}

// lineOf answers a line of source, counted from one, without its end.
func lineOf(source string, line int) string {
	lines := strings.Split(source, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	return strings.TrimSuffix(lines[line-1], "\r")
}

// cell is one character of an excerpt and the columns that it takes.
type cell struct {
	text    string
	columns int
}

func cellsOf(line string) []cell {
	cells := make([]cell, 0, len(line))
	for _, r := range line {
		cells = append(cells, cellOf(r))
	}
	return cells
}

func cellOf(r rune) cell {
	switch {
	case r == '\t':
		return cell{" ", 1}
	case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return cell{"�", 1}
	case unicode.In(r, unicode.Mn, unicode.Me):
		return cell{string(r), 0}
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return cell{string(r), 2}
	}
	return cell{string(r), 1}
}

// window chooses the cells to show: all if they fit, else those around at.
// Two columns are kept for the ellipses and one for a caret behind the line.
func window(cells []cell, at int) (from, to int) {
	const room = excerptColumns - 3
	columns := 0
	for _, c := range cells {
		columns += c.columns
	}
	if columns <= room {
		return 0, len(cells)
	}
	from, to, columns = at, at, 0
	for {
		grown := false
		if from > 0 && columns+cells[from-1].columns <= room {
			from--
			columns += cells[from].columns
			grown = true
		}
		if to < len(cells) && columns+cells[to].columns <= room {
			columns += cells[to].columns
			to++
			grown = true
		}
		if !grown {
			return from, to
		}
	}
}
