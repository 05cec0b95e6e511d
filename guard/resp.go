package guard

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// The kinds of replies, by the byte that begins them on the wire. Nulls of
// every form are nullReply, and errors of either form errorReply.
const (
	statusReply   = '+'
	errorReply    = '-'
	integerReply  = ':'
	bulkReply     = '$'
	arrayReply    = '*'
	nullReply     = '_'
	doubleReply   = ','
	booleanReply  = '#'
	bigReply      = '('
	verbatimReply = '='
	setReply      = '~'
	mapReply      = '%'
	pushReply     = '>'

	blobErrorPrefix = '!'
	attributePrefix = '|'
)

// reply is one reply of the server, in RESP2 or RESP3.
type reply struct {
	kind  byte
	text  []byte  // of everything but aggregates; a verbatim string without its format
	elems []reply // of aggregates; of a map each key followed by its value
}

func (r reply) aggregate() bool {
	switch r.kind {
	case arrayReply, setReply, mapReply, pushReply:
		return true
	}
	return false
}

// entries counts an aggregate's elements; a map's pairs count as one each.
func (r reply) entries() int {
	if r.kind == mapReply {
		return len(r.elems) / 2
	}
	return len(r.elems)
}

// integer answers the reply's number, and whether it is one.
func (r reply) integer() (int64, bool) {
	if r.kind != integerReply {
		return 0, false
	}
	n, err := strconv.ParseInt(string(r.text), 10, 64)
	return n, err == nil
}

// field answers what stands behind name in a map, or in an array that lists
// names and values in turn.
func (r reply) field(name string) (reply, bool) {
	for i := 0; i+1 < len(r.elems); i += 2 {
		if string(r.elems[i].text) == name {
			return r.elems[i+1], true
		}
	}
	return reply{}, false
}

// strings answers the texts of an aggregate's elements.
func (r reply) strings() []string {
	list := make([]string, len(r.elems))
	for i, e := range r.elems {
		list[i] = string(e.text)
	}
	return list
}

// failure answers an error reply.
func failure(format string, args ...any) reply {
	return reply{kind: errorReply, text: fmt.Appendf(nil, format, args...)}
}

// maxNesting bounds aggregates within aggregates; servers nest a handful.
const maxNesting = 64

var errMalformed = errors.New("malformed reply")

// parseReply reads one whole reply. What it answers shares memory with raw.
func parseReply(raw []byte) (reply, error) {
	p := &respParser{rest: raw}
	r, err := p.reply(0)
	if err != nil {
		return reply{}, err
	}
	if len(p.rest) > 0 {
		return reply{}, fmt.Errorf("%w: %d bytes follow it", errMalformed, len(p.rest))
	}
	return r, nil
}

type respParser struct{ rest []byte }

func (p *respParser) reply(depth int) (reply, error) {
	line, err := p.line()
	if err != nil {
		return reply{}, err
	}
	kind, head := line[0], line[1:]
	switch kind {
	case statusReply, errorReply, integerReply, doubleReply, booleanReply, bigReply:
		return reply{kind: kind, text: head}, nil
	case nullReply:
		return reply{kind: nullReply}, nil
	case bulkReply, verbatimReply, blobErrorPrefix:
		return p.blob(kind, head)
	case arrayReply, setReply, pushReply, mapReply, attributePrefix:
		return p.elements(kind, head, depth)
	}
	return reply{}, fmt.Errorf("%w: it begins with %q", errMalformed, kind)
}

// line takes one line, which has at least its first byte.
func (p *respParser) line() ([]byte, error) {
	i := bytes.Index(p.rest, []byte("\r\n"))
	if i < 1 {
		return nil, fmt.Errorf("%w: it ends early", errMalformed)
	}
	line := p.rest[:i]
	p.rest = p.rest[i+2:]
	return line, nil
}

func (p *respParser) blob(kind byte, head []byte) (reply, error) {
	n, err := strconv.Atoi(string(head))
	switch {
	case err == nil && n == -1:
		return reply{kind: nullReply}, nil
	case err != nil || n < 0 || n > len(p.rest)-2:
		return reply{}, fmt.Errorf("%w: a length of %q", errMalformed, head)
	}
	text := p.rest[:n]
	p.rest = p.rest[n+2:]
	switch {
	case kind == blobErrorPrefix:
		kind = errorReply
	case kind == verbatimReply && len(text) >= 4:
		text = text[4:] // "txt:"
	}
	return reply{kind: kind, text: text}, nil
}

func (p *respParser) elements(kind byte, head []byte, depth int) (reply, error) {
	n, err := strconv.Atoi(string(head))
	switch {
	case err != nil || n < -1 || n > len(p.rest) || depth >= maxNesting:
		return reply{}, fmt.Errorf("%w: %q elements", errMalformed, head)
	case n == -1:
		return reply{kind: nullReply}, nil
	}
	if kind == mapReply || kind == attributePrefix {
		n *= 2
	}
	r := reply{kind: kind, elems: make([]reply, 0, min(n, len(p.rest)/3))}
	for range n {
		e, err := p.reply(depth + 1)
		if err != nil {
			return reply{}, err
		}
		r.elems = append(r.elems, e)
	}
	if kind == attributePrefix { // a remark on the reply that follows; redis-cli leaves it out
		return p.reply(depth)
	}
	return r, nil
}
