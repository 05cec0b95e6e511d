package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/helix-collective/helix/aliases"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/register"
	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/suggest"
)

// aliasSetting stands for aliases where the right configure is narrowed.
const aliasSetting = "alias"

// ConfigureAlso lists what the right configure can be narrowed to beside the
// settings.
func ConfigureAlso() []string { return []string{aliasSetting, everySetting} }

func aliasVerb() verb {
	return verb{
		name:    "alias",
		summary: "give a line a name, and use it like a verb",
		usage:   []string{"NAME = LINE", "list", "show NAME", "remove NAME"},
		details: "All of LINE belongs to the alias, its pipes too. \"$1\" to \"$9\" in it are the words behind the name and\n" +
			"\"$@\" is all of them, each one word whatever it holds. An alias shows what it stands for, runs under\n" +
			"the rights of who uses it, and plans whatever it changes. To define one takes the right configure\n" +
			"(of `alias`, where that is narrowed).",
		examples: []string{
			`!alias top = redis --scan --pattern "session:user:*" | cut -d: -f3 | sort | uniq -c | sort -rn | head -n 3`,
			`!alias show top`,
			`!top | wc -l`,
			`!alias of = redis keys "session:user:$1:*"`,
			`!alias list`,
			`!alias remove top`,
			`!alias remove of`,
		},
		check: checkAlias,
		run:   runAlias,
	}
}

// checkAlias refuses what the caller may not, as far as literal words tell.
func checkAlias(_ context.Context, t *turn, args []shell.SourceArg) error {
	if len(args) > 1 && (args[1].Text == "=" || strings.EqualFold(args[0].Text, "remove")) {
		return t.mayAlias()
	}
	return t.mayRead("alias")
}

func (t *turn) mayAlias() error { return t.mayConfigure("alias", aliasSetting) }

func runAlias(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	words := call.Texts()
	form := ""
	if len(words) > 0 {
		form = strings.ToLower(words[0])
	}
	t.loadAliases(ctx)
	if t.aliases.trouble != nil {
		return 0, t.aliases.trouble
	}
	switch {
	case len(words) == 2 && words[1] == "=":
		return 0, t.defineAlias(ctx, call, form)
	case len(words) > 1 && words[1] == "=":
		return 0, t.misused(aliasVerb(), "An alias is defined in a message of its own, which begins with `%salias`.", t.prefix())
	case len(words) == 0, len(words) == 1 && form == "list":
		return 0, t.listAliases(call)
	case len(words) == 2 && form == "show":
		return 0, t.showAlias(call, strings.ToLower(words[1]))
	case len(words) == 2 && form == "remove":
		return 0, t.removeAlias(ctx, call, strings.ToLower(words[1]))
	case len(words) == 2 || len(words) == 1 && !t.isAliasName(form):
		return 0, t.unknownForm(aliasVerb(), form, []string{"list", "show", "remove"})
	case len(words) == 1:
		return 0, t.showAlias(call, form)
	}
	return 0, t.misused(aliasVerb(), "`alias` takes NAME = LINE, or what to do and one name.")
}

func (t *turn) isAliasName(name string) bool { _, ok := t.aliases.all[name]; return ok }

func (t *turn) listAliases(call *shell.Call) error {
	list := Table{Columns: []Column{{Title: "alias"}, {Title: "stands for"}, {Title: "by", Drop: 1}}}
	for _, a := range aliases.Sorted(t.aliases.all) {
		list.Rows = append(list.Rows, []string{a.Name, clipLine(a.Line), a.Nick})
	}
	if len(list.Rows) == 0 {
		_, err := fmt.Fprintf(call.Stdout, "There is no alias yet. `%shelp alias` tells how to define one.\n", t.prefix())
		return err
	}
	return t.cards.write(call.Stdout, Card{Title: "Aliases", Tables: []Table{list}})
}

func (t *turn) showAlias(call *shell.Call, name string) error {
	page, ok := t.aliasHelp(name)
	if !ok {
		return t.noAlias(name)
	}
	_, err := call.Stdout.WriteString(page)
	return err
}

func (t *turn) noAlias(name string) error {
	advice := fmt.Sprintf("`%salias list` shows all.", t.prefix())
	if near, ok := suggest.Nearest(name, t.aliasNames()); ok {
		advice = fmt.Sprintf("Did you mean `%s`?", near)
	}
	return unable("There is no alias `%s`. %s", name, advice)
}

func (t *turn) defineAlias(ctx context.Context, call *shell.Call, name string) error {
	line, err := t.definedLine(call)
	if err != nil {
		return err
	}
	if err := t.mayName(ctx, name); err != nil {
		return err
	}
	if err := t.mayStandFor(ctx, name, line); err != nil {
		return err
	}
	if shown, err := t.beforeDefining(ctx, "alias", fmt.Sprintf("alias %s = %s", name, line)); shown || err != nil {
		return err
	}
	err = t.Aliases.Put(ctx, aliases.Alias{Name: name, Line: line, By: person(t.caller), Nick: t.caller.Name, At: t.Now().UTC()})
	if full := (*register.FullError)(nil); errors.As(err, &full) {
		return unable("There are %d aliases already, which is as many as are kept. `%salias remove NAME` makes room.", full.Records, t.prefix())
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s = %s\n", name, line)
	if was, ok := t.aliases.all[name]; ok && was.Line != line {
		text += fmt.Sprintf("(was: %s)\n", was.Line)
	}
	_, err = call.Stdout.WriteString(text)
	return err
}

func (t *turn) removeAlias(ctx context.Context, call *shell.Call, name string) error {
	was, ok := t.aliases.all[name]
	if !ok {
		return t.noAlias(name)
	}
	if shown, err := t.beforeDefining(ctx, "alias remove", "remove alias "+name); shown || err != nil {
		return err
	}
	if _, err := t.Aliases.Remove(ctx, name); err != nil { // somebody else may have been first
		return err
	}
	_, err := fmt.Fprintf(call.Stdout, "%s is no alias any more. It was: %s\n", name, was.Line)
	return err
}

// aliasActions answers what a call would do, as the policy is asked about it.
func aliasActions(args []string) []permissions.Action {
	if len(args) > 1 && (args[1] == "=" || args[0] == "remove") {
		return []permissions.Action{{Right: permissions.Configure, Name: "alias", Setting: aliasSetting}}
	}
	return []permissions.Action{{Right: permissions.Read, Name: "alias"}}
}
