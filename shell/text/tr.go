package text

import (
	"bytes"
	"context"

	"github.com/helix-collective/helix/shell"
)

func trTool() *tool {
	return &tool{
		name: "tr", synopsis: "[-c] [-s] SET1 SET2 | -d [-c] SET1 | -s [-c] SET1",
		summary: "replace, squeeze or delete bytes",
		flags: []flag{
			{"c", "complement", "", "SET1 is every byte that it leaves out"},
			{"C", "", "", "the same as -c"},
			{"d", "delete", "", "delete the bytes of SET1"},
			{"s", "squeeze-repeats", "", "make runs of a byte of the last set one"},
			{"t", "truncate-set1", "", "shorten SET1 to the length of SET2"},
		},
		notes:    `Sets know ranges (a-z), classes ([:digit:]), repeats ([x*5]) and escapes (\n \t \\ \101).`,
		operands: true,
		run:      runTr,
	}
}

// translation says what becomes of each byte.
type translation struct {
	to      [256]byte
	drop    [256]bool
	squeeze [256]bool
	last    int // the byte written last, -1 at the start
}

func runTr(ctx context.Context, j *job) (int, error) {
	t, err := newTranslation(j)
	if err != nil {
		return 0, err
	}
	lineEnds := t.to['\n'] == '\n' && !t.drop['\n'] && !t.squeeze['\n']
	var out []byte
	return 0, eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		out = t.apply(out[:0], rec.Text)
		if lineEnds {
			if !rec.Open {
				t.last = '\n'
			}
			return derive(j.Stdout, rec, out)
		}
		if !rec.Open {
			out = t.apply(out, []byte{'\n'})
		}
		_, err := j.Stdout.Write(out)
		return err
	})
}

func (t *translation) apply(out, in []byte) []byte {
	for _, c := range in {
		if t.drop[c] {
			continue
		}
		c = t.to[c]
		if t.squeeze[c] && t.last == int(c) {
			continue
		}
		t.last = int(c)
		out = append(out, c)
	}
	return out
}

func newTranslation(j *job) (*translation, error) {
	t := &translation{last: -1}
	for c := range t.to {
		t.to[c] = byte(c)
	}
	remove, squeeze := j.has("d"), j.has("s")
	if err := trOperands(len(j.operands), remove, squeeze); err != nil {
		return nil, err
	}
	first, err := parseSet(j.operands[0], j.has("c") || j.has("C"))
	if err != nil {
		return nil, err
	}
	if first.repeats {
		return nil, misuse("[x*N] may stand in SET2 only")
	}
	if len(j.operands) == 1 {
		t.mark(remove, first.bytes)
		return t, nil
	}
	second, err := parseSet(j.operands[1], false)
	if err != nil {
		return nil, err
	}
	if remove {
		t.mark(true, first.bytes)
	} else if err := t.replace(first, &second, j.has("t")); err != nil {
		return nil, err
	}
	if squeeze {
		t.mark(false, second.expanded(0))
	}
	return t, nil
}

// trOperands holds the number of sets against what the options need.
func trOperands(n int, remove, squeeze bool) error {
	least, most := 2, 2
	if remove != squeeze {
		least = 1
		if remove {
			most = 1
		}
	}
	switch {
	case n < least && least == 1:
		return misuse("needs a set of bytes")
	case n < least:
		return misuse("needs two sets of bytes, or -d or -s with one")
	case n > most && most == 1:
		return misuse("-d takes one set of bytes; with -s it takes two")
	case n > most:
		return misuse("takes two sets of bytes at most, and reads standard input only, never a file")
	}
	return nil
}

// mark puts bytes among those to drop, or to squeeze.
func (t *translation) mark(drop bool, set []byte) {
	for _, c := range set {
		if drop {
			t.drop[c] = true
		} else {
			t.squeeze[c] = true
		}
	}
}

// replace maps the first set onto the second, whose last byte stands for all
// that it is too short for.
func (t *translation) replace(first byteSet, second *byteSet, truncate bool) error {
	to := second.expanded(len(first.bytes))
	if err := second.matches(first); err != nil {
		return err
	}
	if len(to) == 0 {
		if truncate || len(first.bytes) == 0 {
			return nil
		}
		return misuse("SET2 is empty, so there is nothing to replace with")
	}
	for i, c := range first.bytes {
		if i >= len(to) && truncate {
			break
		}
		t.to[c] = to[min(i, len(to)-1)]
	}
	return nil
}

// escapes are the letters that tr, echo, printf and sed know behind a backslash.
var escapes = map[byte]byte{
	'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', '\\': '\\',
}

// inClass answers whether a byte belongs to a class of the C locale.
func inClass(name string, c byte) (in, known bool) {
	lower, upper := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z'
	digit := '0' <= c && c <= '9'
	graph := c > ' ' && c < 0x7f
	switch name {
	case "alpha":
		return lower || upper, true
	case "alnum":
		return lower || upper || digit, true
	case "blank":
		return c == ' ' || c == '\t', true
	case "cntrl":
		return c < ' ' || c == 0x7f, true
	case "digit":
		return digit, true
	case "graph":
		return graph, true
	case "lower":
		return lower, true
	case "print":
		return graph || c == ' ', true
	case "punct":
		return graph && !lower && !upper && !digit, true
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r', true
	case "upper":
		return upper, true
	case "xdigit":
		return digit || bytes.IndexByte([]byte("abcdefABCDEF"), c) >= 0, true
	}
	return false, false
}
