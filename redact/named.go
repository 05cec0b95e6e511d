package redact

import (
	"bytes"
	"math/bits"
	"unicode/utf8"
)

// quotedName decides on a quotation mark at pos: it may begin the name of a
// field, with escapes or blanks in it.
func (s *scanner) quotedName() {
	at := s.pos + 1
	s.pos = at
	limit := min(len(s.in), at+6*maxName)
	end := at
	for end < limit && s.in[end] != '"' {
		if s.in[end] == '\\' {
			end++
		}
		end++
	}
	if end >= limit {
		return
	}
	if colon, ok := s.colonBehind(end + 1); ok && s.names(unescape(s.in[at:end])) {
		s.value(colon, style{quoted: true})
	}
}

// names reports whether a quoted text is the name of a field with a secret.
func (s *scanner) names(quoted string) bool { return !s.isPath([]byte(quoted)) && s.r.Secret(quoted) }

// isPath reports whether a quoted text is a path and so no field's name, as in
// a sentence like: cannot open "/etc/passwd": there are no files here.
func (s *scanner) isPath(quoted []byte) bool {
	return s.mode == texts && bytes.IndexByte(quoted, '/') >= 0
}

// colonBehind answers the place behind a colon that follows a quoted name.
func (s *scanner) colonBehind(at int) (int, bool) {
	at = s.blanks(at, true)
	if at < len(s.in) && s.in[at] == ':' {
		return at + 1, true
	}
	return 0, false
}

// maxBlanks bounds what is stepped over between a name and its value.
const maxBlanks = 256

func (s *scanner) blanks(at int, lines bool) int {
	for n := 0; n < maxBlanks && at < len(s.in); n++ {
		c := s.in[at]
		if c != ' ' && c != '\t' && !(lines && (c == '\n' || c == '\r')) {
			break
		}
		at++
	}
	return at
}

// style is how a field is written.
type style struct {
	quoted bool // its name stands in quotation marks
	level  uint // how often those are escaped
	line   bool // a header, whose value is the rest of the line
}

// namedValue masks the value of a field whose name ends at a place, if it is a
// secret's.
func (s *scanner) namedValue(at, end int) bool {
	if s.mode == keys {
		return false
	}
	if end == len(s.in) || wordBytes[s.in[end]] {
		return false
	}
	word := s.in[at:end]
	name := string(word[bytes.LastIndexAny(word, "+/")+1:])
	if !s.r.Secret(name) {
		return false
	}
	st := style{line: isHeader(name)}
	behind := end
	for behind < len(s.in) && behind-end < 8 && s.in[behind] == '\\' {
		behind++
	}
	if behind < len(s.in) && (s.in[behind] == '"' || s.in[behind] == '\'') {
		if s.isPath(word) {
			return false
		}
		st = style{quoted: true, level: levelOf(behind - end)}
		behind++
	} else if behind > end {
		return false
	}
	return s.separated(behind, st)
}

// isHeader reports whether a name is that of a header with blanks in its value.
func isHeader(name string) bool {
	words := nameWords(name)
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	return last == "authorization" || last == "cookie"
}

// levelOf answers how often a quotation mark is escaped that has so many
// backslashes before it.
func levelOf(backslashes int) uint { return uint(bits.Len(uint(backslashes+1)) - 1) }

// separated masks what follows a secret's name, if something does that stands
// between names and values.
func (s *scanner) separated(at int, st style) bool {
	if s.binaryBehind(at) {
		return true
	}
	after := s.blanks(at, st.quoted)
	if after >= len(s.in) {
		return false
	}
	switch c := s.in[after]; {
	case c == ':' && s.mode == texts && !st.quoted && !s.blankAt(after+1):
		return false
	case c == ':', c == '=':
		after++
		if after < len(s.in) && (s.in[after] == '>' || s.in[after] == '=') {
			after++
		}
		return s.value(after, st)
	case c == ';', c == '|':
		return s.phpValue(after + 1)
	}
	return false
}

func (s *scanner) blankAt(at int) bool {
	return at < len(s.in) && (s.in[at] == ' ' || s.in[at] == '\t')
}

// binaryBehind masks what a binary format has behind a secret's name: a few
// bytes that are no text, and the value up to the next of them.
func (s *scanner) binaryBehind(at int) bool {
	end := at
	for end < len(s.in) && end-at < 8 && !textAt(s.in[end:]) {
		end++
	}
	if end == at || end == len(s.in) || s.mode == texts {
		return false
	}
	s.mask(end, end)
	s.hiding = &hiding{until: untilBinary}
	return true
}

// textAt reports whether a text goes on: with a character that is no control
// character, or with a line break.
func textAt(in []byte) bool {
	r, n := utf8.DecodeRune(in)
	if r == utf8.RuneError && n == 1 {
		return false
	}
	return r >= ' ' && r != 0x7f || r == '\n' || r == '\r' || r == '\t'
}

// phpValue masks a value as PHP serialises it: s:7:"hunter2" or i:42.
func (s *scanner) phpValue(at int) bool {
	if at+2 >= len(s.in) || s.in[at+1] != ':' || bytes.IndexByte([]byte("sSidaO"), s.in[at]) < 0 {
		return false
	}
	at += 2
	n, digits := 0, at
	for digits < len(s.in) && digits-at < 9 && s.in[digits] >= '0' && s.in[digits] <= '9' {
		n = 10*n + int(s.in[digits]-'0')
		digits++
	}
	if !bytes.HasPrefix(s.in[digits:], []byte(`:"`)) {
		s.mask(at, at)
		s.hiding = &hiding{until: untilDelimiter}
		return true
	}
	if string(s.in[digits+2:min(len(s.in), digits+2+len(Mask))]) == Mask {
		return false
	}
	s.mask(digits+2, digits+2)
	s.hiding = &hiding{until: untilCount, count: n}
	return true
}

// value masks the value that begins at a place, blanks before it left out.
func (s *scanner) value(at int, st style) bool {
	at = s.blanks(at, st.quoted)
	if at >= len(s.in) || isConstant(s.in[at:]) {
		return false
	}
	quote, slashes := at, 0
	for quote < len(s.in) && s.in[quote] == '\\' && slashes < 64 {
		quote++
		slashes++
	}
	switch c := s.in[min(quote, len(s.in)-1)]; {
	case quote < len(s.in) && (c == '"' || c == '\''):
		s.hideQuoted(quote, c, levelOf(slashes))
	case slashes == 0 && (c == '{' || c == '['):
		s.hideWith(at, st, &hiding{until: untilBalanced, level: st.level})
	case st.quoted:
		s.hideWith(at, st, &hiding{until: untilDelimiter, braces: true})
	case st.line:
		s.hideWith(at, st, &hiding{until: untilLineEnd})
	default:
		s.hideWith(at, st, &hiding{until: untilDelimiter, braces: true})
	}
	return true
}

// hideQuoted hides a string up to its closing quotation mark.
func (s *scanner) hideQuoted(quote int, mark byte, level uint) {
	s.pos = quote + 1
	h := &hiding{until: untilQuote, mark: mark, level: level}
	if h.closing(s.in[s.pos:]) {
		return // empty
	}
	s.mask(s.pos, s.pos)
	s.hiding = h
}

// hideWith puts a mask in the place of a bare value, in quotation marks where
// the name has them, so that JSON stays JSON.
func (s *scanner) hideWith(at int, st style, h *hiding) {
	if !st.quoted {
		s.mask(at, at)
	} else {
		mark := append(bytes.Repeat([]byte(`\`), 1<<st.level-1), '"')
		s.replace(at, at, append(append(append([]byte{}, mark...), Mask...), mark...))
	}
	s.hiding = h
}

// isConstant reports whether a value begins with a word that is no secret.
func isConstant(in []byte) bool {
	for _, word := range []string{"true", "false", "null", "None", "True", "False", "nil"} {
		if bytes.HasPrefix(in, []byte(word)) && (len(in) == len(word) || !wordBytes[in[len(word)]]) {
			return true
		}
	}
	return false
}

// unescape reads the escapes of JSON in a field's name.
func unescape(name []byte) string {
	if bytes.IndexByte(name, '\\') < 0 {
		return string(name)
	}
	return unquoted(name)
}
