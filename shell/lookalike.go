package shell

import (
	"fmt"
	"strings"
)

const curlyQuotes = "“”„‘’‚"

// curlyQuote is the error for a typographic quote where a straight one is
// meant. Phones and word processors put them in unasked.
func (c *compiler) curlyQuote(offset int, r rune) error {
	straight := `"`
	if strings.ContainsRune("‘’‚", r) {
		straight = "'"
	}
	return c.refuseAt(offset, "curly quote", fmt.Sprintf("%c is a curly quote; use the straight %s instead", r, straight))
}

// looseCurlyQuote finds the first curly quote that stands outside of quotes
// and comments. It is used on text that the parser refused, so it knows less
// of the grammar than the parser does.
func looseCurlyQuote(text string) (at int, r rune, found bool) {
	var within rune // the quote that is open, or # in a comment
	escaped, blank := false, true
	for i, r := range text {
		switch {
		case escaped:
			escaped = false
		case within == '#':
			if r == '\n' {
				within = 0
			}
		case r == '\\' && within != '\'':
			escaped = true
		case within != 0:
			if r == within {
				within = 0
			}
		case r == '\'' || r == '"':
			within = r
		case r == '#' && blank:
			within = '#'
		case strings.ContainsRune(curlyQuotes, r):
			return i, r, true
		}
		blank = r == ' ' || r == '\t' || r == '\n' || r == ';'
	}
	return 0, 0, false
}
