package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

// configGet writes one setting's value alone, so that it can be piped, and
// several, or those that a pattern matches, as KEY = VALUE.
func configGet(_ context.Context, t *turn, call *shell.Call, args []string) error {
	if len(args) == 0 {
		return t.misusedForm("get", "Which setting?")
	}
	items, err := t.items(args)
	if err != nil {
		return err
	}
	named := len(args) > 1 || strings.Contains(args[0], "*")
	for _, item := range items {
		line := item.Value.String()
		if named {
			line = item.Key + " = " + line
		}
		if _, err := call.Stdout.WriteString(line + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// items answers the settings of these keys and patterns, in their order.
func (t *turn) items(words []string) ([]settings.Item, error) {
	var items []settings.Item
	for _, word := range words {
		if strings.Contains(word, "*") {
			found, err := t.itemsLike(word)
			if err != nil {
				return nil, err
			}
			items = append(items, found...)
			continue
		}
		item, err := t.snapshot().Item(word)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// itemsLike answers the settings that begin with a prefix or match a pattern;
// none is an error.
func (t *turn) itemsLike(prefix string) ([]settings.Item, error) {
	items := t.snapshot().Items(prefix)
	if len(items) > 0 {
		return items, nil
	}
	verb := "begins with"
	if strings.Contains(prefix, "*") {
		verb = "matches"
	}
	return nil, &usageError{reason: fmt.Sprintf("No setting %s `%s`. `%sconfig list` shows all.", verb, prefix, t.prefix())}
}

func configList(_ context.Context, t *turn, call *shell.Call, args []string) error {
	if len(args) == 0 {
		args = []string{""}
	}
	list := Table{Columns: []Column{{"setting", 0}, {"value", 0}, {"default", 2}, {"from", 1}}}
	for _, prefix := range args {
		items, err := t.itemsLike(prefix)
		if err != nil {
			return err
		}
		for _, i := range items {
			list.Rows = append(list.Rows, []string{i.Key, orDash(i.Value.String()), orDash(i.Default), i.Origin.String()})
		}
	}
	return t.cards.write(call.Stdout, Card{Title: "Settings", Tables: []Table{list}})
}

func configHistory(ctx context.Context, t *turn, call *shell.Call, args []string) error {
	key, n, err := t.historyArgs(args)
	if err != nil {
		return err
	}
	entries, err := t.Settings.History(ctx, key, n)
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		_, err = call.Stdout.WriteString(t.noHistory(key))
		return err
	}
	for _, e := range entries {
		if _, err := call.Stdout.WriteString(historyLines(e)); err != nil {
			return err
		}
	}
	return nil
}

// noHistory says why there is nothing to show.
func (t *turn) noHistory(key string) string {
	switch revision := t.snapshot().Revision(); {
	case revision == 0:
		return "Nothing has been changed live yet.\n"
	case key != "":
		return fmt.Sprintf("The history has no change of %s.\n", key)
	default:
		return fmt.Sprintf("Revision %d is in force, but Redis has lost the history.\n", revision)
	}
}

// historyDefault is how many changes are shown where no number is given.
const historyDefault = 10

func (t *turn) historyArgs(args []string) (key string, n int, err error) {
	n = historyDefault
	for i := 0; i < len(args); i++ {
		number := args[i]
		if args[i] == "-n" && i+1 < len(args) {
			i++
			number = args[i]
		}
		if v, convErr := strconv.Atoi(strings.TrimPrefix(number, "-")); convErr == nil {
			n = v
			continue
		}
		if key != "" {
			return "", 0, t.misusedForm("history", "The history is of one setting or of all.")
		}
		key = args[i]
	}
	return key, n, nil
}

func historyLines(e settings.Entry) string {
	var b strings.Builder
	by := e.Who.Name
	if by == "" {
		by = "Helix"
	}
	fmt.Fprintf(&b, "%d  %s  %s  %s\n", e.Revision, e.At.UTC().Format("2006-01-02 15:04:05"), by, e.Note)
	for _, c := range e.Changes {
		fmt.Fprintf(&b, "   %s = %s\n", c.Key, c)
	}
	return b.String()
}

func configDiff(ctx context.Context, t *turn, call *shell.Call, args []string) error {
	changes, against, err := t.diff(ctx, args)
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		_, err = fmt.Fprintf(call.Stdout, "No difference from %s.\n", against)
		return err
	}
	for _, c := range changes {
		lines := fmt.Sprintf("- %s = %s\n+ %s = %s\n", c.Key, c.Old, c.Key, c.New)
		if c.Old == c.New {
			lines = fmt.Sprintf("  %s = %s (set live to the same value)\n", c.Key, c.New)
		}
		if _, err := call.Stdout.WriteString(lines); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) diff(ctx context.Context, args []string) (changes []settings.Change, against string, err error) {
	if len(args) == 0 {
		return t.Settings.Diff(), "the configuration", nil
	}
	if len(args) != 2 {
		return nil, "", t.misusedForm("diff", "diff takes two revisions, or none to compare with the configuration.")
	}
	var revisions [2]int64
	for i, a := range args {
		if revisions[i], err = strconv.ParseInt(strings.TrimPrefix(a, "r"), 10, 64); err != nil {
			return nil, "", t.misusedForm("diff", "`%s` is not a revision.", a)
		}
	}
	changes, err = t.Settings.DiffRevisions(ctx, revisions[0], revisions[1])
	return changes, "revision " + args[0], err
}

func configExport(_ context.Context, t *turn, call *shell.Call, _ []string) error {
	_, err := call.Stdout.WriteString(t.Settings.Export())
	return err
}

func configHelp(_ context.Context, t *turn, call *shell.Call, args []string) error {
	if len(args) != 1 {
		return t.misusedForm("help", "Help on which setting?")
	}
	if _, ok := findConfigForm(args[0]); ok {
		_, err := call.Stdout.WriteString(t.verbHelp(configVerb()))
		return err
	}
	page, ok := t.settingHelp(args[0])
	if !ok {
		_, err := settings.Lookup(args[0])
		return err
	}
	_, err := call.Stdout.WriteString(page)
	return err
}

// settingHelp is the help of one setting.
func (t *turn) settingHelp(key string) (string, bool) {
	item, err := t.snapshot().Item(key)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", item.Key, item.Help)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-12s %s\n", name, value)
		}
	}
	row("value", fmt.Sprintf("%s (%s)", orDash(item.Value.String()), item.Origin))
	row("default", orDash(item.Default))
	row("development", item.Development)
	row("range", item.Range())
	row("unit", item.Unit)
	changes := "live, with " + t.prefix() + "config set"
	switch {
	case item.Setup:
		changes = "by the server's owner, with " + t.prefix() + "setup; at start: config.yaml, or " + item.EnvName()
	case !item.Live:
		changes = "at start: config.yaml, or " + item.EnvName()
	}
	row("changes", changes)
	return b.String(), true
}

func settingKeys() []string {
	var keys []string
	for _, s := range settings.Table() {
		keys = append(keys, s.Key)
	}
	slices.Sort(keys)
	return keys
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
