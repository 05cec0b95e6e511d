package text

import (
	"context"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/shell"
)

func grepTool() *tool {
	return &tool{
		name: "grep", synopsis: "[-E | -F] [-ivwx] [-c | -o | -q] [-n] [-m N] [-A N] [-B N] [-C N] PATTERN | -e PATTERN…",
		summary: "pass on the lines that match an expression",
		flags: []flag{
			{"E", "extended-regexp", "", "extended expressions: + ? | ( ) { } without backslashes"},
			{"F", "fixed-strings", "", "no expressions, just text"},
			{"G", "basic-regexp", "", "basic expressions (the default)"},
			{"e", "regexp", "PATTERN", "match this; may come several times"},
			{"i", "ignore-case", "", "take upper and lower case as equal"},
			{"v", "invert-match", "", "the lines that do not match"},
			{"w", "word-regexp", "", "match whole words only"},
			{"x", "line-regexp", "", "match whole lines only"},
			{"c", "count", "", "only the number of lines"},
			{"n", "line-number", "", "put its number before each line"},
			{"o", "only-matching", "", "only the parts that match, each on a line"},
			{"m", "max-count", "N", "stop after N lines"},
			{"A", "after-context", "N", "also N lines behind each"},
			{"B", "before-context", "N", "also N lines before each"},
			{"C", "context", "N", "also N lines on both sides; -N is the same"},
			{"q", "quiet", "", "write nothing; the status tells"},
			{"a", "text", "", "does nothing: all input is text"},
			{"h", "no-filename", "", "does nothing: there are no names"},
			{"s", "no-messages", "", "does nothing: no file is opened"},
			{"", "color", "[WHEN]", "does nothing: there are no colours"},
			{"", "line-buffered", "", "does nothing: lines are never held back for long"},
		},
		notes: "Expressions are RE2: leftmost and longest, without back-references.\n" +
			"Status 0: lines were found, 1: none, 2: the call was wrong.",
		operands: true,
		modern:   func(arg string) string { return dashNumber(arg, "C") },
		run:      runGrep,
	}
}

// grep is one call of grep.
type grep struct {
	find                 finder
	invert, count, quiet bool
	numbers, parts       bool
	most                 int64 // lines to select; negative: all of them
	lines, selected      int64
	out                  []byte
	around               *surroundings // nil: no lines but those selected
}

// finder looks for matches in a line.
type finder interface {
	matches(ctx context.Context, line []byte) (bool, error)
	find(ctx context.Context, line []byte, from int) ([]int, error)
}

func runGrep(ctx context.Context, j *job) (int, error) {
	g, err := newGrep(j)
	if err != nil {
		return 0, err
	}
	if g.around != nil {
		defer g.around.free()
	}
	if g.most == 0 {
		j.Stdin.Close()
	} else if err := eachLine(ctx, j.Stdin, func(rec shell.Record) error { return g.line(ctx, j.Stdout, rec) }); err != nil {
		return 0, err
	}
	if g.count && !g.quiet {
		if _, err := j.Stdout.WriteString(strconv.FormatInt(g.selected, 10) + "\n"); err != nil {
			return 0, err
		}
	}
	if g.selected == 0 {
		return 1, nil
	}
	return 0, nil
}

func newGrep(j *job) (*grep, error) {
	g := &grep{invert: j.has("v"), count: j.has("c"), quiet: j.has("q"), numbers: j.has("n"), parts: j.has("o")}
	patterns, operands := j.values("e"), j.operands
	if len(patterns) == 0 {
		if len(operands) == 0 {
			return nil, misuse("needs a pattern")
		}
		patterns, operands = operands[:1], operands[1:]
	}
	if err := stdinOnly(operands); err != nil {
		return nil, err
	}
	most, _, err := j.lineCount("m")
	if err != nil {
		return nil, err
	}
	g.most = most
	if g.around, err = newSurroundings(j); err != nil {
		return nil, err
	}
	g.find, err = newFinder(strings.Split(strings.Join(patterns, "\n"), "\n"), j)
	return g, err
}

// lineCount reads an option whose value is a number of lines, -1 if it was not
// given.
func (j *job) lineCount(key string) (n int64, given bool, err error) {
	value, given := j.value(key)
	if !given {
		return -1, false, nil
	}
	n, err = strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, true, misuse("option -%s needs a number, not %q", key, value)
	}
	return n, true, nil
}

func newFinder(patterns []string, j *job) (finder, error) {
	kind := j.last("E", "F", "G")
	d := dialect{extended: kind == "E", fixed: kind == "F", fold: j.has("i")}
	e, err := newExpression(patterns, d)
	switch {
	case err != nil:
		return nil, err
	case j.has("x"):
		return e.around("^(?:", ")$")
	case j.has("w"):
		return newWords(e)
	}
	return e, nil
}

// around is the expression with more before and behind it.
func (e *expression) around(before, behind string) (*expression, error) {
	source := e.source
	if source == "" {
		source = quoted(e.literal)
	}
	n := &expression{source: before + source + behind, flags: e.flags, groups: e.groups, cost: max(e.cost, len(e.literal)) + 2}
	return n, n.compile()
}

// words finds matches that are no part of a longer word.
//
// RE2 cannot look behind, so the characters around a word are matched too and
// the word is a group. at begins with the line's start or another character,
// inside only with another character.
type words struct{ at, inside *expression }

func newWords(e *expression) (*words, error) {
	const other = `[^0-9A-Za-z_]`
	at, err := e.around(`(?:^|`+other+`)(`, `)(?:$|`+other+`)`)
	if err != nil {
		return nil, err
	}
	inside, err := e.around(other+`(`, `)(?:$|`+other+`)`)
	return &words{at, inside}, err
}

func (w *words) matches(ctx context.Context, line []byte) (bool, error) {
	return w.at.matches(ctx, line)
}

func (w *words) find(ctx context.Context, line []byte, from int) ([]int, error) {
	e := w.at
	if from > 0 {
		e, from = w.inside, from-1
		line = line[from:]
	}
	at, err := e.find(ctx, line, 0)
	if at == nil || err != nil {
		return nil, err
	}
	return []int{at[2] + from, at[3] + from}, nil
}

// line looks at one line and writes what was asked for.
func (g *grep) line(ctx context.Context, w *shell.Writer, rec shell.Record) error {
	g.lines++
	found, err := g.find.matches(ctx, rec.Text)
	if err != nil {
		return err
	}
	// Once enough are selected, only lines behind the last one are wanted.
	if found == g.invert || g.selected == g.most {
		return g.passedOver(w, rec)
	}
	g.selected++
	if g.showsAround() {
		if err := g.before(w); err != nil {
			return err
		}
	}
	switch {
	case g.quiet:
		return errEnough
	case g.count:
	case g.parts && g.invert:
	case g.parts:
		err = g.writeParts(ctx, w, rec)
	default:
		err = g.writeLine(w, rec, g.lines, ':')
	}
	if err == nil && g.selected == g.most && !g.wantsMore() {
		return errEnough
	}
	return err
}

// writeLine writes a whole line, its number and a mark before it if asked for.
func (g *grep) writeLine(w *shell.Writer, rec shell.Record, number int64, mark byte) error {
	if !g.numbers {
		return whole(w, rec)
	}
	g.out = append(g.number(number, mark), rec.Text...)
	rec.Open = false
	return derive(w, rec, g.out)
}

// number begins an output line with a line's number, if asked for.
func (g *grep) number(number int64, mark byte) []byte {
	if !g.numbers {
		return g.out[:0]
	}
	return append(strconv.AppendInt(g.out[:0], number, 10), mark)
}

// writeParts writes every part that matches on a line of its own. Empty parts
// are passed over.
func (g *grep) writeParts(ctx context.Context, w *shell.Writer, rec shell.Record) error {
	rec.Open = false
	for from := 0; from <= len(rec.Text); {
		at, err := g.find.find(ctx, rec.Text, from)
		if at == nil || err != nil {
			return err
		}
		if at[1] == at[0] {
			if at[0] == len(rec.Text) {
				return nil
			}
			from = at[0] + runeSize(rec.Text[at[0]:])
			continue
		}
		g.out = append(g.number(g.lines, ':'), rec.Text[at[0]:at[1]]...)
		if err := derive(w, rec, g.out); err != nil {
			return err
		}
		from = at[1]
	}
	return nil
}

// quoted is text as an expression of RE2.
func quoted(text []byte) string {
	var b strings.Builder
	for len(text) > 0 {
		t := translator{src: string(text[:runeSize(text)]), open: []*level{{}}}
		t.literal()
		b.WriteString(t.top().last)
		text = text[runeSize(text):]
	}
	return b.String()
}
