package text

import (
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
