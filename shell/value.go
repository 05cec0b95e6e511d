package shell

import (
	"strconv"
	"strings"
)

// value is what a variable holds and what a word expands to. It is kept in
// parts so that a key within it stays whole when the value is split later.
//
// This, and that every argument has two faces (see Arg), is why words are
// expanded here and not by the parser's own expand package.
type value []part

// part is a stretch of a value.
type part struct {
	text, whole string
	key         bool // a key: never split, whatever it holds
}

// partBytes is what a part takes beyond its bytes.
const partBytes = 48

func plain(s string) value {
	if s == "" {
		return nil
	}
	return value{{text: s, whole: s}}
}

func plainPart(s string) part { return part{text: s, whole: s} }

func recordPart(r Record) part {
	text := string(r.Text)
	switch {
	case !r.IsKey():
		return part{text: text, whole: text}
	case text == string(r.Key):
		return part{text: text, whole: text, key: true}
	}
	return part{text: text, whole: string(r.Key), key: true}
}

// bytes is the memory that the part takes.
func (p part) bytes() int64 {
	n := int64(partBytes + len(p.text))
	if p.key && p.whole != p.text {
		n += int64(len(p.whole))
	}
	return n
}

func (v value) bytes() int64 {
	var n int64
	for _, p := range v {
		n += p.bytes()
	}
	return n
}

// length is the longer of the two faces, in bytes.
func (v value) length() int64 {
	text, whole := 0, 0
	for _, p := range v {
		text += len(p.text)
		whole += len(p.whole)
	}
	return int64(max(text, whole))
}

// arg is the value as a command gets it.
func (v value) arg() Arg {
	switch len(v) {
	case 0:
		return Arg{}
	case 1:
		return Arg{Text: v[0].text, Whole: v[0].whole, Key: v[0].key}
	}
	text, differs := v.text(), false
	for _, p := range v {
		differs = differs || p.text != p.whole
	}
	if !differs {
		return Plain(text)
	}
	var whole strings.Builder
	for _, p := range v {
		whole.WriteString(p.whole)
	}
	return Arg{Text: text, Whole: whole.String()}
}

func (v value) text() string {
	if len(v) == 1 {
		return v[0].text
	}
	var b strings.Builder
	for _, p := range v {
		b.WriteString(p.text)
	}
	return b.String()
}

// compact joins neighbouring parts that are no keys.
func (v value) compact() value {
	if len(v) < 2 {
		return v
	}
	var out value
	var run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			out = append(out, plainPart(run.String()))
			run.Reset()
		}
	}
	for _, p := range v {
		if !p.key {
			run.WriteString(p.text)
			continue
		}
		flush()
		out = append(out, p)
	}
	flush()
	return out
}

// safe quotes text for a message, so that nothing in it can pass for the
// message's own words, and shortens what is long.
func safe(text string) string {
	const most = 60
	if len(text) > most {
		return strconv.Quote(text[:most]) + "…"
	}
	return strconv.Quote(text)
}
