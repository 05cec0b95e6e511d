package text

import "strconv"

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
