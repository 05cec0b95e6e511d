package shell

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// read reads one line into variables. A key's line goes into the first one as
// it is, unless IFS=… asks for it to be split.
func read(_ context.Context, s *scope, inv *invocation) error {
	raw, names, err := readArgs(inv.args())
	if err != nil {
		return s.fail(inv, statusMisuse, "read: %s", err)
	}
	record, err := inv.in.Next()
	if err == io.EOF {
		s.status = 1
		return s.setAll(names, nil)
	}
	if err != nil {
		return err
	}
	s.status = int(truth(record.Open))
	if record.IsKey() && (len(names) == 1 || inv.ifs == nil || *inv.ifs == "") {
		return s.setAll(names, []value{{recordPart(record)}})
	}
	l := line{text: bytes.Clone(record.Text)}
	if !raw {
		if l, err = s.unescaped(l.text, inv.in); err != nil {
			return err
		}
	}
	ifs := blanks
	if inv.ifs != nil {
		ifs = *inv.ifs
	}
	return s.setAll(names, l.split(ifs, len(names)))
}

func readArgs(args []Arg) (raw bool, names []string, err error) {
	for len(args) > 0 && strings.HasPrefix(args[0].Text, "-") {
		option := args[0].Text
		args = args[1:]
		if option == "--" {
			break
		}
		if option != "-r" {
			return false, nil, fmt.Errorf("%s is not supported, only -r is", safe(option))
		}
		raw = true
	}
	for _, a := range args {
		if !syntax.ValidName(a.Text) || a.Text == "IFS" {
			return false, nil, fmt.Errorf("%s is no name for a variable", safe(a.Text))
		}
		names = append(names, a.Text)
	}
	if len(names) == 0 {
		names = []string{"REPLY"}
	}
	return raw, names, nil
}

// setAll sets names to values; those left over become empty.
func (s *scope) setAll(names []string, values []value) error {
	for i, name := range names {
		var v value
		if i < len(values) {
			v = values[i]
		}
		if err := s.set(name, v); err != nil {
			return err
		}
	}
	return nil
}

// line is a line read, with the places where a backslash keeps a separator
// from separating.
type line struct {
	text []byte
	kept []bool // nil: nowhere
}

// unescaped takes out backslashes. One at the end joins the next line, unless
// that stands for a key, which stays whole.
func (s *scope) unescaped(text []byte, in *Reader) (line, error) {
	if bytes.IndexByte(text, '\\') < 0 {
		return line{text: text}, nil
	}
	var l line
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			l.text, l.kept = append(l.text, text[i]), append(l.kept, false)
			continue
		}
		if i++; i < len(text) {
			l.text, l.kept = append(l.text, text[i]), append(l.kept, true)
			continue
		}
		if in.nextIsKey() {
			break
		}
		record, err := in.Next()
		if err == io.EOF {
			s.status = 1
			break
		}
		if err != nil {
			return line{}, err
		}
		s.status = int(truth(record.Open))
		text, i = bytes.Clone(record.Text), -1
		if most := s.budget.limits.Variable; int64(len(l.text)) > most {
			return line{}, &LimitError{Limit: "a line of read", Max: most, Unit: "bytes"}
		}
	}
	return l, nil
}

func (l line) from(i int) line { return l.cut(i, len(l.text)) }

func (l line) cut(i, j int) line {
	if l.kept == nil {
		return line{text: l.text[i:j]}
	}
	return line{text: l.text[i:j], kept: l.kept[i:j]}
}

// is reports whether one of chars stands at i and separates.
func (l line) is(i int, chars string) bool {
	return i < len(l.text) && strings.IndexByte(chars, l.text[i]) >= 0 && (l.kept == nil || !l.kept[i])
}

// split answers up to n values. Blanks in ifs separate together and vanish at
// both ends; any other character in it separates by itself. The last value is
// the rest.
func (l line) split(ifs string, n int) []value {
	white := strings.Map(func(r rune) rune {
		if strings.ContainsRune(blanks, r) {
			return r
		}
		return -1
	}, ifs)
	l = l.from(l.skip(0, white))
	var values []value
	for len(values) < n-1 && len(l.text) > 0 {
		end, next := l.first(ifs, white)
		values = append(values, plain(string(l.text[:end])))
		l = l.from(next)
	}
	if end, next := l.first(ifs, white); next == len(l.text) {
		l = l.cut(0, end) // one value and its separator
	}
	end := len(l.text)
	for end > 0 && l.is(end-1, white) {
		end--
	}
	return append(values, plain(string(l.text[:end])))
}

// first answers where the first value ends and where the next begins.
func (l line) first(ifs, white string) (end, next int) {
	for end < len(l.text) && !l.is(end, ifs) {
		end++
	}
	next = l.skip(end, white)
	if l.is(next, ifs) {
		next = l.skip(next+1, white)
	}
	return end, next
}

func (l line) skip(i int, white string) int {
	for l.is(i, white) {
		i++
	}
	return i
}
