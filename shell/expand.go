package shell

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// ExpandError says why a word could not be expanded. It ends the program: to
// go on with a wrong word might change the wrong key.
type ExpandError struct {
	Pos    Pos
	Reason string
}

func (e *ExpandError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Pos.Line, e.Pos.Column, e.Reason)
}

// field is one argument to be, with the script if it is one of sh -c or the name
// of an alias.
type field struct {
	value  value
	script *script
}

// expansion expands the words of one command and holds what they take until
// it is released.
type expansion struct {
	scope *scope
	io    streams

	fields []field
	cur    value // the field being put together
	open   bool  // there is one, though it may be empty

	captured bool // a $(…) has run
	status   int  // of the last $(…)

	held, pending int64
}

func (s *scope) expansion(io streams) *expansion { return &expansion{scope: s, io: io} }

// release gives back what the fields were charged for.
func (e *expansion) release() { e.scope.budget.Release(e.held) }

// charge counts n bytes twice: as parts, and as the arguments made from them.
func (e *expansion) charge(n int64) error {
	const batch = 4 << 10 // most commands stay below and touch no shared counter
	if e.pending += 2 * n; e.pending < batch {
		return nil
	}
	n, e.pending = e.pending, 0
	e.held += n
	return e.scope.budget.Hold("what one command expands to", n)
}

// words expands words into fields.
func (e *expansion) words(ctx context.Context, words []*word) ([]field, error) {
	for _, w := range words {
		for _, s := range w.segments {
			if err := e.segment(ctx, s, false); err != nil {
				return nil, err
			}
		}
		if err := e.cut(); err != nil {
			return nil, err
		}
		if w.script != nil {
			e.fields[len(e.fields)-1].script = w.script
		}
	}
	return e.fields, nil
}

// single expands a word into one value without splitting, as for an assignment.
func (e *expansion) single(ctx context.Context, w *word) (value, error) {
	if w == nil {
		return nil, nil
	}
	for _, s := range w.segments {
		if err := e.segment(ctx, s, true); err != nil {
			return nil, err
		}
	}
	v := e.cur
	e.cur, e.open = nil, false
	return v, nil
}

// segment adds what a segment expands to. With whole, nothing is split.
func (e *expansion) segment(ctx context.Context, s segment, whole bool) error {
	switch s := s.(type) {
	case *literal:
		e.open = true
		swapped, err := swap(s.text, e.scope.swaps, e.charge)
		e.cur = append(e.cur, swapped...)
		return err
	case *variable:
		return e.value(e.scope.get(s.name), whole || s.quoted)
	case *positional:
		return e.positional(s, whole)
	case *lastStatus:
		return e.add(plainPart(fmt.Sprint(e.scope.status)))
	case *capture:
		return e.capture(ctx, s, whole || s.quoted)
	case *arithmetic:
		n, err := e.arith(ctx, s.expr)
		if reason, ok := err.(arithError); ok {
			return &ExpandError{Pos: s.pos, Reason: string(reason)}
		}
		if err != nil {
			return err
		}
		return e.add(plainPart(fmt.Sprint(n)))
	}
	return fmt.Errorf("expand: no rule for %T", s)
}

// add appends a part to the field being put together.
func (e *expansion) add(p part) error {
	e.open = true
	e.cur = append(e.cur, p)
	return e.charge(p.bytes())
}

// cut ends the field being put together, if there is one.
func (e *expansion) cut() error {
	if !e.open {
		return nil
	}
	e.fields = append(e.fields, field{value: e.cur})
	e.cur, e.open = nil, false
	if most := e.scope.budget.limits.Words; int64(len(e.fields)) > most {
		return &LimitError{Limit: "one command", Max: most, Unit: "words"}
	}
	return nil
}

// value adds a value, split at blanks unless it is quoted. A key is not split.
func (e *expansion) value(v value, quoted bool) error {
	e.open = e.open || quoted
	for _, p := range v {
		add := e.add
		if !quoted && !p.key {
			add = e.split
		}
		if err := add(p); err != nil {
			return err
		}
	}
	return nil
}

// blanks separate words where nothing else is said.
const blanks = " \t\n"

func (e *expansion) split(p part) error {
	for text := p.text; text != ""; {
		i := strings.IndexAny(text, blanks)
		if i < 0 {
			return e.add(plainPart(text))
		}
		if i > 0 {
			if err := e.add(plainPart(text[:i])); err != nil {
				return err
			}
		}
		if err := e.cut(); err != nil {
			return err
		}
		text = strings.TrimLeft(text[i:], blanks)
	}
	return nil
}

// capture runs $(…) and adds what it wrote.
func (e *expansion) capture(ctx context.Context, s *capture, quoted bool) error {
	store := &store{budget: e.scope.budget}
	defer store.release()
	if err := e.runCapture(ctx, s, store); err != nil {
		return err
	}
	e.open = e.open || quoted
	if store.plain() {
		text, err := store.text()
		if err != nil {
			return err
		}
		return e.text(strings.TrimRight(text, "\n"), quoted)
	}
	records := store.reader()
	defer records.Close()
	if quoted {
		return e.joined(records, s.pos)
	}
	return e.separate(records)
}

// text adds text that stands for itself.
func (e *expansion) text(text string, quoted bool) error {
	switch {
	case text == "":
		return nil
	case quoted:
		return e.add(plainPart(text))
	}
	return e.split(plainPart(text))
}

func (e *expansion) runCapture(ctx context.Context, s *capture, store *store) error {
	child, err := e.scope.deeper()
	if err != nil {
		return err
	}
	defer child.close()
	out := store.writer()
	err = child.contained(ctx, s.body, streams{in: e.io.in, out: out, err: e.io.err})
	e.captured, e.status = true, child.status
	if flushErr := out.Flush(); err == nil {
		err = flushErr
	}
	return err
}

// separate adds records of an unquoted capture: each key as one field, other
// lines split.
func (e *expansion) separate(r *Reader) error {
	for first := true; ; first = false {
		record, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if !first {
			if err := e.cut(); err != nil {
				return err
			}
		}
		add := e.split
		if record.IsKey() {
			add = e.add
		}
		if err := add(recordPart(record)); err != nil {
			return err
		}
	}
}

// joined adds the records of a quoted capture, joined by line breaks, without
// those at the end.
func (e *expansion) joined(r *Reader, at Pos) error {
	j := joiner{expansion: e, at: at}
	for {
		record, err := r.Next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = j.line(record)
		}
		if err != nil {
			return err
		}
	}
	j.endRun()
	return nil
}

// joiner joins records by line breaks.
type joiner struct {
	*expansion
	at     Pos
	run    strings.Builder // text since the last key
	begun  bool            // there was a record
	breaks int             // line breaks that go out if anything follows
	broken *part           // the first key with a line break in it
	lines  int             // records gone out
}

func (j *joiner) line(r Record) error {
	if j.begun {
		j.breaks++
	}
	j.begun = true
	if !r.IsKey() && len(r.Text) == 0 {
		return nil
	}
	if err := j.keepWhole(r); err != nil {
		return err
	}
	for range j.breaks {
		j.run.WriteByte('\n')
	}
	grown := int64(j.breaks + len(r.Text))
	j.breaks = 0
	j.lines++
	if !r.IsKey() {
		j.run.Write(r.Text)
		return j.charge(grown)
	}
	j.endRun()
	return j.add(recordPart(r))
}

// keepWhole refuses to put a key that holds a line break beside other lines,
// where nobody could tell any more which is which.
func (j *joiner) keepWhole(r Record) error {
	if j.broken == nil && r.IsKey() && (bytes.IndexByte(r.Key, '\n') >= 0 || bytes.IndexByte(r.Text, '\n') >= 0) {
		p := recordPart(r)
		j.broken = &p
	}
	if j.broken == nil || j.lines == 0 && j.breaks == 0 {
		return nil
	}
	return &ExpandError{Pos: j.at, Reason: fmt.Sprintf(
		"the key %s holds a line break and cannot be joined with other lines; take keys one by one with xargs or while read",
		safe(j.broken.text))}
}

func (j *joiner) endRun() {
	if j.run.Len() > 0 {
		j.cur = append(j.cur, plainPart(j.run.String()))
		j.run.Reset()
	}
}
