package console

import (
	"regexp"
	"strings"
)

// complete reports whether text may be a whole message. It is not while a
// quote, a parenthesis, a block (if, for, while, until, {) or a ``` fence is
// open, or its end asks for more: | && || or a backslash. What is closed by
// the wrong word is complete, so that its error is told.
func complete(text string) bool {
	s := &scanner{text: text, command: true}
	return s.program(0) && len(s.open) == 0 && !s.operator || s.broken
}

// idle reports whether a message has nothing to answer: it is empty, or
// comments only.
func idle(message string) bool {
	for line := range strings.Lines(message) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}

// bareVerb is what means little alone, but in a chat stands above a fenced
// block. A message sent to a chat has its end; here the block is still to come.
var bareVerb = regexp.MustCompile(`^\s*!?(redis|redis-cli|config\s+import)\s*$`)

// awaitsBlock reports whether text is a verb whose block may come on the next
// line.
func awaitsBlock(text string) bool { return bareVerb.MatchString(text) }

// scanner reads a text only as far as that takes.
type scanner struct {
	text     string
	pos      int
	open     []string // the words that close what is open, innermost last
	broken   bool     // something was closed by the wrong word
	command  bool     // the next word is a command or a keyword
	operator bool     // a pipe, && or || waits for its right side
	words    int      // read so far
}

const fence = "```"

// program reads up to an unquoted byte close, or for 0 up to the end. It
// answers false if something is left open.
func (s *scanner) program(close byte) bool {
	for s.pos < len(s.text) && !s.broken {
		c := s.text[s.pos]
		switch {
		case c == close && close != 0 && len(s.open) == 0:
			s.pos++
			return true
		case strings.HasPrefix(s.text[s.pos:], "\\\n"):
			s.pos += 2
		case c == ' ' || c == '\t' || c == '\r':
			s.pos++
		case strings.IndexByte("\n;|&()", c) >= 0:
			s.punctuation(c)
		case c == '#':
			s.comment()
		case strings.HasPrefix(s.text[s.pos:], fence):
			if !s.fenced() {
				return false
			}
		default:
			if !s.word() {
				return false
			}
		}
	}
	return close == 0
}

func (s *scanner) punctuation(c byte) {
	s.pos++
	s.command = true
	switch c {
	case '|':
		s.operator = true
	case '&':
		s.operator = strings.HasPrefix(s.text[s.pos:], "&")
		if s.operator {
			s.pos++
		}
	case ';':
		s.operator = false
	case '(':
		s.operator = false
		s.open = append(s.open, ")")
	case ')':
		s.operator = false
		s.close(")")
	}
}

// close ends the innermost block, if word is what it waits for.
func (s *scanner) close(word string) {
	last := len(s.open) - 1
	if last < 0 || s.open[last] != word {
		s.broken = true
		return
	}
	s.open = s.open[:last]
}

func (s *scanner) comment() {
	s.pos = s.index("\n")
}

// index answers where the next sep stands, or the end.
func (s *scanner) index(sep string) int {
	if i := strings.Index(s.text[s.pos:], sep); i >= 0 {
		return s.pos + i
	}
	return len(s.text)
}

// skipPast moves behind the next sep, and reports whether there is one.
func (s *scanner) skipPast(sep string) bool {
	at := s.index(sep)
	s.pos = min(at+len(sep), len(s.text))
	return at < len(s.text)
}

func (s *scanner) fenced() bool {
	s.pos += len(fence)
	s.operator, s.command = false, true
	return s.skipPast(fence)
}

// word reads one word with its quotes, and minds what it means to the shell.
func (s *scanner) word() bool {
	start, literal := s.pos, true
	for s.pos < len(s.text) && strings.IndexByte(" \t\r\n;|&()", s.text[s.pos]) < 0 {
		c := s.text[s.pos]
		if c != '\\' && c != '\'' && c != '"' && c != '`' && c != '$' {
			s.pos++
			continue
		}
		literal = false
		if !s.special(c) {
			return false
		}
	}
	s.operator = false
	s.words++
	if literal {
		s.keyword(s.text[start:s.pos])
	} else {
		s.command = false
	}
	return true
}

// special reads an escape, a quotation or an expansion.
func (s *scanner) special(c byte) bool {
	s.pos++
	switch c {
	case '\\':
		s.pos++
		return s.pos <= len(s.text)
	case '\'':
		return s.skipPast("'")
	case '`':
		return s.skipPast("`")
	case '"':
		return s.doubleQuoted()
	default:
		return s.expansion()
	}
}

func (s *scanner) doubleQuoted() bool {
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		s.pos++
		switch c {
		case '"':
			return true
		case '\\':
			s.pos++
		case '$':
			if !s.expansion() {
				return false
			}
		}
	}
	return false
}

// expansion reads what may follow a dollar: $(…), $((…)) or ${…}.
func (s *scanner) expansion() bool {
	switch {
	case strings.HasPrefix(s.text[s.pos:], "("):
		inner := &scanner{text: s.text, pos: s.pos + 1, command: true}
		ok := inner.program(')')
		s.pos, s.broken = inner.pos, inner.broken
		return ok && !inner.broken
	case strings.HasPrefix(s.text[s.pos:], "{"):
		return s.skipPast("}")
	}
	return true
}

// keyword minds a word without quotes.
func (s *scanner) keyword(word string) {
	if !s.command {
		return
	}
	s.command = false
	switch word {
	case "if":
		s.open, s.command = append(s.open, "fi"), true
	case "while", "until":
		s.open, s.command = append(s.open, "done"), true
	case "{":
		s.open, s.command = append(s.open, "}"), true
	case "for":
		s.open = append(s.open, "done")
	case "fi", "done", "}":
		s.close(word)
	case "do", "then", "else", "elif", "!":
		s.command = true
	case "redis", "!redis": // may stand before a whole script
		s.command = s.words == 1
	}
}
