package text

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// translate writes a POSIX expression in RE2's syntax, and answers how many
// groups it has and about how many instructions it unfolds to.
func translate(src string, d dialect) (re2 string, groups, cost int, err error) {
	if d.fixed {
		return regexp.QuoteMeta(src), 0, len(src) + 1, nil
	}
	t := &translator{src: src, dialect: d, open: []*level{{}}}
	for t.at < len(t.src) {
		if err := t.item(); err != nil {
			return "", 0, 0, err
		}
	}
	if len(t.open) > 1 {
		return "", 0, 0, errors.New("a group is not closed")
	}
	l := t.open[0]
	l.settle()
	return l.out.String(), t.groups, l.cost + 1, nil
}

// translator reads an expression from left to right. Groups that are open
// wait on a stack, so that deep nesting costs no stack of ours.
type translator struct {
	dialect
	src    string
	at     int
	groups int
	open   []*level
}

// level is what stands between two parentheses, or in the whole expression.
type level struct {
	out  strings.Builder
	cost int

	// The last item waits here, as it may yet be repeated.
	last     string
	lastCost int
	lastWord bool // it matches characters of words only
	repeated bool
	begun    bool // something other than an anchor stands in this branch
}

// settle writes the waiting item.
func (l *level) settle() {
	l.out.WriteString(l.last)
	l.cost += l.lastCost
	l.last, l.lastCost, l.lastWord, l.repeated = "", 0, false, false
}

func (l *level) put(re2 string, cost int, word bool) {
	l.settle()
	l.last, l.lastCost, l.lastWord, l.begun = re2, cost, word, true
}

func (t *translator) top() *level { return t.open[len(t.open)-1] }

// item reads the next item.
func (t *translator) item() error {
	c := t.src[t.at]
	if c == '\\' {
		return t.escaped()
	}
	if c == '[' {
		return t.bracket()
	}
	if c == '.' {
		t.at++
		t.top().put(".", 1, false)
		return nil
	}
	if t.extended {
		switch c {
		case '(', ')', '|', '+', '?', '{':
			t.at++
			return t.operator(c)
		case '^', '$':
			t.at++
			t.top().put(string(c), 1, false)
			return nil
		}
	}
	switch {
	case c == '*':
		t.at++
		return t.repeat('*')
	case c == '^' && t.anchorsStart(), c == '$' && t.anchorsEnd():
		t.at++
		l := t.top()
		begun := l.begun
		l.put(string(c), 1, false)
		l.begun = begun
		return nil
	}
	t.literal()
	return nil
}

// literal reads one character that stands for itself.
func (t *translator) literal() {
	r, n := utf8.DecodeRuneInString(t.src[t.at:])
	text := t.src[t.at : t.at+n]
	t.at += n
	if r == utf8.RuneError && n == 1 { // matches any byte that is part of no character
		t.top().put(`\x{FFFD}`, 1, false)
		return
	}
	t.top().put(regexp.QuoteMeta(text), 1, isWord(r))
}

func isWord(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// anchorsStart answers whether a basic expression's ^ here is an anchor.
func (t *translator) anchorsStart() bool {
	l := t.top()
	return !l.begun && l.last == ""
}

// anchorsEnd answers the same of $.
func (t *translator) anchorsEnd() bool {
	rest := t.src[t.at+1:]
	return rest == "" || strings.HasPrefix(rest, `\)`) || strings.HasPrefix(rest, `\|`)
}

// operator carries out what ( ) | + ? { mean, however they were written.
func (t *translator) operator(c byte) error {
	switch c {
	case '(':
		t.groups++
		t.open = append(t.open, &level{})
		return nil
	case ')':
		return t.closeGroup()
	case '|':
		l := t.top()
		l.settle()
		l.out.WriteByte('|')
		l.cost++
		l.begun = false
		return nil
	}
	return t.repeat(c)
}

func (t *translator) closeGroup() error {
	if len(t.open) == 1 && t.extended && !t.escapes {
		t.top().put(`\)`, 1, false) // as grep -E takes it
		return nil
	}
	if len(t.open) == 1 {
		return errors.New("a group is closed that was not opened")
	}
	l := t.top()
	l.settle()
	t.open = t.open[:len(t.open)-1]
	t.top().put("("+l.out.String()+")", l.cost+2, false)
	return nil
}

// repeat applies * + ? or an interval to the last item.
func (t *translator) repeat(c byte) error {
	l := t.top()
	if l.last == "" || !t.extended && !l.begun {
		return t.repeatNothing(c)
	}
	suffix, times := string(c), 1
	if c == '{' {
		var ok bool
		var err error
		if suffix, times, ok, err = t.interval(); err != nil {
			return err
		} else if !ok {
			l.put(`\{`, 1, false)
			return nil
		}
	}
	if l.repeated || l.last == "^" || l.last == "$" || strings.HasPrefix(l.last, `\b`) {
		l.last = "(?:" + l.last + ")"
	}
	l.last += suffix
	l.lastCost = l.lastCost*max(1, times) + 1
	l.repeated = true
	if l.lastCost > maxCost {
		return errors.New("it is too large")
	}
	return nil
}

// repeatNothing is a repeat where there is nothing to repeat: a literal in a
// basic expression, nothing at all in an extended one.
func (t *translator) repeatNothing(c byte) error {
	switch {
	case t.extended && c != '{':
		return nil
	case t.extended:
		if _, _, ok, err := t.interval(); ok || err != nil {
			return err
		}
	case !t.extended && c == '{':
		return errors.New("there is nothing to repeat")
	}
	t.top().put(regexp.QuoteMeta(string(c)), 1, false)
	return nil
}

// maxTimes is RE2's bound for an interval.
const maxTimes = 1000

// interval reads what follows the opening brace, in RE2's form. ok is false
// where the brace turns out to stand for itself.
func (t *translator) interval() (re2 string, times int, ok bool, err error) {
	closing := "}"
	if !t.extended {
		closing = `\}`
	}
	body, _, closed := strings.Cut(t.src[t.at:], closing)
	low, high, ranged := strings.Cut(body, ",")
	if !closed || strings.Trim(low+high, "0123456789") != "" || body == "" {
		if t.extended {
			return "", 0, false, nil
		}
		return "", 0, false, errors.New(`\{ is not followed by N, N,M or N, and \}`)
	}
	t.at += len(body) + len(closing)
	if low == "" {
		low = "0"
	}
	least, err := strconv.Atoi(low)
	most := least
	if ranged && high != "" && err == nil {
		most, err = strconv.Atoi(high)
	}
	switch {
	case err != nil || max(least, most) > maxTimes:
		return "", 0, false, fmt.Errorf("more than %d repeats are not supported", maxTimes)
	case most < least:
		return "", 0, false, errors.New("an interval ends before it begins")
	case !ranged:
		return fmt.Sprintf("{%d}", least), least, true, nil
	case high == "":
		return fmt.Sprintf("{%d,}", least), least + 1, true, nil
	}
	return fmt.Sprintf("{%d,%d}", least, most), most, true, nil
}

// escaped reads a backslash and what it quotes.
func (t *translator) escaped() error {
	if t.at+1 == len(t.src) {
		return errors.New("a backslash stands at the end")
	}
	c := t.src[t.at+1]
	if !t.extended && strings.IndexByte("(){|+?", c) >= 0 && c != '}' {
		t.at += 2
		return t.operator(c)
	}
	l := t.top()
	switch {
	case '1' <= c && c <= '9':
		return fmt.Errorf(`\%c: an expression cannot refer back to a group`, c)
	case strings.IndexByte("wWsSbB`'", c) >= 0:
		t.at += 2
		l.put(map[byte]string{
			'w': `[0-9A-Za-z_]`, 'W': `[^0-9A-Za-z_]`, 's': `[\t-\r ]`, 'S': `[^\t-\r ]`,
			'b': `\b`, 'B': `\B`, '`': `\A`, '\'': `\z`,
		}[c], 1, c == 'w')
		return nil
	case c == '<', c == '>':
		return t.wordEdge(c)
	case t.escapes && c == 'x' && hexBytes(t.src[t.at:]) != nil:
		t.numbered()
		return nil
	case c == 'd', c == 'D':
		return fmt.Errorf(`\%c is not known; write [0-9] or [^0-9]`, c)
	case t.escapes && c != '\\' && escapes[c] != 0 && c != 'b':
		t.at += 2
		l.put(regexp.QuoteMeta(string(escapes[c])), 1, false)
		return nil
	}
	t.at++
	t.literal()
	return nil
}

// numbered reads bytes written by their numbers, which stand for themselves.
func (t *translator) numbered() {
	named := hexBytes(t.src[t.at:])
	t.at += len(`\x41`) * len(named)
	for len(named) > 0 {
		n := runeSize(named)
		t.top().put(quoted(named[:n]), 1, n == 1 && isWord(rune(named[0])))
		named = named[n:]
	}
}

// hexBytes answers the bytes that s begins with as \x41\x42; nil if none.
func hexBytes(s string) (named []byte) {
	for len(s) >= 4 && s[0] == '\\' && s[1] == 'x' && isHex(s[2]) && isHex(s[3]) {
		named, _, _ = hexEscape(named, s[1:], 2)
		s = s[4:]
	}
	return named
}

// wordEdge reads \< or \>. RE2 knows only "a boundary", which is the same
// where a word's character stands on the right side of it.
func (t *translator) wordEdge(c byte) error {
	l := t.top()
	fits := l.lastWord
	t.at += 2
	if c == '<' {
		rest := t.src[t.at:]
		fits = strings.HasPrefix(rest, `\w`) || rest != "" && isWord(rune(rest[0]))
		if strings.HasPrefix(rest, "[") {
			_, fits, _, _ = bracket(rest, t.escapes)
		}
	}
	if !fits {
		return fmt.Errorf(`\%c is known only next to a letter, a digit, _ or a set of these`, c)
	}
	l.put(`\b`, 1, false)
	return nil
}

func (t *translator) bracket() error {
	re2, word, n, err := bracket(t.src[t.at:], t.escapes)
	if err != nil {
		return err
	}
	t.at += n
	t.top().put(re2, 1, word)
	return nil
}
