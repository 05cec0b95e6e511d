package commands

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard"
)

// made is what became of a plan.
type made struct {
	guard.Report
	id     string // of the change
	kept   bool   // what there was before is in the journal
	lost   int64  // commands that Redis had confirmed, and does not have any more
	output []byte
	told   bool // its output says what became of it
}

// reportOn says in a reply what was done, against what was planned.
func (t *turn) reportOn(r *Reply, m made, planned int64, took time.Duration) {
	if m.told {
		return
	}
	done := m.Commands() + m.Failed + m.Left - m.lost
	var kinds []string
	for _, name := range slices.Sorted(maps.Keys(m.Kinds)) {
		kinds = append(kinds, fmt.Sprintf("%s × %s", grouped(m.Kinds[name]), name))
	}
	text := fmt.Sprintf("%s of %s commands carried out", grouped(done), grouped(planned))
	if len(kinds) > 0 && m.lost == 0 {
		text += " (" + strings.Join(kinds, ", ") + ")"
	}
	r.Footer = fmt.Sprintf("%s in %s.", text, took.Round(time.Millisecond))
	if r.Outcome == Cancelled {
		r.Problem = "Stopped."
	}
	if r.Outcome != OK {
		r.Problem = strings.TrimSpace(r.Problem + " " + sentence(text) + " Nothing behind that was.")
		r.Footer = ""
	}
	add := func(n int64, format string) {
		if n > 0 {
			r.Hints = append(r.Hints, fmt.Sprintf(format, grouped(n)))
		}
	}
	add(m.Failed, "%s answered an error.")
	add(m.Left, "%s were left alone: a key is there now that was not.")
	add(m.Unknown, "The replies to %s got lost with the connection; they were carried out.")
	if m.Differed > 0 {
		names := make([]string, len(m.Differing))
		for i, key := range m.Differing {
			names[i] = t.guard.ShownKey(key)
		}
		r.Hints = append(r.Hints, fmt.Sprintf("%s came out other than planned, since their keys went or changed meanwhile: %s.", grouped(m.Differed), strings.Join(names, ", ")))
	}
	r.Hints = append(r.Hints, t.lostHints(m.Report)...)
	if m.kept && m.Commands() > 0 {
		r.Hints = append(r.Hints, fmt.Sprintf("`%sundo %s` takes it back, until %s.", t.prefix(), m.id, t.undoUntil()))
	}
	r.Hints = append(r.Hints, t.hints.all()...)
}

// lostHints says what of a change that was made cannot be taken back.
func (t *turn) lostHints(r guard.Report) []string {
	var list []string
	if r.Lost.Count > 0 {
		list = append(list, "This cannot be taken back wholly: "+t.lostText(r.Lost))
	}
	for _, name := range slices.Sorted(maps.Keys(r.NoWayBack)) {
		list = append(list, fmt.Sprintf("`%s` cannot be taken back: %s.", name, r.NoWayBack[name]))
	}
	return list
}
