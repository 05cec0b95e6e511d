package console

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// filter makes a stream of bytes harmless for a terminal: only printable
// characters, tabs and line ends pass, and everything else is shown as an
// escape such as \x1b or \u202e. That holds for what turns the direction of
// writing, too, and for bytes that are not UTF-8.
type filter struct {
	held []byte // the beginning of a character, or a \r that a \n may follow
}

// next answers the harmless form of p, but for an end that waits for more.
func (f *filter) next(p []byte) []byte {
	if len(f.held) > 0 {
		p = append(f.held, p...)
	}
	safe := make([]byte, 0, len(p)+len(p)/8)
	for len(p) > 0 && !unfinished(p) {
		var size int
		safe, size = appendSafe(safe, p)
		p = p[size:]
	}
	f.held = append([]byte(nil), p...)
	return safe
}

// rest answers what waited.
func (f *filter) rest() []byte {
	var safe []byte
	for p := f.held; len(p) > 0; {
		var size int
		safe, size = appendSafe(safe, p)
		p = p[size:]
	}
	f.held = nil
	return safe
}

// unfinished reports whether p is too short to tell what it begins with.
func unfinished(p []byte) bool {
	return len(p) == 1 && p[0] == '\r' || !utf8.FullRune(p)
}

// appendSafe appends the harmless form of the first character of p, and
// answers how many bytes of p that took.
func appendSafe(safe, p []byte) ([]byte, int) {
	if len(p) > 1 && p[0] == '\r' && p[1] == '\n' {
		return append(safe, '\n'), 2
	}
	r, size := utf8.DecodeRune(p)
	switch {
	case r == utf8.RuneError && size == 1:
		return fmt.Appendf(safe, `\x%02x`, p[0]), 1
	case passes(r):
		return append(safe, p[:size]...), size
	case r <= unicode.MaxLatin1:
		return fmt.Appendf(safe, `\x%02x`, r), size
	case r <= 0xFFFF:
		return fmt.Appendf(safe, `\u%04x`, r), size
	default:
		return fmt.Appendf(safe, `\U%08x`, r), size
	}
}

// passes reports whether a terminal shows r, and does nothing else with it.
// The joiners stand inside emoji and in the words of several languages.
func passes(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r == '\n' || r == '\t' || r == nonJoiner || r == joiner || unicode.IsGraphic(r)
}

// harmless is the harmless form of a whole text. Where columns count, what
// cannot pass becomes one sign each, so that a caret below still points right.
func harmless(text string, columns bool) string {
	if columns {
		text = oneColumnEach(text)
	}
	var f filter
	safe := f.next([]byte(text))
	return string(append(safe, f.rest()...))
}

// controlPictures is where Unicode has a sign for each control character.
const controlPictures = 0x2400

func oneColumnEach(text string) string {
	runes := []rune(text)
	for i, r := range runes {
		switch {
		case passes(r):
		case r < ' ':
			runes[i] = controlPictures + r
		case r == 0x7f:
			runes[i] = '␡'
		default:
			runes[i] = utf8.RuneError
		}
	}
	return string(runes)
}
