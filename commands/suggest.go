package commands

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/helix-collective/helix/permissions"
)

// Typing is somebody filling in an option, with what stands there so far.
type Typing struct {
	SlashUse
	Option string // which; its value is what was typed
	Caller permissions.Member
	Redact bool
}

// Suggestion is something that the option could be.
type Suggestion struct {
	Label string // what the person reads
	Value string
}

// What a chat has room for.
const (
	maxSuggestions = 25
	maxSuggestion  = 100 // characters of a label, and of a value
)

// suggestTimeout bounds how long suggestions may wait for Redis.
const suggestTimeout = time.Second

// Suggest answers what could stand where somebody types: at most 25, each of at
// most 100 characters. It never fails, and tells nothing to those who may not
// read.
func (d *Dispatcher) Suggest(ctx context.Context, t Typing) []Suggestion {
	option, ok := d.optionOf(t)
	if !ok || !d.Policy.Holds(t.Caller, permissions.Read) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, suggestTimeout)
	defer cancel()
	c := &completer{Dispatcher: d, caller: t.Caller, values: t.Values, redact: t.Redact, word: t.Values[t.Option]}
	if option.Kind == Words {
		at := strings.LastIndexAny(c.word, " \t") + 1
		c.before, c.word = c.word[:at], c.word[at:]
	}
	var found []Suggestion
	for _, s := range fitting(option.source(ctx, c), c.word) {
		s.Label, s.Value = c.before+s.Label, c.before+s.Value
		if utf8.RuneCountInString(s.Value) <= maxSuggestion && s.Value != "" && len(found) < maxSuggestions {
			found = append(found, Suggestion{clipRunes(s.Label, maxSuggestion), s.Value})
		}
	}
	return found
}

// optionOf finds the option that is typed, if anything completes it.
func (d *Dispatcher) optionOf(t Typing) (SlashOption, bool) {
	v, known := d.verb(t.Verb)
	form, ok := v.asSlash().form(t.Form)
	i := slices.IndexFunc(form.Options, func(o SlashOption) bool { return o.Name == t.Option })
	if !known || !ok || i < 0 || form.Options[i].source == nil {
		return SlashOption{}, false
	}
	return form.Options[i], true
}

// fitting answers those of the suggestions that begin with the word, and behind
// them those that hold it, each once.
func fitting(all []Suggestion, word string) []Suggestion {
	word = strings.ToLower(word)
	var first, second []Suggestion
	seen := make(map[string]bool)
	for _, s := range all {
		value := strings.ToLower(s.Value)
		switch {
		case seen[s.Value]:
		case strings.HasPrefix(value, word):
			first = append(first, s)
		case strings.Contains(value, word):
			second = append(second, s)
		}
		seen[s.Value] = true
	}
	return append(first, second...)
}

func clipRunes(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// plainly makes suggestions of texts that say what they are.
func plainly(texts []string) []Suggestion {
	list := make([]Suggestion, len(texts))
	for i, text := range texts {
		list[i] = Suggestion{text, text}
	}
	return list
}
