package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/guide"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/shell"
)

// completeTimeout bounds how long a completion may wait for Redis.
const completeTimeout = 200 * time.Millisecond

// Complete answers what could stand at the cursor of a message at a terminal:
// each candidate may replace message[start:cursor]. It never fails; with nothing
// to offer it answers none.
func (d *Dispatcher) Complete(message string, cursor int) (start int, candidates []string) {
	if cursor < 0 || cursor > len(message) {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completeTimeout)
	defer cancel()
	c := &completer{Dispatcher: d, caller: permissions.Member{Local: true}}
	words, word, first := stageAt(message[:cursor])
	for _, found := range c.candidates(ctx, words, word, first) {
		if strings.HasPrefix(found, word) {
			candidates = append(candidates, found)
		}
	}
	slices.Sort(candidates)
	return cursor - len(word), slices.Compact(candidates)
}

// completer is one look at what could stand somewhere, in somebody's name.
type completer struct {
	*Dispatcher
	caller permissions.Member
	values map[string]string // of the options that are filled in, if it is a form
	before string            // what was typed before the word
	word   string            // that is typed
	redact bool
}

// stageAt answers the words of the command that ends a text, without the one
// that the text ends with, and whether the text is nothing but that command.
func stageAt(before string) (words []string, word string, first bool) {
	start := strings.LastIndexAny(before, "|;&\n(`'\"") + 1
	if i := strings.LastIndex(before, "{ "); i >= start {
		start = i + 1
	}
	stage := before[start:]
	words = strings.Fields(stage)
	if len(words) > 0 && !strings.HasSuffix(stage, " ") {
		word = words[len(words)-1]
		words = words[:len(words)-1]
	}
	first = start == 0
	for len(words) > 0 && slices.Contains(beforeCommands, words[0]) {
		words, first = words[1:], false
	}
	return words, word, first
}

// beforeCommands are the words of the shell that a command follows.
var beforeCommands = []string{"do", "then", "else", "elif", "if", "while", "until", "!"}

// candidates answers what may follow the words of a stage.
func (c *completer) candidates(ctx context.Context, words []string, word string, first bool) []string {
	if len(words) == 0 {
		return c.starts(first)
	}
	if words[0] == "xargs" {
		inner := slices.IndexFunc(words, isRedis)
		if inner < 0 {
			return []string{"redis", "redis-cli"}
		}
		words = words[inner:]
	}
	verb, _ := c.verb(strings.TrimPrefix(words[0], c.prefix()))
	switch verb.name {
	case "redis":
		return c.redisWords(ctx, words[1:], word)
	case "config":
		return configWords(words[1:])
	case "setup":
		return c.setupWords(words[1:])
	case "sessions":
		return sessionsWords(words[1:])
	case "undo":
		return c.undoWords(words[1:])
	case "approve":
		return c.planIDs(ctx, words[1:])
	case "alias":
		return c.aliasWords(words[1:])
	case "guide":
		return guide.Names()
	case "every":
		return c.everyWords(ctx, words[1:])
	case "audit":
		return []string{"--by", "--since", "--verb", "--denied", "verify"}
	case "help":
		return c.topics()
	}
	return nil
}

// topics answers what there is help on, but for the commands of Redis.
func (d *Dispatcher) topics() []string {
	return append(d.verbNames(""), append(filterNames(), settingKeys()...)...)
}

// undoWords answers what may follow undo.
func (c *completer) undoWords(words []string) []string {
	switch {
	case len(words) == 1 && words[0] != "list":
		return []string{"--force"}
	case len(words) > 0:
		return nil
	}
	found := []string{"list"}
	for _, s := range c.undoableChanges() {
		found = append(found, s.ID)
	}
	return found
}

// undoableChanges answers the changes that can be taken back from where the
// caller is, which none is while the disk does not answer.
func (c *completer) undoableChanges() []journal.Summary {
	if c.Journal == nil {
		return nil
	}
	list, _ := c.Journal.List()
	return slices.DeleteFunc(list, func(s journal.Summary) bool {
		return s.Unreadable != "" || s.Images == 0 || s.Guild != c.caller.Guild
	})
}

// planIDs answers what may follow approve.
func (c *completer) planIDs(ctx context.Context, words []string) []string {
	if len(words) > 0 {
		return nil
	}
	var found []string
	for _, p := range c.waitingPlans(ctx) {
		found = append(found, p.ID)
	}
	return found
}

// waitingPlans answers the plans of where the caller is that wait for somebody to
// agree, which none does while Redis is away.
func (c *completer) waitingPlans(ctx context.Context) []plans.Plan {
	if c.Plans == nil {
		return nil
	}
	list, _ := c.Plans.Pending(ctx)
	return slices.DeleteFunc(list, func(p plans.Plan) bool { return p.Approved() || p.Guild != c.caller.Guild })
}

func isRedis(word string) bool { return word == "redis" || word == "redis-cli" }

// starts answers what a stage may begin with: verbs where a message begins,
// anything behind a pipe.
func (d *Dispatcher) starts(first bool) []string {
	if first {
		return slices.Concat(d.verbNames(d.prefix()), d.verbNames(""), d.aliasesFor(d.prefix()), d.aliasesFor(""))
	}
	return slices.Concat(filterNames(), d.verbNames(""), shell.OwnCommands(), d.aliasesFor(""))
}

// aliasesFor answers the names of aliases behind a prefix: none while Redis is
// away.
func (d *Dispatcher) aliasesFor(prefix string) []string {
	ctx, cancel := context.WithTimeout(context.Background(), completeTimeout)
	defer cancel()
	var names []string
	all, _ := d.Aliases.All(ctx)
	for name := range all {
		names = append(names, prefix+name)
	}
	return names
}

// aliasWords answers what may follow the verb alias.
func (d *Dispatcher) aliasWords(words []string) []string {
	switch {
	case len(words) == 0:
		return []string{"list", "show", "remove"}
	case len(words) == 1 && (words[0] == "show" || words[0] == "remove"):
		return d.aliasesFor("")
	}
	return nil
}

// everyWords answers what may follow the verb every: schedules of the caller's
// guild, or at a terminal any.
func (c *completer) everyWords(ctx context.Context, words []string) []string {
	switch {
	case len(words) == 0:
		return []string{"list", "remove", "resume"}
	case len(words) > 1 || words[0] != "remove" && words[0] != "resume":
		return nil
	}
	var ids []string
	all, _ := c.Schedules.All(ctx) // none while Redis is away
	for _, s := range all {
		if c.caller.Local || s.Guild == c.caller.Guild {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func (d *Dispatcher) verbNames(prefix string) []string {
	var names []string
	for _, v := range d.verbs {
		names = append(names, prefix+v.name)
		for _, a := range v.aliases {
			names = append(names, prefix+a)
		}
	}
	return names
}

// redisWords answers the commands of Redis that may follow, or the sub-commands
// of the one that stands there, in capitals where word is.
func (d *Dispatcher) redisWords(ctx context.Context, words []string, word string) []string {
	if len(words) > 0 && isRedis(words[0]) {
		words = words[1:]
	}
	if len(words) > 1 {
		return nil
	}
	names, _ := d.Guard.Commands(ctx) // none while Redis is away
	var found []string
	for _, name := range names {
		command, sub, _ := strings.Cut(name, " ")
		switch {
		case len(words) == 0:
			found = append(found, command)
		case strings.EqualFold(command, words[0]) && sub != "":
			found = append(found, sub)
		}
	}
	if word != "" && word == strings.ToUpper(word) {
		for i := range found {
			found[i] = strings.ToUpper(found[i])
		}
	}
	if len(words) == 0 {
		found = append(found, "--scan", "redis-cli")
	}
	return found
}

func configWords(words []string) []string {
	if len(words) == 0 {
		return configFormNames()
	}
	switch words[0] {
	case "set":
		keys := settingKeys()
		for i := range keys {
			keys[i] += "="
		}
		return keys
	case "get", "unset", "help", "list", "history":
		return settingKeys()
	case "profile":
		return []string{"production", "development"}
	}
	return nil
}

func (d *Dispatcher) setupWords(words []string) []string {
	switch {
	case len(words) == 0:
		return setupFormNames()
	case len(words) == 1 && words[0] == "role":
		return d.Policy.Bindable()
	case len(words) == 1 && words[0] == "profile":
		return configWords(words)
	}
	return nil
}

// sessionsWords answers the sub-commands of sessions, or what may follow one.
func sessionsWords(words []string) []string {
	if len(words) == 0 {
		return sessionsFormNames()
	}
	form, _ := findSessionsForm(words[0])
	if form.name == "top" {
		return []string{"users", "addresses", "size"}
	}
	return flagWords(form.flags)
}
