package shell

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Aliases answers the script that a name stands for; ok is false where it is no
// alias. It is not asked about the shell's own names.
//
// In such a script "$1" to "$9" are what the call gives it, and "$@" is all of
// that, each one word whatever it holds and however it is quoted. A script sees
// no variables of the program around it and leaves none behind, like one of
// sh -c. It may call aliases in turn, a few levels deep, but none that it is a
// part of. What a name that is only known when it runs stands for is not asked.
type Aliases func(name string) (script string, ok bool)

const (
	maxWithin  = 4  // aliases that may stand within one another
	maxAliases = 50 // calls of aliases that one source may come to
)

// aliasing is what the parts of one source share about aliases.
type aliasing struct {
	of   Aliases
	used int // calls so far
}

// positional is a word that an alias is given: "1" to "9", or "@" for all.
type positional struct{ name string }

// given is what an alias is called with, as far as its source tells.
type given struct {
	args []SourceArg
	more bool // xargs adds to them
	used bool // the script makes use of any
}

func isPositional(name string) bool {
	return name == "@" || len(name) == 1 && name[0] >= '1' && name[0] <= '9'
}

// alias answers what a name stands for.
func (c *compiler) alias(name string) (script string, ok bool) {
	if c.aliases.of == nil || isOwn(name) {
		return "", false
	}
	return c.aliases.of(name)
}

// noteAlias parses what the first of words stands for, and records the call and
// those that it makes.
func (c *compiler) noteAlias(words []*word, name, text string, more bool) error {
	at := words[0].origin.Pos()
	if c.aliases.used++; c.aliases.used > maxAliases {
		return c.refuseWith(at, "an alias", fmt.Sprintf("this comes to more than %d calls of aliases", maxAliases))
	}
	if slices.Contains(c.within, name) || len(c.within) == maxWithin {
		return c.refuseWith(at, "an alias", fmt.Sprintf("the alias %s leads back to itself, or too deep: %s", name, strings.Join(append(c.within, name), ", ")))
	}
	call := SourceCall{Name: name, Args: c.sourceArgs(words[1:]), More: more || c.moreGiven(words[1:]), Own: true, Alias: text, Pos: words[0].pos}
	inner := &compiler{source: text, depth: c.depth, aliases: c.aliases, within: append(slices.Clip(c.within), name),
		given: &given{args: call.Args, more: call.More}}
	if err := inner.precheck(); err != nil {
		return err
	}
	body, err := inner.parse(text)
	if err != nil {
		return err
	}
	if !inner.given.used && (len(call.Args) > 0 || more) {
		return c.refuseWith(at, "", fmt.Sprintf("the alias %s takes no words: what it stands for has no \"$1\" and no \"$@\"", name))
	}
	for i := range inner.calls {
		inner.calls[i].Pos = words[0].pos
	}
	words[0].script = &script{body: body, calls: calledNames(inner.calls)}
	c.calls = append(append(c.calls, call), inner.calls...)
	return nil
}

// givenTo answers what the call of the alias puts in the place of a word that
// is nothing but one of its words, or all of them.
func (c *compiler) givenTo(w *word) ([]SourceArg, bool) {
	if c.given == nil || len(w.segments) != 1 {
		return nil, false
	}
	p, ok := w.segments[0].(*positional)
	if !ok {
		return nil, false
	}
	if p.name == "@" {
		return c.given.args, true
	}
	n := int(p.name[0] - '1')
	switch {
	case n < len(c.given.args):
		return c.given.args[n : n+1], true
	case c.given.more:
		return nil, false
	}
	return []SourceArg{{Literal: true, Written: c.written(w.origin)}}, true
}

// moreGiven reports whether words end in what xargs adds to an alias.
func (c *compiler) moreGiven(words []*word) bool {
	return c.given != nil && c.given.more && slices.ContainsFunc(words, func(w *word) bool {
		return slices.ContainsFunc(w.segments, func(s segment) bool { p, ok := s.(*positional); return ok && p.name == "@" })
	})
}

// alias runs what a name stands for, with what the call gives it.
func (s *scope) alias(ctx context.Context, inv *invocation, body *script) error {
	child, err := s.deeper()
	if err != nil {
		return err
	}
	child.parent, child.status, child.swaps, child.given = nil, 0, nil, inv.fields[1:]
	defer child.close()
	err = child.contained(ctx, body.body, inv.streams)
	s.status = child.status
	return err
}

// positional adds a word that the alias was given, or all of them. With whole,
// all are one word, with blanks between.
func (e *expansion) positional(p *positional, whole bool) error {
	given := e.scope.given
	if p.name != "@" {
		n := int(p.name[0] - '1')
		if n >= len(given) {
			e.open = true
			return nil
		}
		return e.value(given[n].value, true)
	}
	for i, f := range given {
		if i > 0 {
			if err := e.next(whole); err != nil {
				return err
			}
		}
		if err := e.value(f.value, true); err != nil {
			return err
		}
	}
	return nil
}

// next begins another word, or with whole goes on behind a blank.
func (e *expansion) next(whole bool) error {
	if whole {
		return e.add(plainPart(" "))
	}
	return e.cut()
}
