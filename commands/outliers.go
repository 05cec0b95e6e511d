package commands

import (
	"cmp"
	"strings"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/shell"
)

// outliers are those with the most of something, as they were counted last.
type outliers struct {
	title string
	of    func(sample.Sample) []sample.Share // the one with the most first
}

var (
	mostSessions = outliers{"most sessions", func(s sample.Sample) []sample.Share { return s.People }}
	mostMade     = outliers{"most made within the hour", func(s sample.Sample) []sample.Share { return s.Addresses }}
	none         = outliers{}
)

// worst is the one with the most; ok is false where nobody has any.
func (o outliers) worst(s sample.Sample) (name string, ok bool) {
	if o.of == nil {
		return "", false
	}
	all := o.of(s)
	if len(all) == 0 || all[0].Name == "" {
		return "", false
	}
	return all[0].Name, true
}

// list names the first few with what they have.
func (o outliers) list(s sample.Sample) string {
	var parts []string
	for _, one := range o.of(s) {
		parts = append(parts, grouped(int64(one.Count))+" "+oneLine(one.Name, maxNamedLabel))
		if len(parts) == diagnosisLines {
			break
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "nobody yet")
}

// about puts the worst into a line that is about it; ok is false where there is
// none.
func (o outliers) about(line string, s sample.Sample) (_ string, ok bool) {
	if !strings.Contains(line, computed) {
		return line, true
	}
	name, ok := o.worst(s)
	return strings.ReplaceAll(line, computed, shell.Quote(name)), ok
}
