package commands

import (
	"strings"

	"github.com/rivo/uniseg"
)

// Table is rows in columns. Where the columns have no titles, each row is a name
// and what is said of it.
type Table struct {
	Columns []Column
	Rows    [][]string // as many cells in each as there are columns
}

// Column is how a column of a table is called, and how little it is needed.
type Column struct {
	Title string // empty: the column before it has that of both
	Drop  int    // where room lacks, columns go by this, the greatest first; 0: never
}

const (
	columnGap   = 2 // blanks between columns
	leastColumn = 8 // what a column is shortened to at most
)

// figures is a table of names and what is said of each.
func figures(rows ...[]string) Table {
	return Table{Columns: make([]Column, len(rows[0])), Rows: rows}
}

// Named reports whether the table has no titles.
func (t Table) Named() bool {
	for _, c := range t.Columns {
		if c.Title != "" {
			return false
		}
	}
	return true
}

// Text sets the table in columns, its titles above, whatever its width.
func (t Table) Text() string {
	var b strings.Builder
	lines := t.lines()
	widths := widthsOf(lines)
	for _, line := range lines {
		b.WriteString(inColumns(line, widths) + "\n")
	}
	return b.String()
}

// Fit sets it in lines of at most so many columns of a terminal: columns that
// are needed least go first, then the widest are shortened. whole is false if
// something is left out. It never gets narrower than its columns shortened to
// eight.
func (t Table) Fit(columns int) (text string, whole bool) {
	fitted := t
	for widthOf(fitted.lines()) > columns {
		least := fitted.leastNeeded()
		if least < 0 {
			return fitted.shortened(columns).Text(), false
		}
		fitted = fitted.without(least)
	}
	return fitted.Text(), len(fitted.Columns) == len(t.Columns)
}

// With is the table with a change made to each title and cell.
func (t Table) With(change func(string) string) Table {
	changed := Table{Columns: append([]Column(nil), t.Columns...)}
	for i := range changed.Columns {
		changed.Columns[i].Title = change(t.Columns[i].Title)
	}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = change(cell)
		}
		changed.Rows = append(changed.Rows, cells)
	}
	return changed
}

// lines are the titles, unless there are none, and the rows.
func (t Table) lines() [][]string {
	if t.Named() {
		return t.Rows
	}
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = c.Title
	}
	return append([][]string{titles}, t.Rows...)
}

// leastNeeded answers the place of the column that goes next, or -1.
func (t Table) leastNeeded() int {
	least := -1
	for i, c := range t.Columns {
		if c.Drop > 0 && (least < 0 || c.Drop > t.Columns[least].Drop) {
			least = i
		}
	}
	return least
}

// without is the table without one of its columns.
func (t Table) without(column int) Table {
	cut := Table{Columns: cutOut(t.Columns, column)}
	if column < len(cut.Columns) && cut.Columns[column].Title == "" {
		cut.Columns[column].Title = t.Columns[column].Title
	}
	for _, row := range t.Rows {
		cut.Rows = append(cut.Rows, cutOut(row, column))
	}
	return cut
}

func cutOut[T any](list []T, at int) []T {
	return append(append([]T(nil), list[:at]...), list[at+1:]...)
}

// shortened is the table with its widest columns cut until it fits, or until
// all are as narrow as they may get.
func (t Table) shortened(columns int) Table {
	widths := widthsOf(t.lines())
	for sum(widths)+columnGap*(len(widths)-1) > columns {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= leastColumn {
			break
		}
		widths[widest]--
	}
	cut := Table{Columns: append([]Column(nil), t.Columns...)}
	for i := range cut.Columns {
		cut.Columns[i].Title = clipWidth(cut.Columns[i].Title, widths[i])
	}
	for _, row := range t.Rows {
		short := make([]string, len(row))
		for i, cell := range row {
			short[i] = clipWidth(cell, widths[i])
		}
		cut.Rows = append(cut.Rows, short)
	}
	return cut
}

func inColumns(cells []string, widths []int) string {
	var b strings.Builder
	for i, cell := range cells {
		b.WriteString(cell + strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+columnGap))
	}
	return strings.TrimRight(b.String(), " ")
}

// widthsOf answers how wide each column is: what is wide, as Chinese characters
// and emoji are, counts twice, and what stands upon other characters not at all.
func widthsOf(lines [][]string) []int {
	var widths []int
	for _, line := range lines {
		for i, cell := range line {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	return widths
}

// widthOf is how wide lines get that are set in columns.
func widthOf(lines [][]string) int {
	widths := widthsOf(lines)
	return sum(widths) + columnGap*max(len(widths)-1, 0)
}

func sum(numbers []int) (n int) {
	for _, number := range numbers {
		n += number
	}
	return n
}

// clipWidth shortens a text to a width, with an ellipsis for what is left out.
func clipWidth(text string, most int) string {
	if uniseg.StringWidth(text) <= most {
		return text
	}
	room, end, rest, state := most-1, 0, text, -1
	for rest != "" {
		var cluster string
		var w int
		cluster, rest, w, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if room -= w; room < 0 {
			break
		}
		end += len(cluster)
	}
	return text[:end] + "…"
}
