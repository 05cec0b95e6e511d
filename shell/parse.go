package shell

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

const (
	// MaxSource is how many bytes a source may have. A Discord message has at
	// most 4,000 characters.
	MaxSource = 8 << 10

	maxNesting = 100 // brackets and compound commands inside one another
	maxStages  = 64  // commands in one pipeline
)

// Program is a source that was parsed and found to be within the language. It
// does not change and may run many times, also at once.
type Program struct {
	body  []*statement
	calls []SourceCall
}

// Empty reports whether there is nothing to run: the source has no statement,
// as one of blanks and comments. Running it does nothing and answers 0.
func (p *Program) Empty() bool { return len(p.body) == 0 }

// Calls answers the calls that stand literally in the source, in its order:
// those inside pipes, loops and $(…) too, those that xargs makes, and those of
// sh -c scripts. A call whose name is only known when it runs is not among
// them; Lookup decides then.
func (p *Program) Calls() []SourceCall { return p.calls }

// SourceCall is a call as it stands in the source.
type SourceCall struct {
	Name string      // unquoted and without a leading "!", as Lookup would get it
	Args []SourceArg // without the name
	More bool        // xargs adds further arguments
	Own  bool        // it is the shell's own command, or an alias: Lookup is not asked

	// Alias is the script that the name stands for; empty: it is no alias. The
	// calls that the script makes follow, at the same place.
	Alias string

	Pos Pos // of the name
}

// SourceArg is an argument as it stands in the source.
type SourceArg struct {
	Text    string // unquoted; if it isn't literal, as it is written
	Literal bool   // the command gets exactly Text
	Written string // as it is written, with its quotes
}

// Parse reads a source. Every error is a *SyntaxError.
func Parse(source string) (*Program, error) { return ParseWith(source, nil) }

// ParseWith is Parse where names may stand for scripts (see Aliases).
func ParseWith(source string, aliases Aliases) (*Program, error) {
	return (&compiler{source: source, aliases: &aliasing{of: aliases}}).program()
}

// program reads the compiler's source.
func (c *compiler) program() (p *Program, err error) {
	source := c.source
	// The parser is not ours, and what it reads comes from anybody: a fault in
	// it costs the one who found it an answer, and nobody else.
	defer func() {
		if fault := recover(); fault != nil {
			p, err = nil, c.refuseAt(0, "", fmt.Sprintf("this could not be parsed (%v)", fault))
		}
	}()
	if err := c.precheck(); err != nil {
		return nil, err
	}
	body, err := c.parse(source)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(c.calls, func(a, b SourceCall) int { return a.Pos.compare(b.Pos) })
	return &Program{body: body, calls: c.calls}, nil
}

func (p Pos) compare(q Pos) int {
	if p.Line != q.Line {
		return p.Line - q.Line
	}
	return p.Column - q.Column
}

// compiler turns the parser's tree into ours, or says what has no place in it.
type compiler struct {
	source string
	// places tells where in source a byte of the text being parsed stands, if
	// that text is a script that the source quotes.
	places []int
	calls  []SourceCall
	holes  []string // what xargs -I replaces in the text being parsed
	depth  int

	aliases *aliasing
	within  []string // the aliases that stand for the text being parsed, outermost first
	given   *given   // what the innermost of them was called with; nil outside of any
}

// parse reads text, which is the source or a script within it.
func (c *compiler) parse(text string) ([]*statement, error) {
	parser := syntax.NewParser(syntax.Variant(syntax.LangBash))
	file, err := parser.Parse(strings.NewReader(endComments(text)), "")
	if err != nil {
		return nil, c.explain(text, err)
	}
	body, err := c.statements(file.Stmts)
	if err != nil {
		return nil, err
	}
	return body, c.holesAreText(text, file)
}

// precheck refuses what the parser should not be given at all.
func (c *compiler) precheck() error {
	if len(c.source) > MaxSource {
		return c.refuseAt(0, "", fmt.Sprintf("the program has %d bytes, %d are the limit", len(c.source), MaxSource))
	}
	if !utf8.ValidString(c.source) {
		at := strings.IndexFunc(c.source, func(r rune) bool { return r == utf8.RuneError })
		return c.refuseAt(at, "", "this is not valid UTF-8")
	}
	if at := strings.IndexByte(c.source, 0); at >= 0 {
		return c.refuseAt(at, "", "there is a NUL character here")
	}
	depth := 0
	for i, b := range []byte(c.source) {
		switch b {
		case '(', '{':
			depth++
		case ')', '}':
			depth = max(depth-1, 0)
		}
		if depth > maxNesting {
			return c.tooDeep(i)
		}
	}
	return nil
}

func (c *compiler) tooDeep(offset int) error {
	return c.refuseAt(offset, "", fmt.Sprintf("this is nested more than %d levels deep", maxNesting))
}

// enter counts one more level of nesting until the returned function is called.
func (c *compiler) enter(at syntax.Pos) (leave func(), err error) {
	if c.depth++; c.depth > maxNesting {
		return nil, c.tooDeep(c.offset(at))
	}
	return func() { c.depth-- }, nil
}

// offset answers where in the source the parser's position stands.
func (c *compiler) offset(p syntax.Pos) int {
	at := int(p.Offset())
	if c.places == nil {
		return at
	}
	return c.places[min(at, len(c.places)-1)]
}

func (c *compiler) pos(p syntax.Pos) Pos { return place(c.source, c.offset(p)) }

// place turns a byte offset into lines and characters.
func place(source string, offset int) Pos {
	before := source[:min(offset, len(source))]
	start := strings.LastIndexByte(before, '\n') + 1
	return Pos{
		Line:   strings.Count(before, "\n") + 1,
		Column: utf8.RuneCountInString(before[start:]) + 1,
	}
}

// refuse answers the error for a construct that is not part of the language.
func (c *compiler) refuse(at syntax.Pos, construct string) error {
	return c.refuseAt(c.offset(at), construct, construct+" is not part of this shell")
}

// refuseWith is refuse with the next step to take.
func (c *compiler) refuseWith(at syntax.Pos, construct, message string) error {
	return c.refuseAt(c.offset(at), construct, message)
}

func (c *compiler) refuseAt(offset int, construct, message string) error {
	p := place(c.source, offset)
	return &SyntaxError{Line: p.Line, Column: p.Column, Construct: construct, Message: message, Source: c.source}
}

// explain turns the parser's error into ours.
func (c *compiler) explain(text string, err error) error {
	if at, r, found := firstLookalike(text); found {
		construct, message, _ := lookalike(r)
		return c.refuseAt(c.offsetOf(at), construct, message)
	}
	var malformed syntax.ParseError
	if errors.As(err, &malformed) {
		return c.refuseAt(c.offset(malformed.Pos), "", inWords(malformed.Text))
	}
	var foreign syntax.LangError
	if errors.As(err, &foreign) {
		return c.refuse(foreign.Pos, foreign.Feature)
	}
	return c.refuseAt(c.offsetOf(0), "", err.Error())
}

func (c *compiler) offsetOf(at int) int { return c.offset(syntax.NewPos(uint(at), 1, 1)) }

// inWords words the parser's commonest complaints for people in a chat.
func inWords(complaint string) string {
	switch complaint {
	case "reached EOF without closing quote `'`":
		return "this ' is never closed"
	case "reached EOF without closing quote `\"`":
		return "this \" is never closed"
	case "reached EOF without closing quote \"`\"":
		return "this ` is never closed"
	}
	if opener, ok := strings.CutPrefix(complaint, "reached EOF without matching `"); ok {
		opener, closer, _ := strings.Cut(opener, "` with `")
		return fmt.Sprintf("this %s is never closed with %s", opener, strings.TrimSuffix(closer, "`"))
	}
	return complaint
}
