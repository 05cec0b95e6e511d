package embedded

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

// TestWhateverIsSent holds what a client may send against a real server. The
// reply is followed by PONG, or by the end of the connection.
func TestWhateverIsSent(t *testing.T) {
	s, theirs := start(t, Options{Empty: true}), redistest.Standalone(t)
	for _, sent := range []string{
		"PING\r\n", "PING\n", "  echo   hello  \r\n", "\r\n", "*0\r\n", "*-1\r\n",
		"*1\r\n$4\r\nPING\r\n", "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", "*2\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\n",
		"*x\r\n", "*9999999999\r\n", "*1\r\n$-1\r\n", "*1\r\n$99999999999\r\n", "*1\r\nPING\r\n", "*1\r\n:4\r\n",
		"*1\r\n$x\r\n",
	} {
		t.Run(fmt.Sprintf("%q", sent), func(t *testing.T) {
			got, want := answerTo(t, s.Addr(), sent), answerTo(t, theirs.Addr, sent)
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func answerTo(t *testing.T, addr, sent string) string {
	t.Helper()
	c := dialRaw(t, addr)
	_, err := io.WriteString(c, sent+"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nQUIT\r\n")
	must(t, err)
	all, _ := io.ReadAll(c) // a connection that is cut may end with an error
	return string(all)
}

func TestALineTooLongIsRefused(t *testing.T) {
	s := start(t, Options{Empty: true})
	if got := answerTo(t, s.Addr(), strings.Repeat("x", 70_000)); got != "-ERR Protocol error: too big inline request\r\n" {
		t.Errorf("got %q", got)
	}
}

// Whatever is sent, what is handed on are whole commands of at least one word.
func FuzzInput(f *testing.F) {
	f.Add("*1\r\n$4\r\nPING\r\nGET a\r\n")
	f.Add("*2\r\n$-1\r\n")
	f.Add("*0\r\n*0\n")
	f.Fuzz(func(t *testing.T, sent string) {
		all, _ := io.ReadAll(newInput(strings.NewReader(sent), nil)) // a refusal is an error
		for rest := bufio.NewReader(bytes.NewReader(all)); ; {
			v, err := readValue(rest)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil || v.kind != '*' || len(v.elems) == 0 {
				t.Fatalf("%q became %q", sent, all)
			}
		}
	})
}
