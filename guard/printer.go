package guard

import (
	"fmt"
	"io"
)

// printer writes replies as redis-cli does.
type printer struct {
	format   format
	strict   bool // an error reply goes to standard error, with status 1
	verbatim bool // text meant for people, written as it is in every format
	curtain  *curtain
	stdout   Sink
	stderr   io.Writer
	failed   func(reply) // told of each error that is printed; nil: nobody is
}

// reply writes a whole reply and answers redis-cli's status for it.
func (p *printer) reply(r reply) (int, error) {
	if r.kind == errorReply && p.failed != nil {
		p.failed(r)
	}
	return p.show(p.curtain.reply(r))
}

// show writes what may be seen of a reply.
func (p *printer) show(r reply) (int, error) {
	if p.strict && r.kind == errorReply {
		_, err := fmt.Fprintf(p.stderr, "%s\n", r.text)
		return 1, err
	}
	if p.verbatim {
		return 0, p.write(appendRaw(nil, r, p.format.between))
	}
	return 0, p.write(p.format.append(nil, r))
}

// key writes the line of a key.
func (p *printer) key(key []byte) error {
	return p.stdout.WriteKey(p.curtain.key(key), key)
}

func (p *printer) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	_, err := p.stdout.Write(b)
	return err
}

// list writes the elements of an aggregate one by one, as they come.
type list struct {
	p     *printer
	kind  byte
	keys  bool // the elements are keys
	count int
	tty   *ttyList
	buf   []byte
}

// flushAt is how many bytes of a list are gathered before they are written.
const flushAt = 16 << 10

// list begins an aggregate of about n elements. Only --no-raw needs n, for the
// width of its numbers.
func (p *printer) list(kind byte, n int) *list {
	l := &list{p: p, kind: kind, tty: newTTYList(kind, n, "")}
	if p.format.style == jsonStyle || p.format.style == quotedJSONStyle {
		l.buf = append(l.buf, l.bracket('[', '{'))
	}
	return l
}

func (l *list) bracket(array, object byte) byte {
	if l.kind == mapReply {
		return object
	}
	return array
}

// add writes one element; of a map keys and values come in turn.
func (l *list) add(e reply) error {
	if l.keys && l.p.format.plain() {
		return l.p.key(e.text)
	}
	return l.put(l.p.curtain.listed(l.count, e))
}

// field writes the value of a field.
func (l *list) field(name, value reply) error {
	return l.put(l.p.curtain.field(name, value))
}

// put writes what may be seen of an element.
func (l *list) put(e reply) error {
	second := l.kind == mapReply && l.count%2 == 1
	f := l.p.format
	switch f.style {
	case ttyStyle:
		l.buf = l.tty.append(l.buf, e)
	case csvStyle:
		l.buf = appendCSV(l.separate(",", ","), e)
	case jsonStyle, quotedJSONStyle:
		l.buf = l.separate(",", ":")
		if l.kind == mapReply && !second {
			l.buf = appendJSONKey(l.buf, e, f.style)
		} else {
			l.buf = appendJSON(l.buf, e, f.style)
		}
	default:
		l.buf = appendRaw(l.separate(f.between, " "), e, f.between)
	}
	l.count++
	if len(l.buf) < flushAt {
		return nil
	}
	return l.flush()
}

// separate adds what stands before the next element.
func (l *list) separate(elements, pair string) []byte {
	switch {
	case l.count == 0:
		return l.buf
	case l.kind == mapReply && l.count%2 == 1:
		return append(l.buf, pair...)
	}
	return append(l.buf, elements...)
}

func (l *list) flush() error {
	// A key of --no-raw is joined with its value, so its line stays open.
	if l.kind == mapReply && l.count%2 == 1 {
		return nil
	}
	err := l.p.write(l.buf)
	l.buf = l.buf[:0]
	return err
}

// end closes the aggregate.
func (l *list) end() (int, error) {
	switch l.p.format.style {
	case ttyStyle:
		l.buf = l.tty.end(l.buf)
	case csvStyle:
		l.buf = append(l.buf, '\n')
	case jsonStyle, quotedJSONStyle:
		l.buf = append(l.buf, l.bracket(']', '}'), '\n')
	default:
		if !l.keys || !l.p.format.plain() {
			l.buf = append(l.buf, l.p.format.after...)
		}
	}
	return 0, l.flushAll()
}

func (l *list) flushAll() error {
	err := l.p.write(l.buf)
	l.buf = nil
	return err
}

// text writes one string in pieces.
type text struct {
	p      *printer
	q      quoting
	stream pieces // nil: nothing is hidden
}

func (p *printer) text() (*text, error) {
	t := &text{p: p, q: p.format.style.quoting(), stream: p.curtain.stream()}
	if t.q == nil {
		return t, nil
	}
	return t, p.write([]byte(`"`))
}

func (t *text) add(piece []byte) error {
	if t.stream != nil {
		piece = t.stream.Next(piece)
	}
	return t.write(piece)
}

func (t *text) write(piece []byte) error {
	if t.q == nil {
		return t.p.write(piece)
	}
	return t.p.write(appendEscaped(nil, piece, t.q))
}

func (t *text) end() (int, error) {
	if t.stream != nil {
		if err := t.write(t.stream.End()); err != nil {
			return 0, err
		}
	}
	if t.q == nil {
		return 0, t.p.write([]byte(t.p.format.after))
	}
	return 0, t.p.write([]byte("\"\n"))
}
