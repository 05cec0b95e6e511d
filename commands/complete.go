package commands

import (
	"context"
	"slices"
	"strings"
	"time"

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
	before := message[:cursor]
	stage := before[strings.LastIndexAny(before, "|;&\n(`{")+1:]
	words := strings.Fields(stage)
	word := ""
	if len(words) > 0 && !strings.HasSuffix(stage, " ") {
		word = words[len(words)-1]
		words = words[:len(words)-1]
	}
	for _, c := range d.candidates(words, stage == before) {
		if strings.HasPrefix(c, word) {
			candidates = append(candidates, c)
		}
	}
	slices.Sort(candidates)
	return cursor - len(word), candidates
}

// candidates answers what may follow the words of a stage.
func (d *Dispatcher) candidates(words []string, first bool) []string {
	if len(words) == 0 {
		return d.starts(first)
	}
	verb, _ := d.verb(strings.TrimPrefix(words[0], d.prefix()))
	switch verb.name {
	case "redis":
		return d.redisWords(words[1:])
	case "config":
		return configWords(words[1:])
	case "help":
		return append(d.verbNames(""), append(filterNames(), settingKeys()...)...)
	}
	if words[0] == "xargs" {
		return []string{"redis", "redis-cli"}
	}
	return nil
}

// starts answers what a stage may begin with: verbs where a message begins,
// anything behind a pipe.
func (d *Dispatcher) starts(first bool) []string {
	if first {
		return append(d.verbNames(d.prefix()), d.verbNames("")...)
	}
	return append(append(filterNames(), d.verbNames("")...), shell.OwnCommands()...)
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

func (d *Dispatcher) redisWords(words []string) []string {
	if len(words) > 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completeTimeout)
	defer cancel()
	names, err := d.Guard.Commands(ctx)
	if err != nil { // Redis is away; its commands cannot be offered
		return []string{"--scan"}
	}
	return append(slices.Clone(names), "--scan")
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
