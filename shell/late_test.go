package shell

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// promised is text that is late.
type promised struct {
	text  string
	ready bool
	err   error
	waits int
}

func (p *promised) known() bool { return p.ready }

func (p *promised) wait() ([]byte, error) {
	p.waits++
	return []byte(p.text), p.err
}

func writeLate(t *testing.T, w *Writer, p *promised) {
	t.Helper()
	if err := w.WriteLate(p.known, p.wait); err != nil {
		t.Fatal(err)
	}
}

func TestLateBytesTakeTheirPlace(t *testing.T) {
	r, w, closeWriter := Pipe(context.Background())
	first, second := &promised{text: "2\n"}, &promised{text: "5\n"}
	w.WriteString("1\n")
	writeLate(t, w, first)
	w.WriteString("3\n")
	w.WriteKey([]byte("4…"), []byte("4\n4"))
	writeLate(t, w, second)
	w.WriteString("6\n")
	if first.waits+second.waits > 0 {
		t.Error("it waited before anything was handed on")
	}
	if err := closeWriter(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		rec, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if rec.IsKey() {
			got = append(got, "key "+string(rec.Key))
			continue
		}
		got = append(got, string(rec.Text))
	}
	if want := "1|2|3|key 4\n4|5|6"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is known is handed on without waiting for what is not.
func TestKnownBytesDoNotWait(t *testing.T) {
	var out strings.Builder
	w := NewWriter(&out)
	first, second := &promised{text: "1\n", ready: true}, &promised{text: "2\n"}
	writeLate(t, w, first)
	writeLate(t, w, second)
	if err := w.flushIfAwaited(); err != nil || first.waits != 1 || second.waits != 0 {
		t.Fatalf("%v, waited %d and %d times", err, first.waits, second.waits)
	}
	if err := w.Flush(); err != nil || out.String() != "1\n2\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}

func TestMuchBehindLateBytesWaitsForThem(t *testing.T) {
	var out strings.Builder
	w := NewWriter(&out)
	p := &promised{text: "first\n"}
	writeLate(t, w, p)
	line := strings.Repeat("x", 1023) + "\n"
	for range 2 * chunkBytes >> 10 {
		w.WriteString(line)
	}
	if p.waits != 1 || !strings.HasPrefix(out.String(), "first\nxxx") {
		t.Errorf("waited %d times, %.20q", p.waits, out.String())
	}
}

func TestAFailureOfLateBytesStaysWithTheWriter(t *testing.T) {
	broken := errors.New("broken")
	var out strings.Builder
	w := NewWriter(&out)
	w.WriteString("before\n")
	writeLate(t, w, &promised{err: broken})
	w.WriteString("behind\n")
	if err := w.Flush(); err != broken {
		t.Errorf("flushing answers %v", err)
	}
	if _, err := w.WriteString("more\n"); err != broken || out.String() != "before\n" {
		t.Errorf("then %v, and %q was handed on", err, out.String())
	}
}

func TestLateBytesThatLeadNowhereAreNotWaitedFor(t *testing.T) {
	p := &promised{}
	w := Discard()
	writeLate(t, w, p)
	if err := w.Flush(); err != nil || p.waits > 0 {
		t.Errorf("%v, waited %d times", err, p.waits)
	}
}
