package shell

import (
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// bareName answers a command's name without the "!" of the chat.
func bareName(name string) string {
	if len(name) > 1 {
		return strings.TrimPrefix(name, "!")
	}
	return name
}

// noteCalls records the call that words make and those that it makes in turn.
// With more, further arguments are added when it runs.
func (c *compiler) noteCalls(words []*word, more bool) error {
	name, ok := c.fixed(words[0])
	if !ok {
		return nil
	}
	name = bareName(name)
	if script, ok := c.alias(name); ok {
		return c.noteAlias(words, name, script, more)
	}
	c.calls = append(c.calls, SourceCall{
		Name: name, Args: c.sourceArgs(words[1:]), More: more || c.moreGiven(words[1:]), Own: isOwn(name), Pos: words[0].pos,
	})
	switch name {
	case "sh":
		return c.noteScript(words)
	case "xargs":
		return c.noteXargs(words)
	}
	return nil
}

// calledNames answers the names among calls that are not the shell's own, each
// once.
func calledNames(calls []SourceCall) []string {
	var names []string
	for _, c := range calls {
		if !c.Own && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// fixed answers a word's text if it is literal and xargs -I changes nothing in it.
func (c *compiler) fixed(w *word) (string, bool) {
	text, ok := w.literal()
	if !ok || c.hasHole(text) {
		return "", false
	}
	return text, true
}

// hasHole reports whether xargs -I replaces anything in text.
func (c *compiler) hasHole(text string) bool {
	return slices.ContainsFunc(c.holes, func(hole string) bool { return strings.Contains(text, hole) })
}

// holesAreText refuses a script in which what xargs -I replaces stands
// anywhere but in the literal text of words and in comments: items are data,
// and can be no name of a variable, no keyword and no operator.
func (c *compiler) holesAreText(script string, file *syntax.File) error {
	if !c.hasHole(script) {
		return nil
	}
	replaceable := regionsOfText(script, file)
	for _, hole := range c.holes {
		for at := 0; ; at++ {
			i := strings.Index(script[at:], hole)
			if i < 0 {
				break
			}
			at += i
			if slices.Contains(replaceable[at:at+len(hole)], false) {
				return c.refuseAt(c.offsetOf(at), "xargs -I", fmt.Sprintf(
					"xargs would replace this %s, and it is not an argument or a part of one; choose another mark, as in xargs -I {}", hole))
			}
		}
	}
	return nil
}

// regionsOfText marks the bytes of script that are literal text of words, or
// of comments.
func regionsOfText(script string, file *syntax.File) []bool {
	out := make([]bool, len(script))
	mark := func(from, to syntax.Pos) {
		for i := from.Offset(); i < to.Offset() && i < uint(len(out)); i++ {
			out[i] = true
		}
	}
	for i, r := range regions(script) {
		out[i] = r == comment
	}
	syntax.Walk(file, func(node syntax.Node) bool {
		switch node := node.(type) {
		case *syntax.Word:
			markLiterals(node.Parts, mark)
		case *syntax.DblQuoted:
			markLiterals(node.Parts, mark)
		}
		return true
	})
	return out
}

func markLiterals(parts []syntax.WordPart, mark func(from, to syntax.Pos)) {
	for _, part := range parts {
		switch part.(type) {
		case *syntax.Lit, *syntax.SglQuoted:
			mark(part.Pos(), part.End())
		}
	}
}

func (c *compiler) sourceArgs(words []*word) []SourceArg {
	args := make([]SourceArg, 0, len(words))
	for _, w := range words {
		if given, ok := c.givenTo(w); ok {
			args = append(args, given...)
			continue
		}
		written := c.written(w.origin)
		text, ok := c.fixed(w)
		if !ok {
			text = written
		}
		args = append(args, SourceArg{Text: text, Literal: ok, Written: written})
	}
	return args
}

// written answers a word as it stands in the source.
func (c *compiler) written(w *syntax.Word) string {
	last := int(w.End().Offset()) - 1
	return c.source[c.offset(w.Pos()) : c.offsetOf(last)+1]
}

// noteXargs finds the command among the arguments of xargs.
func (c *compiler) noteXargs(words []*word) error {
	texts := make([]string, 0, len(words)-1)
	for i, w := range words[1:] {
		text, ok := w.literal()
		if !ok {
			// A value known only later: any number will do for finding the
			// command, but what -I replaces must be known.
			if before, _ := words[i].literal(); strings.HasSuffix(before, "I") {
				return c.refuseWith(w.origin.Pos(), "xargs -I", "what xargs -I replaces must be written out, as in xargs -I {}")
			}
			text = "1"
		}
		texts = append(texts, text)
	}
	options, rest, err := parseXargs(texts)
	if err != nil {
		return c.refuseWith(words[0].origin.Pos(), "xargs", err.Error())
	}
	command := words[len(words)-len(rest):]
	if len(command) == 0 {
		c.calls = append(c.calls, SourceCall{Name: "echo", More: true, Pos: words[0].pos})
		return nil
	}
	if options.replace == "" {
		return c.noteCalls(command, true)
	}
	outside := c.holes
	c.holes = append(slices.Clip(outside), options.replace)
	err = c.noteCalls(command, false)
	c.holes = outside
	return err
}

// noteScript parses the script of sh -c.
func (c *compiler) noteScript(words []*word) error {
	if len(words) < 2 {
		return c.refuseWith(words[0].origin.Pos(), "sh", shUsage)
	}
	if option, _ := words[1].literal(); option != "-c" || len(words) < 3 {
		return c.refuseWith(words[1].origin.Pos(), "sh", shUsage)
	}
	w := words[2]
	if _, ok := w.literal(); !ok {
		return c.refuseWith(w.origin.Pos(), "sh -c",
			"the script of sh -c must be written out, in single quotes")
	}
	text, places := c.scriptText(w.origin)
	inner := &compiler{source: c.source, places: places, holes: c.holes, depth: c.depth, aliases: c.aliases, within: c.within}
	body, err := inner.parse(text)
	w.script = &script{body: body, calls: calledNames(inner.calls)}
	c.calls = append(c.calls, inner.calls...)
	return err
}

// scriptText answers a literal word's text and where in the source each of its
// bytes, and its end, stand.
func (c *compiler) scriptText(w *syntax.Word) (string, []int) {
	var text []byte
	var places []int
	add := func(s, only string, at int) {
		t, p := unescape(s, only)
		text = append(text, t...)
		for _, i := range p {
			places = append(places, at+i)
		}
	}
	for _, part := range w.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			add(part.Value, "", c.offset(part.ValuePos))
		case *syntax.SglQuoted:
			at := c.offset(part.Left) + 1
			text = append(text, part.Value...)
			for i := range len(part.Value) {
				places = append(places, at+i)
			}
		case *syntax.DblQuoted:
			for _, inner := range part.Parts {
				lit := inner.(*syntax.Lit)
				add(lit.Value, escapable, c.offset(lit.ValuePos))
			}
		}
	}
	return string(text), append(places, c.offset(w.End()))
}
