package commands

import (
	"fmt"
	"strings"

	"github.com/helix-collective/helix/shell"
)

// SlashLine answers the message that says what was chosen and filled in. The
// error is for the one who did: a sentence on what is wrong.
func (d *Dispatcher) SlashLine(u SlashUse) (string, error) {
	v, known := d.verb(u.Verb)
	form, ok := v.asSlash().form(u.Form)
	if !known || !ok {
		return "", &usageError{reason: fmt.Sprintf("`/%s` is no command any more. `%shelp` lists what there is.",
			strings.TrimSpace(u.Verb+" "+u.Form), d.prefix())}
	}
	line := slashLine{text: d.prefix() + v.name}
	if v.slash.Reveals && len(u.Values) > 0 {
		line.text = "" // it is the message that is revealed
	}
	if form.Name != "" && !form.bare {
		line.word(form.Name)
	}
	for _, o := range form.Options {
		value, given := u.Values[o.Name]
		if strings.ContainsRune(value, 0) {
			return "", &usageError{reason: fmt.Sprintf("`%s` holds a NUL, which no line can.", o.Name)}
		}
		if given {
			line.option(o, strings.ReplaceAll(value, "\r\n", "\n"))
		}
	}
	return strings.TrimSpace(line.text), nil
}

// slashLine is a line that comes about word by word.
type slashLine struct{ text string }

func (l *slashLine) word(text string) { l.text += " " + shell.Quote(text) }

func (l *slashLine) option(o SlashOption, value string) {
	switch {
	case o.Kind == Switch && value != "true":
		return
	case o.Kind == Free:
		l.free(value)
		return
	case o.joins:
		l.join(value)
		return
	}
	if o.flag != "" {
		l.word(o.flag)
	}
	switch o.Kind {
	case Word, Number, Person:
		l.word(o.prefix + value)
	case Words:
		for _, w := range strings.Fields(value) {
			l.word(w)
		}
	}
}

// join puts a value behind the word before.
func (l *slashLine) join(value string) { l.text += "=" + shell.Quote(value) }

// free puts a part of a program behind the words so far. Several lines are a
// whole script, unless they say so themselves.
func (l *slashLine) free(value string) {
	value = strings.TrimSpace(value)
	if strings.Contains(value, "\n") && !strings.Contains(value, fence) {
		value = fence + "\n" + value + "\n" + fence
	}
	l.text += " " + value
}
