package text

import (
	"strconv"
	"strings"
)

// sedCommand is one command of a script and the lines that it is for.
type sedCommand struct {
	from, to *address // nil: no address, or no range
	negated  bool
	name     byte
	sub      *substitution // of s
	status   int           // of q

	open  bool  // inside its range now
	until int64 // the range's last line, where that is known
}

// address names lines.
type address struct {
	kind  addressKind
	line  int64       // of lineNumber and linesMore
	match *expression // of matching; nil: the one used last
}

type addressKind int

const (
	lineNumber addressKind = iota
	lastLine
	matching
	linesMore // +N, at a range's end
)

// substitution is what s does.
type substitution struct {
	match *expression // nil: the one used last
	parts []replacement
	nth   int // the first match to replace
	all   bool
	print bool
}

// replacement is a piece of a new text: a group, or bytes.
type replacement struct {
	group int // -1: bytes
	bytes []byte
}

// replace appends the new text for a match.
func (s *substitution) replace(out, line []byte, at []int) []byte {
	for _, p := range s.parts {
		if p.group < 0 {
			out = append(out, p.bytes...)
		} else if i := 2 * p.group; i < len(at) && at[i] >= 0 {
			out = append(out, line[at[i]:at[i+1]]...)
		}
	}
	return out
}

// parseSed reads a script.
func parseSed(script string, extended bool) ([]*sedCommand, error) {
	p := &sedParser{src: script, extended: extended}
	var commands []*sedCommand
	for {
		p.skip(" \t\n;")
		if p.at == len(p.src) {
			return commands, nil
		}
		if p.peek() == '#' {
			p.comment()
			continue
		}
		c, err := p.command()
		if err != nil {
			return nil, err
		}
		commands = append(commands, c)
	}
}

type sedParser struct {
	src      string
	at       int
	extended bool
}

// peek answers the byte at hand, 0 at the end.
func (p *sedParser) peek() byte {
	if p.at < len(p.src) {
		return p.src[p.at]
	}
	return 0
}

func (p *sedParser) skip(set string) {
	for p.at < len(p.src) && strings.IndexByte(set, p.src[p.at]) >= 0 {
		p.at++
	}
}

func (p *sedParser) comment() {
	if i := strings.IndexByte(p.src[p.at:], '\n'); i >= 0 {
		p.at += i
	} else {
		p.at = len(p.src)
	}
}

func (p *sedParser) fail(format string, args ...any) error {
	return misuse("character %d of the script: "+format, append([]any{p.at + 1}, args...)...)
}

func (p *sedParser) command() (*sedCommand, error) {
	c := &sedCommand{}
	if err := p.addresses(c); err != nil {
		return nil, err
	}
	p.skip(" \t")
	for p.peek() == '!' {
		c.negated = true
		p.at++
		p.skip(" \t")
	}
	if p.at == len(p.src) {
		return nil, p.fail("a command is missing")
	}
	c.name = p.src[p.at]
	switch c.name {
	case 'p', 'd', '=':
		p.at++
	case 'q':
		p.at++
		if c.to != nil {
			return nil, p.fail("q is for one line, not for a range")
		}
		p.skip(" \t")
		n, _ := p.number()
		c.status = int(n & 0xff)
	case 's':
		p.at++
		sub, err := p.substitution()
		if err != nil {
			return nil, err
		}
		c.sub = sub
	default:
		return nil, p.fail("the command %q is not supported; there are s p d q =", string(c.name))
	}
	return c, p.end()
}

// end makes sure that a command ends where it should.
func (p *sedParser) end() error {
	p.skip(" \t")
	switch p.peek() {
	case ';', '\n', '#':
		return nil
	}
	if p.at == len(p.src) {
		return nil
	}
	return p.fail("%q is more than the command takes", p.src[p.at:])
}

func (p *sedParser) addresses(c *sedCommand) (err error) {
	if c.from, err = p.address(); err != nil || c.from == nil {
		return err
	}
	p.skip(" \t")
	if p.peek() != ',' {
		if c.from.kind == lineNumber && c.from.line == 0 {
			return p.fail("lines are counted from 1")
		}
		return nil
	}
	p.at++
	p.skip(" \t")
	if p.peek() == '+' {
		p.at++
		n, ok := p.number()
		if !ok {
			return p.fail("+ must be followed by a number of lines")
		}
		c.to = &address{kind: linesMore, line: n}
		return nil
	}
	if c.to, err = p.address(); err != nil {
		return err
	}
	if c.to == nil {
		return p.fail("the range has no end")
	}
	if c.from.kind == lineNumber && c.from.line == 0 {
		if c.to.kind != matching {
			return p.fail("0 may begin a range only if its end is an expression")
		}
		c.open = true
	}
	return nil
}

// address reads one address, nil if none stands here.
func (p *sedParser) address() (*address, error) {
	switch c := p.peek(); {
	case '0' <= c && c <= '9':
		n, _ := p.number()
		if p.peek() == '~' {
			return nil, p.fail("addresses of the form FIRST~STEP are not supported")
		}
		return &address{kind: lineNumber, line: n}, nil
	case c == '$':
		p.at++
		return &address{kind: lastLine}, nil
	case c == '/', c == '\\':
		if c == '\\' {
			p.at++
		}
		return p.matching()
	}
	return nil, nil
}

func (p *sedParser) matching() (*address, error) {
	src, err := p.delimited(true)
	if err != nil {
		return nil, err
	}
	fold := false
	if p.peek() == 'I' {
		p.at++
		fold = true
	}
	re, err := p.expression(src, fold)
	return &address{kind: matching, match: re}, err
}

func (p *sedParser) number() (int64, bool) {
	start := p.at
	p.skip("0123456789")
	if p.at == start {
		return 0, false
	}
	n, err := strconv.ParseInt(p.src[start:p.at], 10, 62)
	if err != nil {
		n = 1<<61 - 1
	}
	return n, true
}

func (p *sedParser) expression(src string, fold bool) (*expression, error) {
	if src == "" {
		return nil, nil
	}
	return newExpression([]string{src}, dialect{extended: p.extended, fold: fold, escapes: true})
}

// delimited reads from a delimiter to its next occurrence. Quoted by a
// backslash the delimiter stands for itself; in an expression it is none
// inside brackets either.
func (p *sedParser) delimited(expression bool) (string, error) {
	if p.at == len(p.src) || p.peek() == '\n' || p.peek() == '\\' {
		return "", p.fail("a delimiter is missing")
	}
	delimiter := p.peek()
	p.at++
	return p.until(delimiter, expression)
}

func (p *sedParser) until(delimiter byte, expression bool) (string, error) {
	var out strings.Builder
	for p.at < len(p.src) {
		c := p.src[p.at]
		switch {
		case c == delimiter:
			p.at++
			return out.String(), nil
		case c == '\\' && p.at+1 < len(p.src):
			next := p.src[p.at+1]
			p.at += 2
			if next == delimiter && delimiter != '&' {
				out.WriteString(p.unquoted(delimiter, expression))
				continue
			}
			out.WriteByte(c)
			out.WriteByte(next)
			continue
		case c == '[' && expression:
			n := bracketLength(p.src[p.at:])
			out.WriteString(p.src[p.at : p.at+n])
			p.at += n
			continue
		}
		out.WriteByte(c)
		p.at++
	}
	return "", p.fail("%q is missing", string(delimiter))
}

// unquoted is a quoted delimiter without its quote: text, even where the byte
// would mean something in an expression.
func (p *sedParser) unquoted(delimiter byte, expression bool) string {
	switch {
	case expression && delimiter == '^':
		return `\^`
	case expression && strings.IndexByte(".*[]$+?(){}|", delimiter) >= 0:
		return "[" + string(delimiter) + "]"
	}
	return string(delimiter)
}

// bracketLength is how long a bracket expression is, 1 if it is not closed.
func bracketLength(src string) int {
	_, _, n, err := bracket(src, true)
	if err != nil {
		return 1
	}
	return n
}

func (p *sedParser) substitution() (*substitution, error) {
	delimiter := p.peek()
	match, err := p.delimited(true)
	if err != nil {
		return nil, err
	}
	to, err := p.until(delimiter, false)
	if err != nil {
		return nil, err
	}
	s := &substitution{nth: 1}
	fold, err := p.substitutionFlags(s)
	if err != nil {
		return nil, err
	}
	if s.match, err = p.expression(match, fold); err != nil {
		return nil, err
	}
	return s, p.replacement(s, to)
}

func (p *sedParser) substitutionFlags(s *substitution) (fold bool, err error) {
	for p.at < len(p.src) {
		switch c := p.peek(); {
		case c == 'g':
			s.all = true
		case c == 'p':
			s.print = true
		case c == 'i', c == 'I':
			fold = true
		case '0' <= c && c <= '9':
			n, _ := p.number()
			if n == 0 {
				return false, p.fail("matches are counted from 1")
			}
			s.nth = int(n)
			continue
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			return false, p.fail("the flag %q of s is not supported; there are g p i I and a number", string(c))
		default:
			return fold, nil
		}
		p.at++
	}
	return fold, nil
}

// replacement reads the new text of s.
func (p *sedParser) replacement(s *substitution, src string) error {
	var text []byte
	settle := func() {
		if len(text) > 0 {
			s.parts = append(s.parts, replacement{group: -1, bytes: text})
			text = nil
		}
	}
	for i := 0; i < len(src); i++ {
		c := src[i]
		if c == '&' {
			settle()
			s.parts = append(s.parts, replacement{group: 0})
			continue
		}
		if c != '\\' || i+1 == len(src) {
			text = append(text, c)
			continue
		}
		i++
		switch c = src[i]; {
		case '0' <= c && c <= '9':
			group := int(c - '0')
			if s.match != nil && group > s.match.groups {
				return p.fail(`\%d refers to a group that the expression does not have`, group)
			}
			settle()
			s.parts = append(s.parts, replacement{group: group})
		case c == 'x' && i+1 < len(src) && isHex(src[i+1]):
			var n int
			text, n, _ = hexEscape(text, src[i:], 2)
			i += n - 1
		case strings.IndexByte("ULEulcdo", c) >= 0:
			return p.fail(`\%c is not supported in the new text`, c)
		case c != 'b' && escapes[c] != 0:
			text = append(text, escapes[c])
		default:
			text = append(text, c)
		}
	}
	settle()
	return nil
}
