package guard

import (
	"bytes"
	"testing"
)

func TestParseReply(t *testing.T) {
	for _, c := range []struct{ raw, shown string }{
		{"+OK\r\n", "OK\n"},
		{"-ERR no\r\n", "(error) ERR no\n"},
		{":42\r\n", "(integer) 42\n"},
		{"$3\r\na\r\n\r\n", "\"a\\r\\n\"\n"},
		{"$-1\r\n", "(nil)\n"},
		{"*-1\r\n", "(nil)\n"},
		{"_\r\n", "(nil)\n"},
		{"*0\r\n", "(empty array)\n"},
		{",1.5\r\n", "(double) 1.5\n"},
		{"#t\r\n", "(true)\n"},
		{"(123\r\n", "123\n"},
		{"=5\r\ntxt:x\r\n", "x\n"},
		{"!5\r\nERR x\r\n", "(error) ERR x\n"},
		{"~1\r\n+a\r\n", "1~ a\n"},
		{"%1\r\n+a\r\n:1\r\n", "1# a => (integer) 1\n"},
		{"|1\r\n+hint\r\n:1\r\n:2\r\n", "(integer) 2\n"},
	} {
		r, err := parseReply([]byte(c.raw))
		if err != nil {
			t.Errorf("%q: %v", c.raw, err)
			continue
		}
		if got := string(appendTTY(nil, r, "")); got != c.shown {
			t.Errorf("%q shows as %q, want %q", c.raw, got, c.shown)
		}
	}
	for _, raw := range []string{"", "x", "$5\r\nab\r\n", "*2\r\n:1\r\n", "*999999999\r\n", "$-2\r\n", "+OK\r\n+OK\r\n", ":1", "%1\r\n+a\r\n"} {
		if r, err := parseReply([]byte(raw)); err == nil {
			t.Errorf("%q is taken for %+v", raw, r)
		}
	}
}

// FuzzParseReply holds that no server can crash the parser, nor what prints.
func FuzzParseReply(f *testing.F) {
	for _, raw := range []string{"+OK\r\n", "*2\r\n$1\r\na\r\n:1\r\n", "%1\r\n+a\r\n*1\r\n_\r\n", "=5\r\ntxt:x\r\n", "|1\r\n+a\r\n:1\r\n:2\r\n", "*3\r\n*0\r\n*1\r\n~0\r\n,nan\r\n"} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseReply(bytes.Clone(raw))
		if err != nil {
			return
		}
		for s := rawStyle; s <= quotedJSONStyle; s++ {
			shape := rawFormat()
			shape.style = s
			shape.append(nil, r)
		}
		parseSpecs(r)
		if _, err := parseTable(r, nil); err == nil && len(r.elems) == 0 {
			t.Fatal("an empty table is taken for one")
		}
	})
}
