package guard

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestFramesEndWhereRepliesDo reads replies of every kind, one byte at a time.
func TestFramesEndWhereRepliesDo(t *testing.T) {
	long := strings.Repeat("x", maxFrame)
	replies := []string{
		"+OK\r\n", "-ERR no\r\n", ":7\r\n", "$0\r\n\r\n", "$4\r\na\r\nb\r\n", "$-1\r\n", "*-1\r\n", "_\r\n", "#t\r\n", "=5\r\ntxt:a\r\n", "!3\r\nERR\r\n",
		"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\n\r\n\r\n", "*0\r\n", "*2\r\n*1\r\n:1\r\n%1\r\n+a\r\n~2\r\n:1\r\n:2\r\n", ">2\r\n+a\r\n+b\r\n",
		"|1\r\n+a\r\n+b\r\n+what it is said of\r\n", "+" + long + "\r\n", "*2\r\n$65536\r\n" + long + "\r\n:1\r\n", "+over\r\n",
	}
	f := newFrames(iotest.OneByteReader(strings.NewReader(strings.Join(replies, ""))))
	for _, want := range replies {
		raw, err := f.next()
		if len(want) > maxFrame {
			want = "" // skipped
		}
		if err != nil || string(raw) != want {
			t.Fatalf("%.60q, %v, want %.60q", raw, err, want)
		}
	}
	if raw, err := f.next(); err != io.EOF {
		t.Errorf("after the last: %q, %v", raw, err)
	}
}

func TestFramesTakeNoNonsense(t *testing.T) {
	for _, in := range []string{"\r\n", "$x\r\n", "*-2\r\n", "$99999999999\r\n", "*2000000000\r\n"} {
		if _, err := newFrames(strings.NewReader(in)).next(); !errors.Is(err, errMalformed) {
			t.Errorf("%q: %v", in, err)
		}
	}
	if _, err := newFrames(strings.NewReader("*2\r\n:1\r\n")).next(); err != io.EOF {
		t.Errorf("a reply cut short: %v", err)
	}
}
