package keyspace

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/redis/go-redis/v9"
)

// read reads one reply to SCAN that comes in pieces of as many bytes.
func read(raw []byte, piece int) (cursor string, keys [][]byte, err error) {
	w := &wire{in: bufio.NewReaderSize(io.MultiReader(pieces(raw, piece)...), 64)}
	p := &page{}
	p.reset()
	cursor, n, err := w.head()
	if err == nil {
		err = w.rest(n, p)
	}
	return cursor, p.keys, err
}

func pieces(raw []byte, size int) []io.Reader {
	var list []io.Reader
	for from := 0; from < len(raw); from += size {
		list = append(list, bytes.NewReader(raw[from:min(from+size, len(raw))]))
	}
	return list
}

func TestReadScan(t *testing.T) {
	for _, tt := range []struct{ name, raw, want string }{
		{"keys", "*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$3\r\nb\r\n\r\n", `"7" ["a" "b\r\n"]`},
		{"no keys", "*2\r\n$1\r\n0\r\n*0\r\n", `"0" []`},
		{"an empty key", "*2\r\n$1\r\n0\r\n*1\r\n$0\r\n\r\n", `"0" [""]`},
		{"nothing", "", "cut off"},
		{"cut off", "*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n", "cut off"},
		{"the next one behind it", "*2\r\n$1\r\n0\r\n*0\r\n*2\r\n$1\r\n7", `"0" []`},
		{"no line's end", "*2\r\n$1\r\n7xx*0\r\n", "malformed"},
		{"a line without end", "*2" + string(make([]byte, 100)), "malformed"},
		{"another reply", "+OK\r\n", "malformed"},
		{"no cursor", "*2\r\n$0\r\n\r\n*0\r\n", "malformed"},
		{"a null", "*2\r\n$1\r\n0\r\n*-1\r\n", "malformed"},
		{"a huge length", "*2\r\n$1\r\n0\r\n*99999999999999999999\r\n", "malformed"},
		{"a key beyond the end", "*2\r\n$1\r\n0\r\n*1\r\n$5\r\nab\r\n", "cut off"},
		{"a key beyond measure", "*2\r\n$1\r\n0\r\n*1\r\n$999999999\r\nab\r\n", "too long"},
		{"an error", "-NOPERM no scanning\r\n", "NOPERM no scanning"},
	} {
		for piece := range 3 {
			cursor, keys, err := read([]byte(tt.raw), 1+100*piece)
			got := fmt.Sprintf("%q %q", cursor, keys)
			var answer redis.Error
			switch {
			case errors.Is(err, errReply):
				got = "malformed"
			case errors.Is(err, errLongKey):
				got = "too long"
			case errors.As(err, &answer):
				got = answer.Error()
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
				got = "cut off"
			case err != nil:
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
			}
		}
	}
}

func TestReadAnswers(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{":1\r\n", `: 1 ""`},
		{":-2\r\n", `: -2 ""`},
		{"+OK\r\n", `+ 0 ""`},
		{"$3\r\na\r\n\r\n", `$ 3 "a\r\n"`},
		{"$0\r\n\r\n", `$ 0 ""`},
		{"$-1\r\n", `$ 0 "" null`},
		{"_\r\n", `_ 0 "" null`},
		{"$9\r\n123456789\r\n", `$ 9 "" over`},
		{"-MOVED 7 host:1\r\n", `- 0 "MOVED 7 host:1"`},
		{"*1\r\n:1\r\n", "malformed"},
		{":x\r\n", "malformed"},
		{"$-2\r\n", "malformed"},
		{"$99999999999999\r\n", "malformed"},
		{"$3\r\nabcde", "malformed"},
	} {
		near, far := net.Pipe()
		go func() {
			_, _ = far.Write([]byte(tt.raw + "+next\r\n")) // whoever reads says what came
		}()
		w := newWire(near, 0, 0)
		a, err := w.answer(8)
		got := fmt.Sprintf("%c %d %q", a.kind, a.n, a.text)
		switch {
		case errors.Is(err, errReply):
			got = "malformed"
		case err != nil:
			t.Fatal(err)
		case a.null:
			got += " null"
		case a.over:
			got += " over"
		}
		if got != tt.want {
			t.Errorf("%q is read as %s, want %s", tt.raw, got, tt.want)
		}
		if got != "malformed" {
			if next, err := w.answer(8); next.kind != '+' || err != nil {
				t.Errorf("behind %q comes %+v, %v", tt.raw, next, err)
			}
		}
		near.Close()
	}
}

// Whatever is answered, reading ends without a panic, and answers no more than
// was sent.
func FuzzReadScan(f *testing.F) {
	f.Add([]byte("*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"))
	f.Add([]byte("*2\r\n$1\r\n0\r\n*1\r\n$-1\r\n"))
	f.Add([]byte("-ERR\r\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		cursor, keys, err := read(raw, 7)
		if err != nil {
			return
		}
		again := fmt.Appendf(nil, "*2\r\n$%d\r\n%s\r\n*%d\r\n", len(cursor), cursor, len(keys))
		for _, key := range keys {
			again = fmt.Appendf(again, "$%d\r\n%s\r\n", len(key), key)
		}
		if len(again) > len(raw) {
			t.Errorf("%q was read as %q", raw, again)
		}
	})
}

// A page keeps the keys that it holds while its memory grows, and uses that
// again.
func TestAPageKeepsItsKeys(t *testing.T) {
	p := &page{}
	for round := range 3 {
		p.reset()
		for i := range 2000 {
			copy(p.room(10), fmt.Sprintf("%d:%08d", round, i))
		}
		for i, key := range p.keys {
			if want := fmt.Sprintf("%d:%08d", round, i); string(key) != want {
				t.Fatalf("%q, want %q", key, want)
			}
		}
		if len(p.keys) != 2000 || p.size != 20000 {
			t.Errorf("%d keys, %d bytes", len(p.keys), p.size)
		}
	}
	p.room(3 * maxReply)
	if p.reset(); cap(p.memory) > 2*maxReply {
		t.Errorf("it keeps %d bytes", cap(p.memory))
	}
}
