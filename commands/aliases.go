package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/helix-collective/helix/aliases"
	"github.com/helix-collective/helix/shell"
)

// aliasing is what a turn knows of aliases: all of them, once one is needed.
type aliasing struct {
	all     map[string]aliases.Alias
	trouble error // why they could not be read
	meant   []string
}

// parse parses a source, with aliases in it. They are asked for where the source
// has a name that means nothing else. A schedule has none: somebody else could
// change what runs in its author's name.
func (t *turn) parse(ctx context.Context, source string) (*shell.Program, error) {
	program, err := shell.Parse(source)
	if err != nil || t.scheduled != "" || !slices.ContainsFunc(program.Calls(), t.isStrange) {
		return program, err
	}
	if t.loadAliases(ctx); len(t.aliases.all) == 0 {
		return program, nil
	}
	return shell.ParseWith(source, t.aliasLine)
}

func (t *turn) isStrange(call shell.SourceCall) bool { return !call.Own && !t.isNamed(call.Name) }

// isNamed reports whether a name means something without any alias.
func (t *turn) isNamed(name string) bool {
	_, filter := t.filters[name]
	_, verb := t.verb(name)
	return filter || verb || t.isAction(name)
}

// loadAliases reads the aliases, once for the turn.
func (t *turn) loadAliases(ctx context.Context) {
	if t.aliases.all == nil && t.aliases.trouble == nil {
		t.aliases.all, t.aliases.trouble = t.Aliases.All(ctx)
	}
}

// aliasLine answers what a name stands for. What Helix itself knows stays what it
// is, also where a release has learned it since.
func (t *turn) aliasLine(name string) (string, bool) {
	a, ok := t.aliases.all[strings.ToLower(name)]
	return a.Line, ok && !t.isNamed(name)
}

// expands notes the aliases of a program: each is shown with what it stands for,
// and nothing that it says is made without a plan.
func (t *turn) expands(program *shell.Program) {
	for _, call := range program.Calls() {
		if call.Alias == "" {
			continue
		}
		t.plansAll = true
		if shown := expansion(call.Name, call.Alias); !slices.Contains(t.aliases.meant, shown) && len(t.aliases.meant) < maxHints {
			t.aliases.meant = append(t.aliases.meant, shown)
		}
	}
}

// maxExpansion is how much of what an alias stands for is shown below an answer.
const maxExpansion = 300

// expansion says in a line what an alias stands for.
func expansion(name, line string) string {
	line = strings.NewReplacer("\n", "; ", "`", "ˋ").Replace(line)
	if utf8.RuneCountInString(line) > maxExpansion {
		line = string([]rune(line)[:maxExpansion]) + "…"
	}
	return fmt.Sprintf("`%s = %s`", strings.ToLower(name), line)
}

// aliasNames answers the names of the aliases that have been read.
func (t *turn) aliasNames() []string {
	var names []string
	for _, a := range aliases.Sorted(t.aliases.all) {
		names = append(names, a.Name)
	}
	return names
}

// aliasOverview lists the aliases for the help: few with what they stand for.
func (t *turn) aliasOverview() string {
	const most = 10
	var b strings.Builder
	for i, a := range aliases.Sorted(t.aliases.all) {
		if i == most {
			fmt.Fprintf(&b, "  and %d more: %salias list\n", len(t.aliases.all)-most, t.prefix())
			break
		}
		fmt.Fprintf(&b, "  %-8s %s\n", t.prefix()+a.Name, clipLine(a.Line))
	}
	return b.String()
}

// aliasHelp is the help of one alias.
func (t *turn) aliasHelp(name string) (string, bool) {
	a, ok := t.aliases.all[name]
	if !ok {
		return "", false
	}
	by := a.Nick
	if by == "" {
		by = a.By
	}
	return fmt.Sprintf("%s = %s\n\nAn alias, defined by %s on %s. It runs under your own rights, and what it changes is shown as a plan first.\n",
		a.Name, a.Line, by, a.At.UTC().Format("2006-01-02 15:04 UTC")), true
}
