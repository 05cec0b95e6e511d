package shell

import (
	"slices"
	"strings"
)

// region says what quoting makes of a byte of a source.
type region byte

const (
	bare region = iota
	quoted
	comment
)

// regions answers the region of each byte of text. It knows quotes, captures
// and comments and no more of the grammar, so that it can be asked about text
// that the parser refuses.
func regions(text string) []region {
	out := make([]region, len(text))
	l := lexer{fresh: true}
	for i := range len(text) {
		out[i] = l.next(text[i])
	}
	return out
}

// lexer follows quotes from byte to byte.
type lexer struct {
	open    []byte // what is open, innermost last: ' " ( ` or # for a comment
	escaped bool   // the last byte is a backslash that quotes the next
	fresh   bool   // a word may begin here
	dollar  bool   // the last byte is a $
}

func (l *lexer) next(b byte) region {
	if l.escaped {
		l.escaped, l.dollar = false, false
		l.fresh = l.fresh && b == '\n' // a continued line goes on as it was
		return quoted
	}
	switch l.innermost() {
	case '#':
		return l.inComment(b)
	case '\'':
		if b == '\'' {
			l.close()
		}
		return quoted
	case '"':
		return l.inDouble(b)
	}
	return l.inBare(b)
}

func (l *lexer) innermost() byte {
	if len(l.open) == 0 {
		return 0
	}
	return l.open[len(l.open)-1]
}

func (l *lexer) close() { l.open = l.open[:len(l.open)-1] }

func (l *lexer) inComment(b byte) region {
	switch {
	case b == '\n':
		l.close()
		l.fresh = true
		return bare
	case b == '`' && slices.Contains(l.open, '`'):
		l.backquote()
		return bare
	}
	return comment
}

func (l *lexer) inDouble(b byte) region {
	switch {
	case b == '\\':
		l.escaped = true
	case b == '"':
		l.close()
	case b == '(' && l.dollar:
		l.open, l.fresh = append(l.open, b), true
	case b == '`':
		l.backquote()
	}
	l.dollar = b == '$'
	return quoted
}

func (l *lexer) inBare(b byte) region {
	l.dollar = false
	if b == '\\' {
		l.escaped = true
		return quoted
	}
	switch {
	case b == '#' && l.fresh:
		l.open = append(l.open, b)
		return comment
	case b == '`':
		l.backquote()
		return bare
	case b == '\'' || b == '"' || b == '(':
		l.open = append(l.open, b)
	case b == ')' && l.innermost() == '(':
		l.close()
	}
	l.fresh = strings.IndexByte(" \t\n;&|()<>", b) >= 0
	return bare
}

// backquote closes the capture that is open, with all that is open in it, or
// opens one.
func (l *lexer) backquote() {
	l.dollar = false
	if i := slices.Index(l.open, '`'); i >= 0 {
		l.open, l.fresh = l.open[:i], false
		return
	}
	l.open, l.fresh = append(l.open, '`'), true
}

// endComments takes the backslash off every comment that ends in one, without
// moving anything. A comment ends with its line, whatever stands last in it;
// the parser would have the next line continue the command before it.
func endComments(text string) string {
	out := []byte(text)
	for i, r := range regions(text) {
		if r == comment && text[i] == '\\' && i+1 < len(text) && text[i+1] == '\n' {
			out[i] = ' '
		}
	}
	return string(out)
}
