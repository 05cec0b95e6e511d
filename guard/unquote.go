package guard

import (
	"encoding/hex"
	"strings"
)

// unquote reads one word as --quoted-input takes it: bare, in single quotes, or
// in double quotes with escapes such as \n and \x00. What is quoted may follow
// what is bare, but not the other way round. It fails where a quote stays open
// or where there is not exactly one word.
func unquote(text string) (word string, ok bool) {
	u := unquoting{rest: strings.TrimLeft(text, blanks)}
	for u.rest != "" && !strings.ContainsRune(ends, rune(u.rest[0])) {
		switch c := u.take(1)[0]; c {
		case '"', '\'':
			if !u.quoted(c) {
				return "", false
			}
		default:
			u.word.WriteByte(c)
		}
		ok = true
	}
	return u.word.String(), ok && strings.TrimLeft(u.rest, blanks) == ""
}

// blanks may stand around words; of them only ends end one that is bare.
const (
	blanks = ends + "\v\f"
	ends   = " \t\n\r"
)

type unquoting struct {
	word strings.Builder
	rest string
}

func (u *unquoting) take(n int) string {
	taken := u.rest[:n]
	u.rest = u.rest[n:]
	return taken
}

// quoted reads up to the closing quote, which must end the word.
func (u *unquoting) quoted(quote byte) bool {
	for u.rest != "" {
		c := u.take(1)[0]
		switch {
		case c == quote:
			return u.rest == "" || strings.ContainsRune(blanks, rune(u.rest[0]))
		case c == '\\' && quote == '"' && u.rest != "":
			u.escaped()
		case c == '\\' && quote == '\'' && strings.HasPrefix(u.rest, "'"):
			u.word.WriteString(u.take(1))
		default:
			u.word.WriteByte(c)
		}
	}
	return false
}

// escaped reads what follows a backslash within double quotes.
func (u *unquoting) escaped() {
	if len(u.rest) >= 3 && u.rest[0] == 'x' {
		if b, err := hex.DecodeString(u.rest[1:3]); err == nil {
			u.take(3)
			u.word.Write(b)
			return
		}
	}
	c := u.take(1)
	if i := strings.Index("nrtba", c); i >= 0 {
		c = "\n\r\t\b\a"[i : i+1]
	}
	u.word.WriteString(c)
}
