package text

import (
	"strconv"
	"unicode/utf8"
)

// escapeRules says how a backslash is read.
type escapeRules struct {
	zeroOctal bool // octal needs a 0 before it: \0101 (echo)
	anyOctal  bool // octal with or without that 0 (%b)
	stop      bool // \c ends the output
}

// unescape reads what follows a backslash. It appends the bytes meant to out
// and answers how many bytes of s it took; stop is true for a \c that counts.
// What means nothing stays as it is.
func unescape(out []byte, s string, rules escapeRules) (_ []byte, taken int, stop bool) {
	if s == "" {
		return append(out, '\\'), 0, false
	}
	c := s[0]
	if e, ok := escapes[c]; ok {
		return append(out, e), 1, false
	}
	switch {
	case c == 'e' || c == 'E':
		return append(out, 0x1b), 1, false
	case c == 'c' && rules.stop:
		return out, 1, true
	case c == 'x':
		return hexEscape(out, s, 2)
	case c == 'u':
		return hexEscape(out, s, 4)
	case c == 'U':
		return hexEscape(out, s, 8)
	case c == '0' && (rules.zeroOctal || rules.anyOctal):
		n, length := octal(s[1:])
		return append(out, n), 1 + length, false
	case '0' <= c && c <= '7' && !rules.zeroOctal:
		n, length := octal(s)
		return append(out, n), length, false
	}
	return append(out, '\\', c), 1, false
}

// hexEscape reads up to most hexadecimal digits behind s's first letter.
func hexEscape(out []byte, s string, most int) ([]byte, int, bool) {
	n := 1
	for n < len(s) && n <= most && isHex(s[n]) {
		n++
	}
	if n == 1 {
		return append(out, '\\', s[0]), 1, false
	}
	value, _ := strconv.ParseUint(s[1:n], 16, 32)
	if most == 2 {
		return append(out, byte(value)), n, false
	}
	return utf8.AppendRune(out, rune(min(value, utf8.MaxRune+1))), n, false
}

func isHex(c byte) bool {
	in, _ := inClass("xdigit", c)
	return in
}
