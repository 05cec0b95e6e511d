package guard

import (
	"bytes"
	"fmt"
	"strconv"
)

// style is one of redis-cli's forms of output.
type style int

const (
	rawStyle        style = iota // values as they are; where output is no terminal
	ttyStyle                     // numbered and quoted, as at a terminal: --no-raw
	csvStyle                     // --csv
	jsonStyle                    // --json
	quotedJSONStyle              // --quoted-json
)

// format is how a result is printed.
type format struct {
	style   style
	between string // between the elements of an aggregate: -d
	after   string // after each reply: -D
}

func rawFormat() format { return format{style: rawStyle, between: "\n", after: "\n"} }

// plain reports whether each element is a line of its own, so that one that
// stands for a key can be marked as such.
func (f format) plain() bool {
	return f.style == rawStyle && f.between == "\n" && f.after == "\n"
}

// append adds a whole reply with what ends it.
func (f format) append(dst []byte, r reply) []byte {
	switch f.style {
	case ttyStyle:
		return appendTTY(dst, r, "")
	case csvStyle:
		return append(appendCSV(dst, r), '\n')
	case jsonStyle, quotedJSONStyle:
		return append(appendJSON(dst, r, f.style), '\n')
	}
	return append(appendRaw(dst, r, f.between), f.after...)
}

func appendRaw(dst []byte, r reply, between string) []byte {
	switch {
	case r.kind == nullReply:
		return dst
	case r.kind == errorReply:
		return append(append(dst, r.text...), '\n')
	case r.kind == booleanReply:
		return append(dst, "("+truth(r)+")"...)
	case r.kind == mapReply:
		return appendRawMap(dst, r, between)
	case !r.aggregate():
		return append(dst, r.text...)
	}
	for i, e := range r.elems {
		if i > 0 {
			dst = append(dst, between...)
		}
		dst = appendRaw(dst, e, between)
	}
	return dst
}

// appendRawMap sets key and value side by side.
func appendRawMap(dst []byte, r reply, between string) []byte {
	for i := 0; i+1 < len(r.elems); i += 2 {
		if i > 0 {
			dst = append(dst, between...)
		}
		dst = append(appendRaw(dst, r.elems[i], between), ' ')
		dst = appendRaw(dst, r.elems[i+1], between)
	}
	return dst
}

func truth(r reply) string { return strconv.FormatBool(string(r.text) == "t") }

// appendTTY adds a reply as at a terminal. Lines after the first begin with
// prefix.
func appendTTY(dst []byte, r reply, prefix string) []byte {
	switch r.kind {
	case errorReply:
		return fmt.Appendf(dst, "(error) %s\n", r.text)
	case integerReply:
		return fmt.Appendf(dst, "(integer) %s\n", r.text)
	case doubleReply:
		return fmt.Appendf(dst, "(double) %s\n", r.text)
	case booleanReply:
		return fmt.Appendf(dst, "(%s)\n", truth(r))
	case nullReply:
		return append(dst, "(nil)\n"...)
	case bulkReply:
		return append(appendQuoted(dst, r.text), '\n')
	case arrayReply, setReply, mapReply, pushReply:
		l := newTTYList(r.kind, len(r.elems), prefix)
		for _, e := range r.elems {
			dst = l.append(dst, e)
		}
		return l.end(dst)
	}
	return append(append(dst, r.text...), '\n') // status, verbatim, big number
}

// ttyList numbers the elements of an aggregate as they come.
type ttyList struct {
	kind   byte
	prefix string // of lines after the first
	width  int    // of the numbers
	count  int    // elements so far; a map's keys and values both count
}

// newTTYList is told how many elements will come, for the numbers' width.
func newTTYList(kind byte, n int, prefix string) *ttyList {
	if kind == mapReply {
		n /= 2
	}
	return &ttyList{kind: kind, prefix: prefix, width: len(strconv.Itoa(n))}
}

func (l *ttyList) append(dst []byte, e reply) []byte {
	inner := l.prefix + fmt.Sprintf("%*s", l.width+2, "")
	if l.kind == mapReply && l.count%2 == 1 {
		l.count++
		dst = append(bytes.TrimSuffix(dst, []byte("\n")), " => "...)
		if e.entries() > 1 { // a line of its own for each
			dst = append(append(dst, '\n'), inner...)
		}
		return appendTTY(dst, e, inner)
	}
	if l.count > 0 {
		dst = append(dst, l.prefix...)
	}
	number, mark := l.count+1, ")"
	switch l.kind {
	case setReply:
		mark = "~"
	case mapReply:
		number, mark = l.count/2+1, "#"
	}
	l.count++
	dst = fmt.Appendf(dst, "%*d%s ", l.width, number, mark)
	return appendTTY(dst, e, inner)
}

func (l *ttyList) end(dst []byte) []byte {
	if l.count > 0 {
		return dst
	}
	names := map[byte]string{arrayReply: "array", mapReply: "hash", setReply: "set", pushReply: "push"}
	return append(dst, "(empty "+names[l.kind]+")\n"...)
}

func appendCSV(dst []byte, r reply) []byte {
	switch {
	case r.kind == errorReply:
		return appendQuoted(append(dst, "ERROR,"...), r.text)
	case r.kind == nullReply:
		return append(dst, "NULL"...)
	case r.kind == booleanReply:
		return append(dst, truth(r)...)
	case r.kind == integerReply, r.kind == doubleReply, r.kind == bigReply:
		return append(dst, r.text...)
	case !r.aggregate():
		return appendQuoted(dst, r.text)
	}
	for i, e := range r.elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendCSV(dst, e)
	}
	return dst
}

func appendJSON(dst []byte, r reply, s style) []byte {
	switch {
	case r.kind == errorReply:
		return appendJSONString(append(dst, "error:"...), r.text, s)
	case r.kind == nullReply:
		return append(dst, "null"...)
	case r.kind == booleanReply:
		return append(dst, truth(r)...)
	case r.kind == integerReply, r.kind == doubleReply, r.kind == bigReply:
		return append(dst, r.text...)
	case r.kind == mapReply:
		return appendJSONObject(dst, r, s)
	case !r.aggregate():
		return appendJSONString(dst, r.text, s)
	}
	dst = append(dst, '[')
	for i, e := range r.elems {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, e, s)
	}
	return append(dst, ']')
}

func appendJSONObject(dst []byte, r reply, s style) []byte {
	dst = append(dst, '{')
	for i := 0; i+1 < len(r.elems); i += 2 {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendJSONKey(dst, r.elems[i], s), ':')
		dst = appendJSON(dst, r.elems[i+1], s)
	}
	return append(dst, '}')
}

// appendJSONKey quotes keys that are no strings; JSON has no others.
func appendJSONKey(dst []byte, r reply, s style) []byte {
	key := appendJSON(nil, r, s)
	if r.kind == errorReply || len(key) > 0 && key[0] == '"' {
		return append(dst, key...)
	}
	return append(append(append(dst, '"'), key...), '"')
}
