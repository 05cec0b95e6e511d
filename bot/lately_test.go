package bot

import (
	"strings"
	"testing"
)

// TestTheLastLinesOfAViewFitAndHold holds that the newest lines are shown in a
// block that they cannot break out of.
func TestTheLastLinesOfAViewFitAndHold(t *testing.T) {
	repeated := func(line string) []string {
		return strings.Split(strings.TrimSuffix(strings.Repeat(line+"\n", 10), "\n"), "\n")
	}
	for name, c := range map[string]struct {
		lines []string
		room  int
		shown int
	}{
		"nothing":      {nil, 1000, 0},
		"one":          {[]string{"OK"}, 1000, 1},
		"ten":          {repeated("1795783024.33 [0 127.0.0.1:37522] get"), 1000, 10},
		"long":         {repeated(strings.Repeat("x", 400)), 1800, 10},
		"no room":      {repeated(strings.Repeat("x", 400)), 500, 2},
		"backticks":    {repeated(strings.Repeat("`", 400)), 1800, 5},
		"unseen bytes": {repeated(strings.Repeat("\x00", 400)), 1800, 10},
	} {
		got := lately(c.lines, c.room)
		if width(got) > c.room || strings.Count(got, fenceMark) != 2*min(c.shown, 1) || strings.Count(got, "\n") != c.shown+2*min(c.shown, 1) {
			t.Errorf("%s: %d units, %d line breaks:\n%s", name, width(got), strings.Count(got, "\n"), got)
		}
	}
}
