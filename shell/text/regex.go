package text

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// dialect says how an expression is written and how it matches.
type dialect struct {
	extended bool // as grep -E and sed -E read it
	fixed    bool // not an expression at all but text (grep -F)
	fold     bool // upper and lower case are equal
	escapes  bool // \n, \t and their like stand for bytes (sed)
}

// expression is a POSIX regular expression: leftmost, longest, matched by RE2
// in time linear in the line. It may be used by several goroutines.
type expression struct {
	source  string // in RE2's syntax, without flags
	flags   string
	groups  int
	cost    int    // instructions, about
	literal []byte // what it matches, if that is one text; else nil
	first   *regexp.Regexp
	later   func() (*regexp.Regexp, error)
}

// special are the bytes that mean something in an expression of some dialect.
const special = "\\[].*^$+?(){}|"

// maxCost bounds what an expression may unfold to.
const maxCost = 20_000

// newExpression compiles patterns, any of which may match.
func newExpression(patterns []string, d dialect) (*expression, error) {
	e := &expression{flags: "(?s)"}
	if d.fold {
		e.flags = "(?si)"
	}
	if len(patterns) == 1 && !d.fold && (d.fixed || !strings.ContainsAny(patterns[0], special)) {
		e.literal = []byte(patterns[0])
		return e, nil
	}
	var branches []string
	for _, p := range patterns {
		re2, groups, cost, err := translate(p, d)
		if err != nil {
			return nil, misuse("in the expression %q: %s", p, err)
		}
		branches = append(branches, re2)
		e.groups, e.cost = e.groups+groups, e.cost+cost
	}
	if e.cost > maxCost {
		return nil, misuse("the expression is too large")
	}
	e.source = branches[0]
	if len(branches) > 1 {
		e.source = "(?:" + strings.Join(branches, ")|(?:") + ")"
	}
	return e, e.compile()
}

func (e *expression) compile() (err error) {
	if e.first, err = longest(e.flags + e.source); err != nil {
		return err
	}
	e.later = sync.OnceValues(func() (*regexp.Regexp, error) {
		return longest(e.flags + "(?s:.)(" + e.source + ")")
	})
	return nil
}

func longest(source string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(source)
	if err != nil {
		return nil, misuse("the expression is not supported: %s", err)
	}
	re.Longest()
	return re, nil
}

// matches answers whether the expression matches anywhere in line.
func (e *expression) matches(ctx context.Context, line []byte) (bool, error) {
	if e.literal != nil {
		return bytes.Contains(line, e.literal), nil
	}
	if e.quick(line) {
		return e.first.Match(line), nil
	}
	r := &interruptible{line: line, every: e.checkEvery(), ended: func() bool { return ctx.Err() != nil }}
	found := e.first.MatchReader(r)
	if r.stopped {
		return false, context.Cause(ctx)
	}
	return found, nil
}

// find answers the places of the leftmost longest match that begins at from
// or later, and of its groups, as regexp does; nil if there is none.
//
// A search from the middle must know the character before, for anchors and
// word boundaries. So it is given that character, and looks for "any
// character, then a match".
func (e *expression) find(ctx context.Context, line []byte, from int) ([]int, error) {
	if e.literal != nil {
		i := bytes.Index(line[from:], e.literal)
		if i < 0 {
			return nil, nil
		}
		return []int{from + i, from + i + len(e.literal)}, nil
	}
	if from == 0 {
		return e.search(ctx, e.first, line)
	}
	later, err := e.later()
	if err != nil {
		return nil, err
	}
	_, n := utf8.DecodeLastRune(line[:from])
	at, err := e.search(ctx, later, line[from-n:])
	if at == nil || err != nil {
		return nil, err
	}
	at = at[2:]
	for i := range at {
		if at[i] >= 0 {
			at[i] += from - n
		}
	}
	return at, nil
}

func (e *expression) search(ctx context.Context, re *regexp.Regexp, line []byte) ([]int, error) {
	if e.quick(line) {
		return re.FindSubmatchIndex(line), nil
	}
	r := &interruptible{line: line, every: e.checkEvery(), ended: func() bool { return ctx.Err() != nil }}
	at := re.FindReaderSubmatchIndex(r)
	if r.stopped {
		return nil, context.Cause(ctx)
	}
	return at, nil
}

// quick answers whether a search of line is over before anybody could wish to
// interrupt it.
func (e *expression) quick(line []byte) bool { return len(line)*e.cost <= 1<<20 }

func (e *expression) checkEvery() int { return 1 + (1<<18)/max(1, e.cost) }

// interruptible feeds a line to a search, and ends early when told to.
type interruptible struct {
	line    []byte
	every   int
	due     int
	ended   func() bool
	stopped bool
}

func (r *interruptible) ReadRune() (rune, int, error) {
	if r.due--; r.due < 0 {
		r.due = r.every
		r.stopped = r.stopped || r.ended()
	}
	if r.stopped || len(r.line) == 0 {
		return 0, 0, io.EOF
	}
	c, n := utf8.DecodeRune(r.line)
	r.line = r.line[n:]
	return c, n, nil
}
