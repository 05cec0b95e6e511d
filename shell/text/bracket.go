package text

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

var errBracket = errors.New("[ is not closed")

// classes are the POSIX classes that RE2 writes the same way.
const classes = " alpha alnum blank cntrl digit graph lower print punct space upper xdigit "

// bracket translates the bracket expression that src begins with. word says
// that it matches characters of words only, n how long it is.
func bracket(src string, escaped bool) (re2 string, word bool, n int, err error) {
	p := &bracketParser{src: src, at: 1, escaped: escaped, word: true}
	p.out.WriteByte('[')
	if strings.HasPrefix(src[p.at:], "^") {
		p.out.WriteByte('^')
		p.at++
		p.word = false
	}
	for first := true; ; first = false {
		if p.at >= len(src) {
			return "", false, 0, errBracket
		}
		if src[p.at] == ']' && !first {
			p.out.WriteByte(']')
			return p.out.String(), p.word, p.at + 1, nil
		}
		if err := p.item(); err != nil {
			return "", false, 0, err
		}
	}
}

type bracketParser struct {
	src     string
	at      int
	escaped bool
	out     strings.Builder
	word    bool
}

// item reads a class, a character or a range.
func (p *bracketParser) item() error {
	if strings.HasPrefix(p.src[p.at:], "[:") {
		return p.class()
	}
	low, err := p.char()
	if err != nil {
		return err
	}
	high := low
	rest := p.src[p.at:]
	if len(rest) > 1 && rest[0] == '-' && rest[1] != ']' {
		p.at++
		if high, err = p.char(); err != nil {
			return err
		}
	}
	if high < low {
		return fmt.Errorf("the range %c-%c runs backwards", low, high)
	}
	p.word = p.word && isWord(low) && isWord(high) && (low == high || oneAlphabet(low, high))
	fmt.Fprintf(&p.out, `\x{%X}-\x{%X}`, low, high)
	return nil
}

func (p *bracketParser) class() error {
	end := strings.Index(p.src[p.at:], ":]")
	if end < 0 {
		return errBracket
	}
	name := p.src[p.at+2 : p.at+end]
	if !strings.Contains(classes, " "+name+" ") {
		return fmt.Errorf("[:%s:] is no class", name)
	}
	p.word = p.word && strings.Contains(" alpha alnum digit lower upper xdigit ", " "+name+" ")
	p.out.WriteString("[:" + name + ":]")
	p.at += end + 2
	return nil
}

// char reads one character; in a bracket a backslash is one, except where it
// writes a line break, \x41 or their like.
func (p *bracketParser) char() (rune, error) {
	rest := p.src[p.at:]
	for _, kind := range []string{"=", "."} {
		if !strings.HasPrefix(rest, "["+kind) {
			continue
		}
		body, _, closed := strings.Cut(rest[2:], kind+"]")
		if !closed || utf8.RuneCountInString(body) != 1 {
			return 0, fmt.Errorf("[%s is not followed by one character and %s]", kind, kind)
		}
		p.at += len(body) + 4
		r, _ := utf8.DecodeRuneInString(body)
		return r, nil
	}
	if named := hexBytes(rest); p.escaped && named != nil {
		r, n := utf8.DecodeRune(named)
		p.at += n * len(`\x41`)
		return r, nil
	}
	if p.escaped && len(rest) > 1 && rest[0] == '\\' && strings.IndexByte("nftvr", rest[1]) >= 0 {
		p.at += 2
		return rune(escapes[rest[1]]), nil
	}
	if rest == "" {
		return 0, errBracket
	}
	r, n := utf8.DecodeRuneInString(rest)
	p.at += n
	return r, nil
}

// oneAlphabet answers whether a range stays within digits, upper or lower case.
func oneAlphabet(low, high rune) bool {
	return high <= '9' || low >= 'A' && high <= 'Z' || low >= 'a'
}
