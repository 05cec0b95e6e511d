package shell

import (
	"regexp"
	"strings"
)

// bareWord is a word that means itself without quotes.
var bareWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=*-]+$`)

// Quote writes a text as one word of a program that stands for exactly that
// text, as long as the text holds no NUL, which no word does. Backticks never
// stand side by side in it, so that no code block of a chat begins there, and a
// carriage return never stands before a line break.
func Quote(text string) string {
	if bareWord.MatchString(text) {
		return text
	}
	quoted := strings.ReplaceAll(text, "'", `'\''`)
	for _, pair := range []string{"``", "\r\n"} {
		apart := pair[:1] + "''" + pair[1:]
		for strings.Contains(quoted, pair) {
			quoted = strings.ReplaceAll(quoted, pair, apart)
		}
	}
	return "'" + quoted + "'"
}
