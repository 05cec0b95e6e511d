package settings

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// LineError is what is wrong with one line of an import.
type LineError struct {
	Line int // from 1
	Err  error
}

// ImportError names every bad line of an import. Nothing was stored.
type ImportError struct{ Lines []LineError } // empty: the text assigns nothing

func (e *ImportError) Error() string {
	if len(e.Lines) == 0 {
		return "Nothing was imported: the text sets nothing. Write a `key=value` on each line."
	}
	texts := []string{"Nothing was imported:"}
	for _, l := range e.Lines {
		texts = append(texts, fmt.Sprintf("line %d: %v", l.Line, l.Err))
	}
	return strings.Join(texts, "\n")
}

// Unwrap answers the errors of the lines.
func (e *ImportError) Unwrap() []error {
	errs := make([]error, len(e.Lines))
	for i, l := range e.Lines {
		errs[i] = l.Err
	}
	return errs
}

// ParseImport reads assignments in any of the forms in which people have them
// at hand: YAML as Export writes it, flat `key: value`, `key=value` as in the
// guide's blocks, and `!config set a=1 b=2` lines. Comments, blank lines and
// the lines of a code fence are passed over. Every line is checked; the error
// is an *ImportError.
func ParseImport(text string) ([]Assignment, error) {
	p := &importer{set: make(map[string]Assignment)}
	number := 0
	for line := range strings.Lines(text) {
		number++
		p.line(number, strings.TrimRight(line, " \t\r\n"))
	}
	if len(p.bad) > 0 || len(p.all) == 0 {
		return nil, &ImportError{Lines: p.bad}
	}
	return p.all, nil
}

// ParseAssignments reads words like a=1 b=2, with blanks around the = where
// people put them; also two words without "=", a key and its value. Without
// words it answers none.
func ParseAssignments(words []string) ([]Assignment, error) {
	if len(words) == 2 && !strings.Contains(words[0]+words[1], "=") {
		return []Assignment{{Key: canonicalKey(strings.TrimSuffix(words[0], ":")), Value: words[1]}}, nil
	}
	var all []Assignment
	for _, word := range aroundEquals(words) {
		key, value, ok := strings.Cut(word, "=")
		if !ok || key == "" {
			return nil, errNoAssignment
		}
		all = append(all, Assignment{Key: canonicalKey(key), Value: value})
	}
	return all, nil
}

// aroundEquals puts together what blanks before or after an = have parted.
func aroundEquals(words []string) []string {
	var whole []string
	for _, w := range words {
		last := len(whole) - 1
		if last >= 0 && (!strings.Contains(whole[last], "=") && strings.HasPrefix(w, "=") ||
			strings.HasSuffix(whole[last], "=") && !strings.Contains(w, "=")) {
			whole[last] += w
			continue
		}
		whole = append(whole, w)
	}
	return whole
}

// errNoAssignment does not repeat the line, which may hold a secret.
var errNoAssignment = errors.New("expected `key=value`; a value with spaces needs quotes")

var (
	configSet = regexp.MustCompile(`^\S{0,8}config\s+set\s+(.*)$`)
	word      = regexp.MustCompile(`[^\s=]+=(?:"[^"]*"|'[^']*'|\S*)|\S+`)
)

type importer struct {
	headings []heading // the YAML sections that a line stands in
	all      []Assignment
	set      map[string]Assignment
	bad      []LineError
}

type heading struct {
	indent int
	name   string
}

func (p *importer) line(number int, line string) {
	text := withoutComment(strings.TrimSpace(line))
	switch {
	case text == "" || text == "---" || strings.HasPrefix(text, "```"):
		return
	case configSet.MatchString(text):
		p.words(number, configSet.FindStringSubmatch(text)[1])
		return
	}
	switch at := strings.IndexAny(text, "=:"); {
	case at < 0:
		p.fail(number, errNoAssignment)
	case text[at] == '=':
		p.assign(number, text[:at], text[at+1:])
	default:
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		p.yaml(number, indent, text[:at], strings.TrimSpace(text[at+1:]))
	}
}

// words reads what follows `config set`.
func (p *importer) words(number int, text string) {
	assignments, err := ParseAssignments(word.FindAllString(text, -1))
	if err != nil {
		p.fail(number, err)
	}
	for _, a := range assignments {
		p.assign(number, a.Key, a.Value)
	}
}

// yaml reads `key: value` below its headings; without a value it is a heading,
// or a setting that is left as it is.
func (p *importer) yaml(number, indent int, name, value string) {
	name = canonicalKey(unquote(strings.TrimSpace(name)))
	p.headings = slices.DeleteFunc(p.headings, func(h heading) bool { return h.indent >= indent })
	if value == "" {
		p.headings = append(p.headings, heading{indent, name})
		return
	}
	if _, err := Lookup(name); err == nil && strings.Contains(name, ".") {
		p.assign(number, name, value)
		return
	}
	key := name
	for _, h := range slices.Backward(p.headings) {
		key = h.name + "." + key
	}
	p.assign(number, key, value)
}

func (p *importer) assign(number int, key, value string) {
	a := Assignment{Key: canonicalKey(key), Value: unquote(strings.TrimSpace(value)), Line: number}
	v, err := parseLive(a.Key, a.Value)
	if err != nil {
		p.fail(number, err)
		return
	}
	a.Value = v.String()
	before, twice := p.set[a.Key]
	switch {
	case !twice:
		p.set[a.Key] = a
		p.all = append(p.all, a)
	case before.Value != a.Value:
		p.fail(number, fmt.Errorf("%s has another value in line %d already", quote(a.Key), before.Line))
	}
}

func (p *importer) fail(number int, err error) {
	p.bad = append(p.bad, LineError{Line: number, Err: err})
}

// withoutComment cuts a comment off, which begins with a # at the line's
// start or after a space, but not between quotes.
func withoutComment(text string) string {
	quote, before := rune(0), ' '
	for i, r := range text {
		switch {
		case r == quote:
			quote = 0
		case quote != 0:
		case r == '#' && unicode.IsSpace(before):
			return strings.TrimSpace(text[:i])
		case (r == '"' || r == '\'') && strings.ContainsRune(" \t=:[,", before):
			quote = r
		}
		before = r
	}
	return text
}
