package shell

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// item is one argument that xargs read.
type item struct {
	part
	endsLine bool // the last of its line, as -L counts lines
}

// quoteError is a quote that is open at the end of its line.
type quoteError byte

func (q quoteError) Error() string {
	kind := "double"
	if q == '\'' {
		kind = "single"
	}
	return fmt.Sprintf("unmatched %s quote; quotes and backslashes are special to xargs unless -0 or -d '\\n' is given", kind)
}

var errItemTooLong = &LimitError{Limit: "an item of xargs", Max: maxKeyBytes, Unit: "bytes"}

// itemReader reads the items of xargs. A key's line is one item as it is;
// other lines have blanks, quotes and backslashes as GNU's xargs reads them.
type itemReader struct {
	in      *Reader
	options xargsOptions

	key     part // a key's line that was read, where hasKey says so
	hasKey  bool
	rest    []byte // what is left of the line that was read last
	live    bool   // there may be an item in rest
	open    bool   // no line break follows rest
	pending []byte // with -0: an item whose end was not seen yet
}

// next answers the next item, or io.EOF.
func (r *itemReader) next() (item, error) {
	for {
		it, ok, err := r.take()
		if ok || err != nil {
			return it, err
		}
		record, err := r.in.Next()
		if err == io.EOF && len(r.pending) > 0 {
			return r.takePending(nil), nil
		}
		if err != nil {
			return item{}, err
		}
		if record.IsKey() {
			r.key, r.hasKey = recordPart(record), true
			continue
		}
		r.rest, r.open, r.live = record.Text, record.Open, true
		if err := r.join(); err != nil {
			return item{}, err
		}
	}
}

// ahead returns an itemReader of what r has at hand, under the terms of
// Reader.ahead.
func (r *itemReader) ahead() *itemReader {
	view := *r
	view.in, view.pending = r.in.ahead(), bytes.Clone(r.pending)
	return &view
}

// join adds the next line where a backslash quotes the break between, unless
// that line stands for a key.
func (r *itemReader) join() error {
	if r.options.nul || r.options.byLine {
		return nil
	}
	escaped := endsEscaped(r.rest)
	if escaped {
		r.rest = bytes.Clone(r.rest) // Next writes over it
	}
	for !r.open && escaped && !r.in.nextIsKey() {
		r.rest = append(r.rest, '\n')
		next, err := r.in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		escaped = endsEscaped(next.Text)
		r.rest, r.open = append(r.rest, next.Text...), next.Open
		if len(r.rest) > maxKeyBytes {
			return errItemTooLong
		}
	}
	return nil
}

// endsEscaped reports whether a backslash outside of quotes ends the line.
func endsEscaped(text []byte) bool {
	if len(text) == 0 || text[len(text)-1] != '\\' {
		return false
	}
	var quote byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '\\':
			i++
			if i == len(text) {
				return true
			}
		}
	}
	return false
}

// take answers an item of what was read, if there is one left.
func (r *itemReader) take() (it item, ok bool, err error) {
	switch {
	case r.hasKey && len(r.pending) > 0:
		return r.takePending(nil), true, nil
	case r.hasKey:
		it = item{r.key, true}
		r.hasKey = false
		return it, true, nil
	case !r.live:
		return item{}, false, nil
	case r.options.nul:
		return r.toNUL()
	case r.options.byLine:
		r.live = false
		if len(r.rest) > maxKeyBytes {
			return item{}, false, errItemTooLong
		}
		return item{plainPart(string(r.rest)), true}, true, nil
	case r.options.replace != "":
		return r.wholeLine()
	}
	return r.word()
}

func (r *itemReader) takePending(more []byte) item {
	it := item{plainPart(string(append(r.pending, more...))), true}
	r.pending = r.pending[:0]
	return it
}

// toNUL takes what ends at NUL; a line break is an ordinary character.
func (r *itemReader) toNUL() (item, bool, error) {
	if i := bytes.IndexByte(r.rest, 0); i >= 0 {
		before := r.rest[:i]
		r.rest = r.rest[i+1:]
		return r.takePending(before), true, nil
	}
	r.live = false
	r.pending = append(r.pending, r.rest...)
	if !r.open {
		r.pending = append(r.pending, '\n')
	}
	if len(r.pending) > maxKeyBytes {
		return item{}, false, errItemTooLong
	}
	return item{}, false, nil
}

// wholeLine takes a line as one item, for -I: without leading blanks, quotes
// taken out. A blank line is none.
func (r *itemReader) wholeLine() (item, bool, error) {
	r.live = false
	text := bytes.TrimLeft(r.rest, " \t")
	if len(text) == 0 {
		return item{}, false, nil
	}
	word, _, err := xargsWord(text, "")
	return item{plainPart(word), true}, err == nil, err
}

// word takes a word. A line that ends in a blank goes on with the next, as far
// as -L counts.
func (r *itemReader) word() (item, bool, error) {
	text := bytes.TrimLeft(r.rest, " \t")
	if len(text) == 0 {
		r.live = false
		return item{}, false, nil
	}
	word, rest, err := xargsWord(text, " \t")
	r.rest = rest
	return item{plainPart(word), len(rest) == 0}, err == nil, err
}

// xargsWord takes the first word of text, which ends at one of ends.
func xargsWord(text []byte, ends string) (word string, rest []byte, err error) {
	var b []byte
	var quote byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case len(b) > maxKeyBytes:
			return "", nil, errItemTooLong
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			b = append(b, c)
		case c == '\'' || c == '"':
			quote = c
		case c == '\\':
			if i++; i < len(text) { // one that ends the input quotes nothing
				b = append(b, text[i])
			}
		case strings.IndexByte(ends, c) >= 0:
			return string(b), text[i:], nil
		default:
			b = append(b, c)
		}
	}
	if quote != 0 {
		return "", nil, quoteError(quote)
	}
	return string(b), nil, nil
}

// itemGroup gathers the items of one call.
type itemGroup struct {
	options xargsOptions
	items   []part
	lines   int
	bytes   int
}

// fullBefore reports whether a call must be made before it is added.
func (g *itemGroup) fullBefore(it item) bool {
	return len(g.items) > 0 && g.bytes+itemBytes(it) > xargsBytes
}

func itemBytes(it item) int { return max(len(it.text), len(it.whole)) + 1 }

// add adds an item and reports whether the call is complete.
func (g *itemGroup) add(it item) (complete bool) {
	g.items = append(g.items, it.part)
	g.bytes += itemBytes(it)
	if it.endsLine {
		g.lines++
	}
	o := g.options
	return o.replace != "" || o.perCall > 0 && len(g.items) >= o.perCall || o.lines > 0 && g.lines >= o.lines
}

// take answers the items, which are good until the next is added, and begins
// anew.
func (g *itemGroup) take() []part {
	items := g.items
	*g = itemGroup{options: g.options, items: items[:0]}
	return items
}
