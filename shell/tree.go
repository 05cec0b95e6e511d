package shell

import "mvdan.cc/sh/v3/syntax"

// The tree is our own rather than the parser's: what has no place in it cannot
// be run, whatever a later version of the parser comes to accept.

// statement is a command with what applies to it as a whole.
type statement struct {
	command command
	negated bool
	redirs  []redirect
}

// command is one of *simple, *pipeline, *andOr, *conditional, *whileLoop,
// *forLoop and *group.
type command any

// simple is assignments, or the words of one call.
type simple struct {
	assigns []assignment
	words   []*word
	ifs     *string // of IFS=… read …
	pos     Pos
}

type assignment struct {
	name  string
	value *word // nil: the empty value
}

type pipeline struct{ stages []*statement }

type andOr struct {
	and         bool // else or
	left, right *statement
}

// conditional is if, with elif as a conditional alone in otherwise.
type conditional struct{ cond, then, otherwise []*statement }

type whileLoop struct {
	until    bool
	cond, do []*statement
	reads    *simple  // the read that begins each round, if it is written out
	calls    []string // the names that do calls, as far as they are written out
}

type forLoop struct {
	name  string
	items []*word
	do    []*statement
	calls []string // as of a whileLoop
}

// group is { … }, or ( … ) if it is a subshell.
type group struct {
	subshell bool
	body     []*statement
}

// redirect connects one of a statement's streams to another, or to nothing.
type redirect struct{ from, to stream }

type stream int

const (
	input stream = iota
	output
	failure // standard error
	both    // standard output and standard error
	nowhere // /dev/null
)

// word is a list of segments that are expanded and glued together.
type word struct {
	segments []segment
	script   *script // of a literal script of sh -c, or of the alias that the word names
	origin   *syntax.Word
	pos      Pos
}

// segment is a stretch of a word: *literal, *variable, *positional, *lastStatus,
// *capture or *arithmetic.
type segment any

type literal struct {
	text   string
	quoted bool
}

type variable struct {
	name   string
	quoted bool
}

// lastStatus is $?.
type lastStatus struct{}

// capture is $(…).
type capture struct {
	body   []*statement
	quoted bool
	pos    Pos
}

// arithmetic is $((…)).
type arithmetic struct {
	expr arithExpr
	pos  Pos
}

// literal answers the word's text if it is the same whenever it is expanded.
func (w *word) literal() (text string, ok bool) {
	for _, s := range w.segments {
		l, ok := s.(*literal)
		if !ok {
			return "", false
		}
		text += l.text
	}
	return text, true
}

// script is the parsed argument of sh -c.
type script struct {
	body  []*statement
	calls []string // as of a whileLoop
}
