package embedded

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// value is a reply, or a part of one.
//
// As text it is what commands.txt is written in: 12 is an integer, +word a
// status, word or "some words" a string, [a b] an array, ~[a b] a set and
// %[key value] a map.
type value struct {
	kind  byte    // of RESP: + - : , $ = * ~ %
	text  string  // of what is no aggregate
	elems []value // of an aggregate; of a map keys and values in turns
}

func str(text string) value { return value{kind: '$', text: text} }

// prose is a string of lines for people.
func prose(text string) value { return value{kind: '=', text: text} }

func integer[N int | int64 | uint64](n N) value { return value{kind: ':', text: fmt.Sprint(n)} }

func array(elems ...value) value { return value{kind: '*', elems: elems} }

func dict(elems ...value) value { return value{kind: '%', elems: elems} }

func strs(texts []string) value {
	list := make([]value, len(texts))
	for i, t := range texts {
		list[i] = str(t)
	}
	return array(list...)
}

// null is what stands where there is nothing: "$" of RESP 2, or "*" where an
// array was expected.
func null(kind byte) value { return value{kind: '_', text: string(kind)} }

// resp writes the value in RESP 3, or in RESP 2, which knows neither maps nor
// sets and has no null of its own.
func (v value) resp(b *strings.Builder, three bool) {
	switch v.kind {
	case '_':
		if three {
			b.WriteString("_\r\n")
		} else {
			b.WriteString(v.text + "-1\r\n")
		}
	case '=':
		v.verbatim(b, three)
	case '+', '-', ':', ',':
		b.WriteString(string(v.kind) + v.text + "\r\n")
	case '$':
		fmt.Fprintf(b, "$%d\r\n%s\r\n", len(v.text), v.text)
	default:
		v.head(b, three)
		for _, e := range v.elems {
			e.resp(b, three)
		}
	}
}

// verbatim writes text that RESP 3 marks as meant to be shown as it stands.
func (v value) verbatim(b *strings.Builder, three bool) {
	if !three {
		str(v.text).resp(b, three)
		return
	}
	fmt.Fprintf(b, "=%d\r\ntxt:%s\r\n", len("txt:")+len(v.text), v.text)
}

func (v value) head(b *strings.Builder, three bool) {
	kind, n := v.kind, len(v.elems)
	switch {
	case !three:
		kind = '*'
	case kind == '%':
		n /= 2
	}
	fmt.Fprintf(b, "%c%d\r\n", kind, n)
}

// String writes the value as text.
func (v value) String() string {
	switch v.kind {
	case ':':
		return v.text
	case '+':
		return "+" + v.text
	case '$':
		if v.text == "" || strings.ContainsAny(v.text, " []\"\\+~%") || isInteger(v.text) {
			return strconv.Quote(v.text)
		}
		return v.text
	}
	var parts []string
	for _, e := range v.elems {
		parts = append(parts, e.String())
	}
	return strings.TrimPrefix(string(v.kind), "*") + "[" + strings.Join(parts, " ") + "]"
}

func isInteger(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

var errNotation = errors.New("malformed text of a reply")

// parseNotation reads the values of a text that String wrote.
func parseNotation(text string) ([]value, error) {
	p := &notation{rest: text}
	list, err := p.values()
	if err == nil && p.rest != "" {
		err = errNotation
	}
	return list, err
}

type notation struct{ rest string }

// values reads up to the end of the text or of the aggregate.
func (p *notation) values() ([]value, error) {
	var list []value
	for {
		p.rest = strings.TrimLeft(p.rest, " \n")
		if p.rest == "" || p.rest[0] == ']' {
			return list, nil
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (p *notation) value() (value, error) {
	for _, open := range []string{"[", "~[", "%["} {
		if rest, ok := strings.CutPrefix(p.rest, open); ok {
			p.rest = rest
			kind := open[0]
			if kind == '[' {
				kind = '*'
			}
			return p.aggregate(kind)
		}
	}
	if p.rest[0] == '"' {
		quoted, err := strconv.QuotedPrefix(p.rest)
		if err != nil {
			return value{}, errNotation
		}
		p.rest = p.rest[len(quoted):]
		text, err := strconv.Unquote(quoted)
		return str(text), err
	}
	return p.word(), nil
}

func (p *notation) aggregate(kind byte) (value, error) {
	elems, err := p.values()
	if err != nil {
		return value{}, err
	}
	rest, ok := strings.CutPrefix(p.rest, "]")
	if !ok {
		return value{}, errNotation
	}
	p.rest = rest
	return value{kind: kind, elems: elems}, nil
}

func (p *notation) word() value {
	end := strings.IndexAny(p.rest, " \n]")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	if status, ok := strings.CutPrefix(word, "+"); ok {
		return value{kind: '+', text: status}
	}
	if isInteger(word) {
		return value{kind: ':', text: word}
	}
	return str(word)
}
