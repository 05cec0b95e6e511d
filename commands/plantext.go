package commands

import (
	"cmp"
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

// planText says what a plan would do, a line for each thing to know: what
// happens first, what it costs and how it is taken back last.
func (t *turn) planText(s guard.Summary) string {
	lines := []string{"Plan: " + strings.Join(deeds(s), "; ") + ".", "Commands: " + kinds(s.Kinds) + "."}
	lines = append(lines, besides(s)...)
	if where := databases(s.Databases); where != "" && (len(s.Databases) > 1 || s.Databases[0] != t.guard.Database()) {
		lines = append(lines, "In "+where+".")
	}
	if len(s.First) > 0 {
		lines = append(lines, "Keys: "+t.named(s.First, s.Keys))
	}
	for _, warning := range warnings(s) {
		lines = append(lines, "Warning: "+warning)
	}
	lines = append(lines, t.wayBack(s))
	if felt := t.felt(s); felt != "" {
		lines = append(lines, felt)
	}
	return strings.Join(lines, "\n")
}

// kinds says how many commands there are of each name.
func kinds(of map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%s × %s", grouped(of[name]), name))
	}
	return strings.Join(parts, ", ")
}

func keys(n int64) string { return counted(n, "key", "keys") }

// deeds says what a plan does, in infinitives.
func deeds(s guard.Summary) []string {
	var list []string
	add := func(n int64, format string) {
		if n > 0 {
			list = append(list, fmt.Sprintf(format, keys(n)))
		}
	}
	if len(s.Everything) > 0 {
		list = append(list, fmt.Sprintf("empty %s, which %s now", cmp.Or(databases(s.Databases), "the server"), holding(s)))
	}
	add(s.Gone-s.Emptied, "delete %s"+freed(s))
	add(s.Created, "create %s")
	add(s.Altered, "write to %s")
	add(s.Given, "give %s without a TTL one of "+spanned(s.Lifetimes))
	add(s.Longer, "let %s live longer")
	add(s.Shorter, "let %s end sooner")
	add(s.Taken, "take the TTL from %s")
	for _, p := range s.Parameters {
		list = append(list, "set "+p.Name+" to "+cmp.Or(p.Becomes, `""`)+before(p))
	}
	switch {
	case len(list) > 0:
	case changesNothing(s):
		list = append(list, "change nothing, as things stand")
	default:
		list = append(list, "run "+strings.Join(slices.Sorted(maps.Keys(s.Kinds)), ", "))
	}
	return list
}

func holding(s guard.Summary) string {
	verb := "holds"
	if len(s.Databases) > 1 {
		verb = "hold"
	}
	return verb + " " + keys(s.Emptied)
}

func before(p guard.Parameter) string {
	switch {
	case p.Was == "":
		return ""
	case p.Was == p.Becomes:
		return " (as it is now)"
	}
	return " (now " + p.Was + ")"
}

// changesNothing reports whether a plan's commands find nothing to be done.
func changesNothing(s guard.Summary) bool {
	return s.Missing+s.Unchanged+s.Failing > 0 && len(s.Unforeseen)+len(s.NoWayBack) == 0
}

// databases names databases by their numbers.
func databases(list []int) string {
	numbers := make([]string, len(list))
	for i, db := range list {
		numbers[i] = fmt.Sprint(db)
	}
	switch n := len(numbers); n {
	case 0:
		return ""
	case 1:
		return "database " + numbers[0]
	default:
		return "databases " + strings.Join(numbers[:n-1], ", ") + " and " + numbers[n-1]
	}
}

// besides says what there is to know about keys beside what happens to them.
func besides(s guard.Summary) []string {
	var list []string
	if text := lifetimes(s); text != "" {
		list = append(list, text)
	}
	if s.Missing > 0 {
		list = append(list, fmt.Sprintf("%s named there %s not exist.", keys(s.Missing), plural(s.Missing, "does", "do")))
	}
	if s.Unchanged > 0 {
		list = append(list, fmt.Sprintf("%s %s.", keys(s.Unchanged), plural(s.Unchanged, "stays as it is", "stay as they are")))
	}
	return list
}

// lifetimes says how long keys live that live until another time: now, and by
// the plan.
func lifetimes(s guard.Summary) string {
	if s.Longer+s.Shorter+s.Taken == 0 {
		return ""
	}
	return "TTL: now " + orNone(s.Given > 0, s.Remaining) + ", then " + orNone(s.Taken > 0, s.Lifetimes) + "."
}

func orNone(none bool, s guard.Span) string {
	switch {
	case s.Most == 0:
		return "none"
	case none:
		return "none or " + spanned(s)
	}
	return spanned(s)
}

// spanned says how long the times of a span are.
func spanned(s guard.Span) string {
	least, most := lasting(s.Least), lasting(s.Most)
	if least == most {
		return least
	}
	return least + " to " + most
}

// lasting spells a time in its greatest units, as "24 h" or "2 min 30 s".
func lasting(d time.Duration) string {
	d = d.Round(time.Second)
	two := func(great, small time.Duration, greats, smalls string) string {
		text := fmt.Sprintf("%d %s", d/great, greats)
		if rest := d % great / small; rest > 0 {
			text += fmt.Sprintf(" %d %s", rest, smalls)
		}
		return text
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 10*time.Minute:
		return two(time.Minute, time.Second, "min", "s")
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return two(time.Hour, time.Minute, "h", "min")
	}
	return two(24*time.Hour, time.Hour, "days", "h")
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

// soon is a lifetime so short that people may not have meant it.
const soon = time.Minute

// warnings says what is easily overlooked.
func warnings(s guard.Summary) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	if len(s.Everything) > 0 {
		add("nothing is left but Helix' own keys, and everybody is signed out.")
	}
	if s.Sessions > 0 {
		add("this ends %s%s; whoever they belong to has to sign in again.", counted(s.Sessions, "session", "sessions"), ofPeople(s.Users))
	}
	if s.CatchAll {
		add("the pattern * means every key, whatever it belongs to.")
	}
	if s.Given+s.Shorter > 0 && s.Lifetimes.Least < soon {
		add("keys that get a TTL of %s are gone for good soon after.", lasting(s.Lifetimes.Least))
	}
	if s.Taken > 0 {
		add("keys without a TTL stay until somebody deletes them.")
	}
	if s.Failing > 0 {
		add("%s an error, as things stand.", counted(s.Failing, "command answers", "commands answer"))
	}
	for _, p := range s.Parameters {
		switch value := strings.ToLower(p.Becomes); {
		case p.Name == "maxmemory-policy" && strings.HasPrefix(value, "allkeys"):
			add("%s lets the server drop any key, sessions among them, when memory is short; what it drops cannot be taken back.", value)
		case p.Name == "maxmemory" && value == "0":
			add("maxmemory 0 means no limit: Redis grows until its host has no memory left.")
		case p.Name == "stop-writes-on-bgsave-error" && value == "no":
			add("what is written while Redis cannot save is lost when it restarts.")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Unforeseen)) {
		add("what `%s` will do cannot be told before it runs.", name)
	}
	return list
}

func ofPeople(n int64) string {
	if n == 0 {
		return ""
	}
	return " of " + counted(n, "person", "people")
}

// wayBack says whether the plan can be taken back.
func (t *turn) wayBack(s guard.Summary) string {
	switch {
	case t.Journal == nil:
		return "It CANNOT be taken back: " + t.whyNoJournal() + "."
	case len(s.NoWayBack) == 0 && s.Lost.Count > 0:
		return "It CANNOT be taken back wholly: " + t.lostText(s.Lost)
	case len(s.NoWayBack) == 0:
		but := ""
		if s.Partly {
			but = ", but for values above 1 MiB"
		}
		return fmt.Sprintf("`%sundo` can take it back for %s afterwards%s.", t.prefix(), t.retention(), but)
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.NoWayBack)) {
		parts = append(parts, fmt.Sprintf("`%s` (%s)", name, s.NoWayBack[name]))
	}
	why := strings.Join(parts, "; ")
	if s.Keys+int64(len(s.Parameters)) == 0 {
		return "It CANNOT be taken back: " + why + "."
	}
	return fmt.Sprintf("It CANNOT be taken back wholly: %s. `%sundo` can take back the rest for %s afterwards.", why, t.prefix(), t.retention())
}

// lostText says which keys cannot come back.
func (t *turn) lostText(lost guard.Named) string {
	return fmt.Sprintf("%s above 1 MiB, which is too much to be kept: %s.", counted(lost.Count, "value is", "values are"), t.namesOf(lost))
}

// whyNoJournal says, as a clause, why nothing is kept of what changes.
func (t *turn) whyNoJournal() string {
	if t.snapshot().Duration(settings.UndoRetention) == 0 {
		return "undo.retention is 0"
	}
	return "no lasting state.dir is set (HELIX_STATE_DIR), where the old values could be kept"
}

// retention is how long changes can be taken back, in words.
func (t *turn) retention() string { return lasting(t.snapshot().Duration(settings.UndoRetention)) }

// perSecond is roughly how many keys a second are changed, journal included.
// Below feltAbove nobody notices.
const (
	perSecond = 100_000
	feltAbove = 10_000
)

// felt says what the server will feel.
func (t *turn) felt(s guard.Summary) string {
	about := func(n int64) string { return lasting(max(time.Duration(n)*time.Second/perSecond, time.Second)) }
	switch {
	case len(s.Everything) > 0 && t.Journal != nil && s.Emptied > feltAbove:
		return fmt.Sprintf("First it keeps what the keys hold, for about %s and in small steps; then the server empties itself beside its work.", about(s.Emptied))
	case s.Keys > feltAbove:
		return fmt.Sprintf("It takes about %s, in steps of a few milliseconds, so that others hardly notice.", about(s.Keys))
	}
	return ""
}
