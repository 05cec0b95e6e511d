package commands

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/guide"
	"github.com/helix-collective/helix/shell"
)

// completeTimeout bounds how long a completion may wait for Redis.
const completeTimeout = 200 * time.Millisecond

// Complete answers what could stand at the cursor of a message: each candidate
// may replace message[start:cursor]. It never fails; with nothing to offer it
// answers none.
func (d *Dispatcher) Complete(message string, cursor int) (start int, candidates []string) {
	if cursor < 0 || cursor > len(message) {
		return 0, nil
	}
	words, word, first := stageAt(message[:cursor])
	for _, c := range d.candidates(words, word, first) {
		if strings.HasPrefix(c, word) {
			candidates = append(candidates, c)
		}
	}
	slices.Sort(candidates)
	return cursor - len(word), slices.Compact(candidates)
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
func (d *Dispatcher) candidates(words []string, word string, first bool) []string {
	if len(words) == 0 {
		return d.starts(first)
	}
	if words[0] == "xargs" {
		inner := slices.IndexFunc(words, isRedis)
		if inner < 0 {
			return []string{"redis", "redis-cli"}
		}
		words = words[inner:]
	}
	verb, _ := d.verb(strings.TrimPrefix(words[0], d.prefix()))
	switch verb.name {
	case "redis":
		return d.redisWords(words[1:], word)
	case "config":
		return configWords(words[1:])
	case "setup":
		return d.setupWords(words[1:])
	case "sessions":
		return sessionsWords(words[1:])
	case "undo":
		return d.changeIDs(words[1:])
	case "approve":
		return d.planIDs(words[1:])
	case "alias":
		return d.aliasWords(words[1:])
	case "guide":
		return guide.Names()
	case "every":
		return d.everyWords(words[1:])
	case "audit":
		return []string{"--by", "--since", "--verb", "--denied", "verify"}
	case "help":
		return append(d.verbNames(""), append(filterNames(), settingKeys()...)...)
	}
	return nil
}

// changeIDs answers what may follow undo: changes that can be taken back, which
// none is while the disk does not answer.
func (d *Dispatcher) changeIDs(words []string) []string {
	switch {
	case len(words) == 1 && words[0] != "list":
		return []string{"--force"}
	case len(words) > 0:
		return nil
	}
	found := []string{"list"}
	if d.Journal == nil {
		return found
	}
	list, _ := d.Journal.List()
	for _, s := range list {
		if s.Unreadable == "" && s.Images > 0 && s.Guild == "" { // only terminals complete
			found = append(found, s.ID)
		}
	}
	return found
}

// planIDs answers the plans that wait for somebody to agree.
func (d *Dispatcher) planIDs(words []string) []string {
	if len(words) > 0 || d.Plans == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completeTimeout)
	defer cancel()
	var found []string
	list, _ := d.Plans.Pending(ctx) // none while Redis is away
	for _, p := range list {
		if !p.Approved() && p.Guild == "" {
			found = append(found, p.ID)
		}
	}
	return found
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

// everyWords answers what may follow the verb every. Only terminals complete, and
// they may remove any schedule.
func (d *Dispatcher) everyWords(words []string) []string {
	switch {
	case len(words) == 0:
		return []string{"list", "remove", "resume"}
	case len(words) > 1 || words[0] != "remove" && words[0] != "resume":
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completeTimeout)
	defer cancel()
	var ids []string
	all, _ := d.Schedules.All(ctx) // none while Redis is away
	for _, s := range all {
		ids = append(ids, s.ID)
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
func (d *Dispatcher) redisWords(words []string, word string) []string {
	if len(words) > 0 && isRedis(words[0]) {
		words = words[1:]
	}
	if len(words) > 1 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completeTimeout)
	defer cancel()
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
