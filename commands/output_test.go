package commands

import (
	"strings"
	"testing"

	"github.com/helix-collective/helix/plans"
)

func TestWhatAPlanKeepsOfItsOutput(t *testing.T) {
	ones := strings.Repeat("1\n", 12000)
	for _, c := range []struct {
		name, text string
		chat       bool
		want       string
	}{
		{"short", "1\n1\nx", true, "1\n1\nx"},
		{"many alike", "start\n" + ones + "end\n", true, "start\n1\n… (11,999 more lines like that)\nend\n"},
		{"at a terminal", ones, false, ones},
		{"the first line of a longer one", strings.Repeat("1\n", 100) + "1", true, strings.Repeat("1\n", 100) + "1"},
		{"empty lines", strings.Repeat("\n", 112), true, "\n… (111 more lines like that)\n"},
		{"nothing", "", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := &output{limit: replyBytes}
			if _, err := out.Write([]byte(c.text)); err != nil {
				t.Fatal(err)
			}
			if got := string(keptOutput(out, c.chat)); got != c.want {
				t.Errorf("it keeps\n%s", got)
			}
		})
	}
	out := &output{limit: replyBytes}
	if _, err := out.Write([]byte(strings.Repeat("01234567\n89\n", 10000))); err != nil {
		t.Fatal(err)
	}
	got := string(keptOutput(out, true))
	if lines := strings.Count(got, "\n") - 1; len(got) > plans.MaxOutput || !strings.HasSuffix(got, leftOut(20000-int64(lines))) {
		t.Errorf("it keeps %d bytes that end in %q", len(got), got[len(got)-40:])
	}
}
