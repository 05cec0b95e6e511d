package text

import "strings"

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
