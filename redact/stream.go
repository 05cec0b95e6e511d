package redact

import "bytes"

// Stream redacts a value, or a text, that comes in pieces. It holds back a few
// kilobytes of it, whatever its length and that of the secrets in it. A Stream
// is for one goroutine.
type Stream struct {
	r   *Redactor
	raw []byte // not looked at for patterns yet
	s   scanner
	hid bool // what a pattern matches
}

// ValueStream returns a Stream that does what Value does.
func (r *Redactor) ValueStream() *Stream { return &Stream{r: r, s: scanner{r: r, mode: values}} }

// TextStream returns a Stream that does what Text does.
func (r *Redactor) TextStream() *Stream { return &Stream{r: r, s: scanner{r: r, mode: texts}} }

// Next takes a piece and answers what can be shown by now.
func (t *Stream) Next(piece []byte) []byte {
	if len(t.r.patterns) == 0 {
		return t.scan(piece, false)
	}
	t.raw = append(t.raw, piece...)
	out, end := maskMatches(t.r.patterns, t.raw, max(len(t.raw)-lookahead, 0))
	t.hid = t.hid || !bytes.Equal(out, t.raw[:end])
	t.raw = append(t.raw[:0], t.raw[end:]...)
	return t.scan(out, false)
}

// End answers what is left. The Stream is of no use afterwards.
func (t *Stream) End() []byte {
	out := maskPatterns(t.r.patterns, t.raw)
	t.hid = t.hid || !bytes.Equal(out, t.raw)
	return t.scan(out, true)
}

// Hid reports whether something was hidden so far.
func (t *Stream) Hid() bool { return t.hid || t.s.changed }

func (t *Stream) scan(more []byte, last bool) []byte {
	s := &t.s
	s.in = append(s.in[:copy(s.in, s.in[s.pos:])], more...)
	s.pos, s.from, s.last = 0, 0, last
	s.run()
	return s.rest()
}
