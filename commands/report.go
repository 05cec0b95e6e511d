package commands

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/plans"
)

// made is what became of a plan.
type made struct {
	guard.Report
	id     string // of the change
	lost   int64  // commands that Redis had confirmed, and does not have any more
	output []byte
	told   bool // its output says what became of it
}

// reportOn says in a reply what was done, against what was planned.
func (t *turn) reportOn(r *Reply, m made, p plans.Plan, planned int64, took time.Duration) {
	if m.told {
		return
	}
	done := m.Commands() + m.Failed + m.Left - m.lost
	var kinds []string
	for _, name := range slices.Sorted(maps.Keys(m.Kinds)) {
		kinds = append(kinds, fmt.Sprintf("%s × %s", grouped(m.Kinds[name]), name))
	}
	text := m.keysOf(p) + fmt.Sprintf("%s of %s commands carried out", grouped(done), grouped(planned))
	if len(kinds) > 0 && m.lost == 0 {
		text += " (" + strings.Join(kinds, ", ") + ")"
	}
	r.Footer = fmt.Sprintf("%s in %s.", text, spell(took))
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
	if m.Keys+m.Others > 0 {
		r.Hints = append(r.Hints, fmt.Sprintf("`%sundo %s` takes it back, for %s.", t.prefix(), m.id, t.retention()))
	}
	r.Hints = append(r.Hints, t.hints.all()...)
}

// keysOf says how many of a plan's keys were changed, where they were counted
// and none of them counts twice.
func (m made) keysOf(p plans.Plan) string {
	switch {
	case m.Keys == 0 || m.lost > 0 || p.Keys < m.Keys:
		return ""
	case p.Word != wordFlush:
		return fmt.Sprintf("%s of %s changed, ", grouped(m.Keys), keys(p.Keys))
	case m.Commands() > 0: // the plan's number may have keys in it that stay
		return keys(m.Keys) + " changed, "
	}
	return "" // they are all kept, and counted, before the first is gone
}

// lostHints says what of a change that was made cannot be taken back, and what of
// it may get lost.
func (t *turn) lostHints(r guard.Report) []string {
	var list []string
	if r.Lost.Count > 0 {
		list = append(list, "This cannot be taken back wholly: "+t.lostText(r.Lost))
	}
	for _, name := range slices.Sorted(maps.Keys(r.NoWayBack)) {
		list = append(list, fmt.Sprintf("`%s` cannot be taken back: %s.", name, r.NoWayBack[name]))
	}
	return append(list, replicaHints(r)...)
}

// replicaHints says how much of a change that was made a failover would lose.
func replicaHints(r guard.Report) []string {
	if r.Unreplicated == 0 {
		return nil
	}
	return []string{fmt.Sprintf("Not every replica has confirmed the last %s yet; if one took this server's place now, they could be lost.",
		counted(r.Unreplicated, "command", "commands"))}
}
