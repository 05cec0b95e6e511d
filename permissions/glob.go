package permissions

import "strings"

// maxPattern bounds the length of a pattern in bytes, and with it the cost of
// a match, which is at most that times the length of the key.
const maxPattern = 512

// glob is a compiled Redis glob pattern. It matches what KEYS of a Redis
// server on x86-64 matches, byte by byte: * ? [a-c] [^x] and backslash.
type glob struct {
	text   string
	all    bool // just *, the one pattern that matches the empty key too
	prefix string
	rest   []token // after the prefix
}

// token is one part of a pattern: a run of any bytes, or a set of which it
// takes exactly one.
type token struct {
	star bool
	set  *byteSet // nil: any byte
	lit  byte     // where one is set
	one  bool     // lit alone
}

// byteSet has one bit for each byte.
type byteSet [4]uint64

func (s *byteSet) add(b byte)      { s[b>>6] |= 1 << (b & 63) }
func (s *byteSet) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }

func (s *byteSet) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

// addRange adds the bytes from a to b, in either order. Redis compares them as
// signed characters, so that 0x80 to 0xff come before 0x00.
func (s *byteSet) addRange(a, b byte) {
	low, high := min(int8(a), int8(b)), max(int8(a), int8(b))
	for c := int(low); c <= int(high); c++ {
		s.add(byte(c))
	}
}

// compileGlob reads a pattern. Every text is one: what is left open at the end
// counts as closed there, as in Redis.
func compileGlob(text string) glob {
	g := glob{text: text, all: text == "*"}
	for p := text; p != ""; {
		var t token
		t, p = nextToken(p)
		if t.star && len(g.rest) > 0 && g.rest[len(g.rest)-1].star {
			continue
		}
		g.rest = append(g.rest, t)
	}
	n := 0
	for n < len(g.rest) && g.rest[n].one {
		n++
	}
	g.prefix = literal(g.rest[:n])
	g.rest = g.rest[n:]
	return g
}

func literal(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte(t.lit)
	}
	return b.String()
}

// nextToken reads the first token of p and answers what follows it.
func nextToken(p string) (token, string) {
	switch {
	case p[0] == '*':
		return token{star: true}, p[1:]
	case p[0] == '?':
		return token{}, p[1:]
	case p[0] == '[':
		set, rest := readSet(p[1:])
		return token{set: set}, rest
	case p[0] == '\\' && len(p) > 1:
		return token{one: true, lit: p[1]}, p[2:]
	default:
		return token{one: true, lit: p[0]}, p[1:]
	}
}

// readSet reads a set from behind its opening bracket. A bracket right behind
// that closes it, so that [] matches nothing and [^] any byte.
func readSet(p string) (*byteSet, string) {
	set := new(byteSet)
	not := strings.HasPrefix(p, "^")
	if not {
		p = p[1:]
	}
	for p != "" && p[0] != ']' {
		switch {
		case p[0] == '\\' && len(p) >= 2:
			set.add(p[1])
			p = p[2:]
		case len(p) >= 3 && p[1] == '-':
			set.addRange(p[0], p[2])
			p = p[3:]
		default:
			set.add(p[0])
			p = p[1:]
		}
	}
	if not {
		set.invert()
	}
	return set, strings.TrimPrefix(p, "]")
}

// Matches reports whether a Redis glob pattern matches a key, as KEYS has it.
func Matches(pattern, key string) bool {
	g := compileGlob(pattern)
	return g.match(key)
}

// match reports whether the pattern matches the whole of name.
func (g *glob) match(name string) bool {
	if name == "" {
		return g.all || g.text == ""
	}
	if !strings.HasPrefix(name, g.prefix) {
		return false
	}
	name = name[len(g.prefix):]
	switch {
	case len(g.rest) == 0:
		return name == ""
	case g.open():
		return true
	default:
		return matchTokens(g.rest, name)
	}
}

// open reports whether everything that starts with the prefix matches.
func (g *glob) open() bool { return len(g.rest) == 1 && g.rest[0].star }

// matchTokens goes back to the last star alone: an earlier one could only
// find what the last one finds as well, so no pattern takes more than
// len(tokens) × len(s) steps.
func matchTokens(tokens []token, s string) bool {
	i, j := 0, 0
	star, mark := -1, 0
	for j < len(s) {
		switch {
		case i < len(tokens) && tokens[i].star:
			if i == len(tokens)-1 {
				return true
			}
			star, mark = i, j
			i++
		case i < len(tokens) && tokens[i].takes(s[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(tokens) && tokens[i].star {
		i++
	}
	return i == len(tokens)
}

func (t *token) takes(b byte) bool {
	if t.one {
		return t.lit == b
	}
	return t.set == nil || t.set.has(b)
}

// covers reports whether g certainly matches all that other matches. False
// says nothing: it knows equal patterns and prefixes only.
func (g *glob) covers(other *glob) bool {
	return g.all || g.text == other.text ||
		g.open() && other.prefix != "" && strings.HasPrefix(other.prefix, g.prefix)
}
