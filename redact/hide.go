package redact

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// until is where a stretch ends that is left out.
type until int

const (
	untilWordEnd   until = iota // of one word, with the padding of base64
	untilDelimiter              // a blank, a quotation mark, punctuation
	untilLineEnd
	untilQuote     // the closing quotation mark
	untilBalanced  // the bracket that closes the first
	untilBinary    // a byte that is no text
	untilCount     // after so many bytes
	untilArmourEnd // -----END …-----
)

// hiding is a stretch that is being left out; its mask stands already.
type hiding struct {
	until  until
	mark   byte // quotation mark
	level  uint // how often quotation marks are escaped
	braces bool // closing brackets are delimiters as well
	count  int  // bytes still to come

	slashes int // backslashes that stand right before
	depth   int
	inside  bool // within a string
	tail    []byte
}

// hide leaves out as much as belongs to the stretch.
func (s *scanner) hide() {
	limit := len(s.in)
	if !s.last {
		limit -= utf8.UTFMax // what the last decision needs
	}
	h, end, over := s.hiding, s.pos, false
	for end < limit && !over {
		if over = h.endsBefore(s.in, end); !over {
			over = h.endsAfter(s.in[end])
			end++
		}
	}
	s.pos, s.from, s.inWord = end, end, false
	if over {
		s.out = append(s.out, h.escape()...)
		s.hiding = nil
	}
}

// endsBefore reports whether the stretch ends before the byte at a place.
func (h *hiding) endsBefore(in []byte, at int) bool {
	c := in[at]
	switch h.until {
	case untilWordEnd:
		return !wordBytes[c] && c != '=' && !(c == '.' && at+1 < len(in) && wordBytes[in[at+1]])
	case untilDelimiter:
		return delimiter(c) || h.braces && (c == '}' || c == ']')
	case untilLineEnd:
		return c == '\n' || c == '\r'
	case untilQuote:
		return h.closesAt(c)
	case untilBinary:
		return !h.character(in[at:])
	case untilCount:
		h.count--
		return h.count < 0
	}
	return false
}

// endsAfter reports whether a byte of the stretch is its last.
func (h *hiding) endsAfter(c byte) bool {
	switch h.until {
	case untilBalanced:
		return h.balances(c)
	case untilArmourEnd:
		h.tail = append(h.tail, c)
		if len(h.tail) > 2*len(armourEnd) {
			h.tail = append(h.tail[:0], h.tail[len(armourEnd):]...)
		}
		if h.depth == 0 && bytes.HasSuffix(h.tail, []byte(armourEnd)) {
			h.depth, h.tail = 1, h.tail[:0]
		}
		return h.depth == 1 && bytes.HasSuffix(h.tail, []byte("-----"))
	}
	return false
}

const armourEnd = "-----END"

// character reports whether the byte at the beginning of in belongs to a text,
// in which count bytes of a character are still to come.
func (h *hiding) character(in []byte) bool {
	if h.count > 0 {
		h.count--
		return true
	}
	_, n := utf8.DecodeRune(in)
	h.count = n - 1
	return textAt(in)
}

// closesAt reports whether a byte, with the backslashes before it, closes the
// string.
func (h *hiding) closesAt(c byte) bool {
	switch {
	case c == '\\':
		h.slashes++
		return false
	case c == h.mark && h.bare(h.slashes):
		return true
	}
	h.slashes = 0
	return false
}

// bare reports whether a quotation mark behind so many backslashes is one of
// the string's own level: at level 0 behind an even number of them, at level 1
// behind one, five or nine.
func (h *hiding) bare(slashes int) bool {
	return slashes%(2<<h.level) == 1<<h.level-1
}

// closing reports whether the closing mark stands at the beginning of in.
func (h *hiding) closing(in []byte) bool {
	n := 1<<h.level - 1
	return len(in) > n && in[n] == h.mark && bytes.Count(in[:n], []byte(`\`)) == n
}

// escape is what of the closing mark was left out with the stretch.
func (h *hiding) escape() []byte {
	if h.until != untilQuote {
		return nil
	}
	return bytes.Repeat([]byte(`\`), 1<<h.level-1)
}

// balances counts brackets outside of strings.
func (h *hiding) balances(c byte) bool {
	switch {
	case c == '\\':
		h.slashes++
		return false
	case c == '"' && h.bare(h.slashes):
		h.inside = !h.inside
	case h.inside:
	case c == '{' || c == '[':
		h.depth++
	case c == '}' || c == ']':
		h.depth--
	}
	h.slashes = 0
	return h.depth <= 0
}

// unquoted reads a name as a string of JSON; where it is none, backslashes are
// dropped.
func unquoted(name []byte) string {
	var text string
	if err := json.Unmarshal([]byte(`"`+string(name)+`"`), &text); err == nil {
		return text
	}
	return string(bytes.ReplaceAll(name, []byte(`\`), nil))
}
