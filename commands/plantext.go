package commands

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/settings"
)

// Words that confirm what a button is too quick for.
const (
	wordFlush   = "flush"
	wordForever = "forever"
	wordUnseen  = "unseen"
	wordAll     = "all"
)

// word answers what has to be typed to confirm a plan; empty where a button is
// enough.
func (t *turn) word(s guard.Summary) string {
	switch {
	case len(s.Everything) > 0:
		return wordFlush
	case len(s.NoWayBack) > 0 || s.Lost.Count > 0 || t.Journal == nil:
		return wordForever
	case len(s.Unforeseen) > 0:
		return wordUnseen
	case s.Keys > int64(t.snapshot().Int(settings.ConfirmWordAbove)):
		return wordAll
	}
	return ""
}

// planText says what a plan would do, a line for each thing to know.
func (t *turn) planText(s guard.Summary) string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	add("Plan: %s", kinds(s))
	for _, effect := range effects(s) {
		add("%s", effect)
	}
	if len(s.First) > 0 {
		add("Keys: %s", t.sample(s))
	}
	for _, warning := range warnings(s) {
		add("Warning: %s", warning)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Unforeseen)) {
		add("Warning: what `%s` will do cannot be told before it runs.", name)
	}
	add("%s", t.wayBack(s))
	if felt := felt(s); felt != "" {
		add("%s", felt)
	}
	return strings.Join(lines, "\n")
}

// kinds says how many commands there are of each name.
func kinds(s guard.Summary) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.Kinds)) {
		parts = append(parts, fmt.Sprintf("%s × %s", grouped(s.Kinds[name]), name))
	}
	return strings.Join(parts, ", ") + "."
}

// effects says what becomes of the keys.
func effects(s guard.Summary) []string {
	var list []string
	add := func(n int64, format string) {
		if n > 0 {
			list = append(list, fmt.Sprintf("%s %s", grouped(n), fmt.Sprintf(format, plural(n, "key", "keys"))))
		}
	}
	add(s.Gone, "%s would be deleted"+freed(s))
	add(s.Created, "%s would be created")
	add(s.Altered, "%s would get another value")
	add(s.Given, "%s without a TTL would get one")
	add(s.Longer, "%s would live longer")
	add(s.Shorter, "%s would end sooner")
	add(s.Taken, "%s would lose the TTL")
	add(s.Missing, "of the %s named do not exist")
	add(s.Unchanged, "%s would stay as they are")
	for i := range list {
		list[i] += "."
	}
	for i := 0; i+1 < len(s.Parameters); i += 2 {
		list = append(list, fmt.Sprintf("The server's %s becomes %s.", s.Parameters[i], s.Parameters[i+1]))
	}
	return list
}

func freed(s guard.Summary) string {
	if s.Freed == 0 {
		return ""
	}
	return ", which gives back about " + mebibytes(s.Freed)
}

func mebibytes(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)>>10)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// sample names the first keys, as the channel may see them.
func (t *turn) sample(s guard.Summary) string {
	names := make([]string, len(s.First))
	for i, key := range s.First {
		names[i] = t.guard.ShownKey(key)
	}
	text := strings.Join(names, ", ")
	if more := s.Keys - int64(len(names)); more > 0 {
		text += fmt.Sprintf(" and %s more", grouped(more))
	}
	return text
}

// warnings says what is easily overlooked.
func warnings(s guard.Summary) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for _, name := range slices.Compact(slices.Clone(s.Everything)) {
		add("%s empties the whole database, but for Helix' own keys. Everybody is signed out.", name)
	}
	if s.Sessions > 0 && s.Users > 0 {
		add("this ends %s %s of %s %s; whoever they belong to has to sign in again.", grouped(s.Sessions), plural(s.Sessions, "session", "sessions"), grouped(s.Users), plural(s.Users, "person", "people"))
	} else if s.Sessions > 0 {
		add("this ends %s %s; whoever they belong to has to sign in again.", grouped(s.Sessions), plural(s.Sessions, "session", "sessions"))
	}
	if s.CatchAll {
		add("the pattern * means every key, whatever it belongs to.")
	}
	if s.Taken > 0 {
		add("keys without a TTL stay until somebody deletes them.")
	}
	if s.Failing > 0 {
		add("%s of the commands would answer an error.", grouped(s.Failing))
	}
	for i := 0; i+1 < len(s.Parameters); i += 2 {
		switch name, value := strings.ToLower(s.Parameters[i]), strings.ToLower(s.Parameters[i+1]); {
		case name == "maxmemory-policy" && strings.HasPrefix(value, "allkeys"):
			add("%s lets the server drop any key, sessions among them, when memory is short; what it drops cannot be taken back.", value)
		case name == "maxmemory" && value == "0":
			add("maxmemory 0 means no limit: Redis grows until its host has no memory left.")
		case name == "stop-writes-on-bgsave-error" && value == "no":
			add("what is written while Redis cannot save is lost when it restarts.")
		}
	}
	return list
}

// wayBack says whether the plan can be taken back.
func (t *turn) wayBack(s guard.Summary) string {
	if t.Journal == nil {
		return "It CANNOT be taken back: there is no lasting state.dir, or undo.retention is 0."
	}
	if len(s.NoWayBack) > 0 {
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(s.NoWayBack)) {
			parts = append(parts, fmt.Sprintf("`%s` (%s)", name, s.NoWayBack[name]))
		}
		return "It CANNOT be taken back wholly: " + strings.Join(parts, "; ") + "."
	}
	if s.Lost.Count > 0 {
		return "It CANNOT be taken back wholly: " + t.lostText(s.Lost)
	}
	but := ""
	if s.Partly {
		but = ", but for values above 1 MiB"
	}
	return fmt.Sprintf("`%sundo` can take it back for %s afterwards%s.", t.prefix(), t.snapshot().Duration(settings.UndoRetention).Round(time.Second), but)
}

// lostText says which keys cannot come back.
func (t *turn) lostText(lost guard.Named) string {
	return fmt.Sprintf("%s %s above 1 MiB, which is too much to be kept: %s.", grouped(lost.Count), plural(lost.Count, "value is", "values are"), t.namesOf(lost))
}

// perSecond is roughly how many keys a second are changed, journal included.
const perSecond = 100_000

// felt says what the server will feel.
func felt(s guard.Summary) string {
	seconds := s.Commands / perSecond
	if seconds < 1 {
		return ""
	}
	return fmt.Sprintf("Takes about %d s, in steps of about 2 ms, so that others hardly notice.", seconds)
}
