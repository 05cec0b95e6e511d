package text

import (
	"bytes"
	"context"
	"unicode/utf8"

	"github.com/helix-collective/helix/shell"
)

func cutTool() *tool {
	return &tool{
		name: "cut", synopsis: "-f LIST [-d C] [-s] | -c LIST | -b LIST",
		summary: "keep some fields, characters or bytes of every line",
		flags: []flag{
			{"f", "fields", "LIST", "keep these fields, as in 1,3-5,7-"},
			{"c", "characters", "LIST", "keep these characters of UTF-8"},
			{"b", "bytes", "LIST", "keep these bytes"},
			{"d", "delimiter", "C", "what separates fields (a tab)"},
			{"s", "only-delimited", "", "drop lines without the delimiter"},
			{"", "complement", "", "keep what the list leaves out"},
			{"", "output-delimiter", "TEXT", "what to put between the parts kept"},
		},
		run: runCut,
	}
}

// cutter holds what a call of cut asks for.
type cutter struct {
	spans     []span
	delimiter byte
	between   []byte
	onlyCut   bool
}

func runCut(ctx context.Context, j *job) (int, error) {
	c, key, err := newCutter(j)
	if err != nil {
		return 0, err
	}
	cut := map[string]func([]byte, []byte) ([]byte, bool){"f": c.fields, "c": c.chars, "b": c.bytes}[key]
	var line []byte
	return 0, eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		var keep bool
		if line, keep = cut(line[:0], rec.Text); !keep {
			return nil
		}
		if len(line) > max(maxMade, len(rec.Text)) {
			return &shell.LimitError{Limit: "a line of cut", Max: maxMade, Unit: "bytes"}
		}
		rec.Open = false
		return derive(j.Stdout, rec, line)
	})
}

func newCutter(j *job) (c *cutter, key string, err error) {
	c = &cutter{delimiter: '\t', onlyCut: j.has("s")}
	for _, k := range []string{"f", "c", "b"} {
		if !j.has(k) {
			continue
		}
		if key != "" || len(j.values(k)) > 1 {
			return nil, "", misuse("only one list can be given")
		}
		key = k
	}
	if key == "" {
		return nil, "", misuse("needs a list: -f, -c or -b")
	}
	if err := c.delimiters(j, key); err != nil {
		return nil, "", err
	}
	list, _ := j.value(key)
	thing := map[string]string{"f": "fields", "c": "characters", "b": "bytes"}[key]
	if c.spans, err = parseRanges(list, thing); err != nil {
		return nil, "", err
	}
	if j.has("complement") {
		c.spans = complement(c.spans)
	}
	return c, key, nil
}

func (c *cutter) delimiters(j *job, key string) error {
	if d, ok := j.value("d"); ok {
		if key != "f" {
			return misuse("-d goes with -f only")
		}
		if len(d) > 1 {
			return misuse("the delimiter must be a single byte, not %q", d)
		}
		c.delimiter = append([]byte(d), 0)[0]
	}
	if c.onlyCut && key != "f" {
		return misuse("-s goes with -f only")
	}
	if key == "f" {
		c.between = []byte{c.delimiter}
	}
	if between, ok := j.value("output-delimiter"); ok {
		c.between = []byte(between)
	}
	return nil
}

// fields appends the fields asked for; keep is false for a line to be dropped.
func (c *cutter) fields(out, line []byte) (_ []byte, keep bool) {
	if bytes.IndexByte(line, c.delimiter) < 0 {
		return append(out, line...), !c.onlyCut
	}
	spans, n, any := c.spans, 1, false
	for rest, more := line, true; more && len(spans) > 0 && len(out) <= maxMade+len(line); n++ {
		field := rest
		if i := bytes.IndexByte(rest, c.delimiter); i >= 0 {
			field, rest = rest[:i], rest[i+1:]
		} else {
			more = false
		}
		if n >= spans[0].from {
			if any {
				out = append(out, c.between...)
			}
			out, any = append(out, field...), true
		}
		if n >= spans[0].to {
			spans = spans[1:]
		}
	}
	return out, true
}

func (c *cutter) bytes(out, line []byte) ([]byte, bool) {
	for i, s := range c.spans {
		if s.from > len(line) {
			break
		}
		if i > 0 {
			out = append(out, c.between...)
		}
		out = append(out, line[s.from-1:min(s.to, len(line))]...)
	}
	return out, true
}

func (c *cutter) chars(out, line []byte) ([]byte, bool) {
	at, n := 0, 1 // the place of character n
	for i, s := range c.spans {
		for ; n < s.from && at < len(line); n++ {
			at += runeSize(line[at:])
		}
		if at >= len(line) {
			break
		}
		if i > 0 {
			out = append(out, c.between...)
		}
		start := at
		for ; n <= s.to && at < len(line); n++ {
			at += runeSize(line[at:])
		}
		out = append(out, line[start:at]...)
	}
	return out, true
}

func runeSize(b []byte) int {
	if b[0] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRune(b)
	return n
}

// reverse appends the characters of line from the last to the first.
func reverse(out, line []byte) []byte {
	for len(line) > 0 {
		_, n := utf8.DecodeLastRune(line)
		out = append(out, line[len(line)-n:]...)
		line = line[:len(line)-n]
	}
	return out
}
