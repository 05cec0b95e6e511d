package redact

import (
	"bytes"
	"unicode/utf8"
)

// mode is what a text is.
type mode int

const (
	values mode = iota
	texts       // more than values: figures of the server among them
	keys        // the name of a key
)

const (
	// lookahead is how many bytes a decision looks ahead at most.
	lookahead = 4 << 10
	// segment is how much of a word is judged at once, and overlap how much
	// of it once more with what follows.
	segment = 2 << 10
	overlap = 64
)

// scanner goes once through a text.
type scanner struct {
	r    *Redactor
	mode mode
	in   []byte
	last bool // nothing follows in

	pos     int // what stands before it is decided on
	from    int // what stands from here to pos goes out as it is
	out     []byte
	changed bool
	inWord  bool // pos is within a word
	hiding  *hiding
}

// run decides on everything, or, unless it is the last of a text, on as much
// as can be decided.
func (s *scanner) run() {
	for s.pos < len(s.in) {
		switch {
		case s.hiding != nil:
			if !s.last && len(s.in)-s.pos <= utf8.UTFMax {
				return
			}
			s.hide()
		case !s.last && len(s.in)-s.pos < lookahead:
			return
		default:
			s.step()
		}
	}
}

// rest answers what has come out, and begins anew.
func (s *scanner) rest() []byte {
	out := append(s.out, s.in[s.from:s.pos]...)
	s.out, s.from = nil, s.pos
	return out
}

// step decides on what begins at pos.
func (s *scanner) step() {
	switch c := s.in[s.pos]; {
	case wordBytes[c]:
		s.word()
	case c == '"' && s.mode != keys:
		s.inWord = false
		s.quotedName()
	case c == '\\' && s.pos+1 < len(s.in) && s.in[s.pos+1] == '"': // begins no name
		s.inWord = false
		s.pos += 2
	default:
		s.inWord = false
		s.pos++
	}
}

// replace puts a text in the place of what stands up to end.
func (s *scanner) replace(from, end int, with []byte) {
	s.out = append(append(s.out, s.in[s.from:from]...), with...)
	s.pos, s.from, s.changed = end, end, true
}

// mask hides what stands up to end.
func (s *scanner) mask(from, end int) {
	with := []byte(Mask)
	if s.mode == keys {
		with = shortToken(s.in[from:end])
	}
	s.replace(from, end, with)
}

// word decides on the word at pos.
func (s *scanner) word() {
	at := s.pos
	end := wordEnd(s.in, at, segment)
	goesOn := end < len(s.in) && wordBytes[s.in[end]]
	if !s.inWord {
		if s.known(at, end) {
			return
		}
	}
	if s.mode != texts && random(s.in[at:end]) {
		s.mask(at, end)
		s.hiding = &hiding{until: untilWordEnd}
		return
	}
	s.inWord = goesOn
	if goesOn {
		end -= overlap
	}
	s.pos = end
}

// known deals with a word that says what it is, or what follows it.
func (s *scanner) known(at, end int) bool {
	word := s.in[at:end]
	if s.sessionKey(at, end) || s.namedValue(at, end) || s.address(end) {
		return true
	}
	if stop, ok := knownToken(s.in, at, end); ok {
		s.mask(at, stop)
		s.hiding = &hiding{until: untilWordEnd}
		return true
	}
	switch {
	case isUUID(word):
		s.replace(at, end, short(word))
		return true
	case isScheme(word):
		return s.credential(end)
	case bytes.HasPrefix(word, []byte("-----BEGIN")):
		s.mask(at, end)
		s.hiding = &hiding{until: untilArmourEnd}
		return true
	}
	return false
}

// sessionKey shortens the id in the name of a session's key.
func (s *scanner) sessionKey(at, end int) bool {
	if string(s.in[at:end]) != "session" || end >= len(s.in) || s.in[end] != ':' {
		return false
	}
	stop := keyEnd(s.in, at)
	key := s.in[at:stop]
	id := idPlace(key)
	cut, long := shownEnd(key[id:])
	if !long {
		s.pos = stop
		return true
	}
	s.replace(at+id+cut, stop, []byte(Ellipsis))
	if stop-at >= segment {
		s.hiding = &hiding{until: untilDelimiter}
	}
	return true
}

// keyEnd answers where a key's name ends that stands in a text.
func keyEnd(in []byte, at int) int {
	limit, braces := min(len(in), at+segment), 0
	end := at
	for ; end < limit && !delimiter(in[end]); end++ {
		switch in[end] {
		case '{':
			braces++
		case '}':
			if braces--; braces < 0 {
				return end
			}
		}
	}
	for end > at && bytes.IndexByte([]byte(".:!?"), in[end-1]) >= 0 && end < limit {
		end--
	}
	return end
}

// delimiter reports whether a bare value, or a key's name, ends at a byte.
func delimiter(c byte) bool {
	return c <= ' ' || c == 0x7f || bytes.IndexByte([]byte("\"'`,;&|<>()[]\\"), c) >= 0
}

// address masks the password in an address whose scheme ends at a place.
func (s *scanner) address(end int) bool {
	if !bytes.HasPrefix(s.in[end:], []byte("://")) {
		return false
	}
	from, to, ok := password(s.in[end+3:])
	if !ok {
		return false
	}
	s.mask(end+3+from, end+3+to)
	return true
}

// credential masks what follows the name of a scheme, as in a header.
func (s *scanner) credential(end int) bool {
	at := end
	for at < len(s.in) && at-end < 8 && s.in[at] == ' ' {
		at++
	}
	stop := at
	for stop < len(s.in) && stop < at+segment && !delimiter(s.in[stop]) {
		stop++
	}
	if at == end || !isCredential(s.in[at:stop]) {
		return false
	}
	s.mask(at, stop)
	s.hiding = &hiding{until: untilDelimiter}
	return true
}
