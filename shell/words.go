package shell

import (
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

func (c *compiler) words(list []*syntax.Word) ([]*word, error) {
	out := make([]*word, 0, len(list))
	for _, w := range list {
		compiled, err := c.word(w)
		if err != nil {
			return nil, err
		}
		out = append(out, compiled)
	}
	return out, nil
}

func (c *compiler) word(w *syntax.Word) (*word, error) {
	out := &word{pos: c.pos(w.Pos()), origin: w}
	if err := c.noBraces(w); err != nil {
		return nil, err
	}
	if lit, ok := w.Parts[0].(*syntax.Lit); ok {
		if strings.HasPrefix(lit.Value, "~") {
			return nil, c.refuseWith(lit.Pos(), "~", "there are no home directories here; quote the '~'")
		}
		if err := c.noLongDash(lit); err != nil {
			return nil, err
		}
	}
	segments, err := c.segments(w.Parts, false)
	out.segments = segments
	return out, err
}

// noBraces refuses {a,b} and {1..9}. Other braces are ordinary characters, as
// in xargs -I {} and in keys with a hash tag.
func (c *compiler) noBraces(w *syntax.Word) error {
	split := *w
	if !syntax.SplitBraces(&split) {
		return nil
	}
	isBrace := func(part syntax.WordPart) bool { _, ok := part.(*syntax.BraceExp); return ok }
	if !slices.ContainsFunc(split.Parts, isBrace) {
		return nil
	}
	// BraceExp.Pos cannot be asked: it fails where the first element is empty.
	for _, part := range w.Parts {
		if lit, ok := part.(*syntax.Lit); ok && strings.Contains(lit.Value, "{") {
			at := c.offset(lit.ValuePos) + strings.IndexByte(lit.Value, '{')
			return c.refuseAt(at, "brace expansion", "brace expansion is not part of this shell; quote the '{'")
		}
	}
	return c.refuse(w.Pos(), "brace expansion")
}

func (c *compiler) segments(parts []syntax.WordPart, quoted bool) ([]segment, error) {
	var out []segment
	for _, part := range parts {
		compiled, err := c.segment(part, quoted)
		if err != nil {
			return nil, err
		}
		out = append(out, compiled...)
	}
	return out, nil
}

func (c *compiler) segment(part syntax.WordPart, quoted bool) ([]segment, error) {
	switch part := part.(type) {
	case *syntax.Lit:
		return c.lit(part, quoted)
	case *syntax.SglQuoted:
		if part.Dollar {
			return nil, c.refuse(part.Left, "$'…'")
		}
		return []segment{&literal{text: part.Value, quoted: true}}, nil
	case *syntax.DblQuoted:
		return c.doubleQuoted(part)
	case *syntax.ParamExp:
		return c.parameter(part, quoted)
	case *syntax.CmdSubst:
		return c.capture(part, quoted)
	case *syntax.ArithmExp:
		return c.arithmetic(part)
	}
	return nil, c.refuse(part.Pos(), constructName(part))
}

func (c *compiler) doubleQuoted(part *syntax.DblQuoted) ([]segment, error) {
	if part.Dollar {
		return nil, c.refuse(part.Left, `$"…"`)
	}
	if len(part.Parts) == 0 {
		return []segment{&literal{quoted: true}}, nil
	}
	return c.segments(part.Parts, true)
}

func (c *compiler) lit(part *syntax.Lit, quoted bool) ([]segment, error) {
	if quoted {
		text, _ := unescape(part.Value, escapable)
		return []segment{&literal{text: string(text), quoted: true}}, nil
	}
	if err := c.noLookalikes(part); err != nil {
		return nil, err
	}
	text, _ := unescape(part.Value, "")
	return []segment{&literal{text: string(text)}}, nil
}

// escapable are the characters that a backslash quotes inside double quotes.
const escapable = "$`\"\\"

// unescape takes out the backslashes that quote one of only, or any character
// if only is empty, and answers where in s each remaining byte stood.
func unescape(s, only string) (text []byte, places []int) {
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (only == "" || strings.IndexByte(only, s[i+1]) >= 0) {
			i++
		}
		text = append(text, s[i])
		places = append(places, i)
	}
	return text, places
}

// parameter accepts $x, ${x} and $?.
func (c *compiler) parameter(p *syntax.ParamExp, quoted bool) ([]segment, error) {
	if !plainParameter(p) {
		return nil, c.refuseWith(p.Pos(), "${…} with an operator", "only $name and ${name} are part of this shell, without operators")
	}
	name := p.Param.Value
	switch {
	case name == "?":
		return []segment{&lastStatus{}}, nil
	case c.given != nil && isPositional(name):
		c.given.used = true
		return []segment{&positional{name}}, nil
	case syntax.ValidName(name) && name != "_":
		return []segment{&variable{name: name, quoted: quoted}}, nil
	}
	return nil, c.refuse(p.Pos(), "the special parameter $"+name)
}

// plainParameter reports whether nothing but the name is set.
func plainParameter(p *syntax.ParamExp) bool {
	return p.Param != nil && p.Flags == nil && p.NestedParam == nil && p.Index == nil &&
		!p.Excl && !p.Length && !p.Width && !p.IsSet &&
		p.Split == syntax.OptUnset && p.GlobSubst == syntax.OptUnset && p.RcExpand == syntax.OptUnset &&
		len(p.Modifiers) == 0 && p.Slice == nil && p.Repl == nil && p.Names == 0 && p.Exp == nil
}

func (c *compiler) capture(s *syntax.CmdSubst, quoted bool) ([]segment, error) {
	switch {
	case s.TempFile || s.ReplyVar:
		return nil, c.refuse(s.Left, "${ …; }")
	case len(s.Stmts) == 0:
		return nil, c.refuse(s.Left, "an empty $(…)")
	}
	body, err := c.statements(s.Stmts)
	return []segment{&capture{body: body, quoted: quoted, pos: c.pos(s.Left)}}, err
}

func (c *compiler) arithmetic(a *syntax.ArithmExp) ([]segment, error) {
	switch {
	case a.Bracket:
		return nil, c.refuseWith(a.Left, "$[…]", "$[…] is not part of this shell; write $((…))")
	case a.Unsigned:
		return nil, c.refuse(a.Left, "unsigned arithmetic")
	}
	expr, err := c.arithExpr(a.X)
	return []segment{&arithmetic{expr: expr, pos: c.pos(a.Left)}}, err
}
