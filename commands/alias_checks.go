package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/helix-collective/helix/aliases"
	"github.com/helix-collective/helix/shell"
)

// mayName refuses names that mean something already.
func (t *turn) mayName(ctx context.Context, name string) error {
	switch {
	case !aliases.IsName(name):
		return unable("`%s` cannot be the name of an alias: it begins with a letter, has letters, digits, - and _, and at most 32 of them.", name)
	case Taken(name), t.isAction(name), slices.Contains([]string{"list", "show"}, name):
		return unable("`%s` means something already, so no alias can be called that.", name)
	}
	commands, err := t.Guard.Commands(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(commands, func(c string) bool { c, _, _ = strings.Cut(c, " "); return strings.EqualFold(c, name) }) {
		return unable("`%s` is a command of Redis, so no alias can be called that.", name)
	}
	return nil
}

// mayStandFor refuses lines that would not run whoever used them.
func (t *turn) mayStandFor(ctx context.Context, name, line string) error {
	if program, err := shell.Parse(line); err == nil && program.Empty() {
		return unable("There is nothing to run in that line.")
	}
	program, err := shell.ParseWith(name, func(called string) (string, bool) {
		if called == name {
			return line, true
		}
		return t.aliasLine(called)
	})
	if err != nil {
		return err
	}
	for _, call := range program.Calls() {
		if t.isStrange(call) {
			return t.unknown(ctx, call.Name)
		}
	}
	return nil
}
