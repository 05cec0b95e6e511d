package commands

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

func TestTableText(t *testing.T) {
	for _, c := range []struct {
		name  string
		table Table
		want  string
	}{
		{"titles", Table{Columns: []Column{{"key", 0}, {"ttl", 0}}, Rows: [][]string{{"session:1", "-1"}}}, "key        ttl\nsession:1  -1\n"},
		{"names", figures([]string{"Redis", "up"}, []string{"Settings", "1"}), "Redis     up\nSettings  1\n"},
		{"wide characters", figures([]string{"漢字", "a"}, []string{"🙂", "b"}, []string{"e\u0301e\u0301", "c"}, []string{"👩🏽", "d"}, []string{"🇩🇪", "e"}),
			"漢字  a\n🙂    b\ne\u0301e\u0301    c\n👩🏽    d\n🇩🇪    e\n"},
		{"an empty last cell", figures([]string{"a", ""}), "a\n"},
	} {
		if got := c.table.Text(); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
		}
	}
}

func TestTableFit(t *testing.T) {
	changes := Table{Columns: []Column{{"id", 0}, {"who", 2}, {"keys", 1}, {"line", 0}}, Rows: [][]string{{"7f3a", "ann", "12", "redis keys session:* | xargs redis expire"}}}
	bars := Table{Columns: []Column{{}, {"age", 1}, {}}, Rows: [][]string{{"< 1 h", "██████··", "12"}}}
	for _, c := range []struct {
		name    string
		table   Table
		columns int
		want    string
		whole   bool
	}{
		{"there is room", changes, 60, "id    who  keys  line\n7f3a  ann  12    redis keys session:* | xargs redis expire\n", true},
		{"one column goes", changes, 55, "id    keys  line\n7f3a  12    redis keys session:* | xargs redis expire\n", false},
		{"the widest is cut", changes, 20, "id    line\n7f3a  redis keys se…\n", false},
		{"no room at all", changes, 3, "id    line\n7f3a  redis k…\n", false},
		{"a title for two columns", bars, 10, "       age\n< 1 h  12\n", false},
		{"wide characters", figures([]string{"漢字漢字漢字漢字", "x"}), 12, "漢字漢字…  x\n", false},
		{"nothing", Table{Columns: []Column{{"id", 0}}}, 40, "id\n", true},
	} {
		got, whole := c.table.Fit(c.columns)
		if got != c.want || whole != c.whole {
			t.Errorf("%s: got %v\n%swant\n%s", c.name, whole, got, c.want)
		}
	}
}

// Whatever a cell holds, a table that is fitted has no line that is too long.
func FuzzTableFit(f *testing.F) {
	f.Add("a", "漢字漢字漢字", "e\u0301👩🏽🇩🇪", 20)
	f.Add(strings.Repeat("x", 99), "", "\u200b", 31)
	f.Fuzz(func(t *testing.T, a, b, c string, columns int) {
		columns = max(columns%80, 3*leastColumn+2*columnGap)
		row := []string{a, b, c}
		for i := range row {
			row[i] = oneLine(row[i], 200)
		}
		text, _ := Table{Columns: []Column{{"one", 0}, {"two", 0}, {"three", 0}}, Rows: [][]string{row}}.Fit(columns)
		for line := range strings.Lines(text) {
			if w := uniseg.StringWidth(strings.TrimSuffix(line, "\n")); w > columns {
				t.Errorf("%d of %d columns: %q", w, columns, line)
			}
		}
	})
}
