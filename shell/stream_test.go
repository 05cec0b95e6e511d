package shell_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/helix-collective/helix/shell"
	"pgregory.net/rapid"
)

// readAll answers the records of a stream, each in a form that shows all of it.
func readAll(r *shell.Reader) ([]string, error) {
	var all []string
	for {
		record, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, show(record))
	}
}

func show(r shell.Record) string {
	switch {
	case r.IsKey():
		return fmt.Sprintf("key %q %q", r.Text, r.Key)
	case r.Open:
		return fmt.Sprintf("open %q", r.Text)
	}
	return fmt.Sprintf("line %q", r.Text)
}

func TestReaderAnswersLines(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for source, want := range map[string][]string{
		"":                   nil,
		"\n":                 {`line ""`},
		"a":                  {`open "a"`},
		"a\nb":               {`line "a"`, `open "b"`},
		"a\n\nb\n":           {`line "a"`, `line ""`, `line "b"`},
		long + "\n" + long:   {`line "` + long + `"`, `open "` + long + `"`},
		"a\n" + long + "\nb": {`line "a"`, `line "` + long + `"`, `open "b"`},
	} {
		got, err := readAll(shell.NewReader(strings.NewReader(source)))
		if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%.20q: got %.200q, %v", source, got, err)
		}
	}
}

// What goes into a pipe comes out of it: the same records in the same order,
// however the writer cuts its calls.
func TestPipeKeepsRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := drawRecords(t)
		var want []string
		for _, record := range records {
			want = append(want, show(record))
		}
		r, w, closeWriter := shell.Pipe(context.Background())
		done := make(chan error, 1)
		go func() { done <- writeAll(w, records, closeWriter) }()
		got, err := readAll(r)
		r.Close()
		if writeErr := <-done; err != nil || writeErr != nil {
			t.Fatal(err, writeErr)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("got %d records, want %d:\n%.300q\n%.300q", len(got), len(want), got, want)
		}
	})
}

// drawRecords draws ordinary lines and keys; the last may be open.
func drawRecords(t *rapid.T) []shell.Record {
	some := rapid.SliceOfN(rapid.Byte(), 0, 20_000)
	var records []shell.Record
	for range rapid.IntRange(0, 30).Draw(t, "records") {
		text := some.Draw(t, "text")
		switch rapid.SampledFrom([]string{"line", "key", "masked"}).Draw(t, "kind") {
		case "line":
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("."))
			records = append(records, shell.Record{Text: text})
		case "key":
			records = append(records, shell.Record{Text: text, Key: append([]byte{}, text...)})
		case "masked":
			records = append(records, shell.Record{Text: text, Key: append([]byte{}, some.Draw(t, "key")...)})
		}
	}
	if n := len(records); n > 0 && !records[n-1].IsKey() && len(records[n-1].Text) > 0 {
		records[n-1].Open = rapid.Bool().Draw(t, "open")
	}
	return records
}

func writeAll(w *shell.Writer, records []shell.Record, end func() error) error {
	for _, r := range records {
		if err := w.WriteRecord(r); err != nil {
			return err
		}
	}
	return end()
}

func TestTextRunsIntoNoKey(t *testing.T) {
	r, w, end := shell.Pipe(t.Context())
	w.WriteString("no end")
	w.WriteKey([]byte("k"), []byte("k"))
	w.WriteString("rest")
	end()
	got, err := readAll(r)
	want := `line "no end"|key "k" "k"|open "rest"`
	if strings.Join(got, "|") != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestReadAnswersBytesAndForgetsKeys(t *testing.T) {
	r, w, end := shell.Pipe(t.Context())
	w.WriteString("a\n")
	w.WriteKey([]byte("shown"), []byte("whole"))
	w.WriteKey([]byte("next"), []byte("second"))
	end()
	part := make([]byte, 5)
	if _, err := io.ReadFull(r, part); err != nil || string(part) != "a\nsho" {
		t.Fatalf("got %q, %v", part, err)
	}
	got, err := readAll(r)
	if want := `line "wn"|key "next" "second"`; strings.Join(got, "|") != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestWriterAfterItsReaderIsGone(t *testing.T) {
	r, w, end := shell.Pipe(t.Context())
	if err := w.WriteRecord(shell.Record{Text: []byte("a")}); err != nil {
		t.Fatal(err)
	}
	r.Close()
	r.Close()
	if _, err := w.WriteString("b"); !errors.Is(err, shell.ErrPipeClosed) {
		t.Errorf("Write answered %v", err)
	}
	if err := w.WriteKey(nil, nil); !errors.Is(err, shell.ErrPipeClosed) {
		t.Errorf("WriteKey answered %v", err)
	}
	if err := end(); !errors.Is(err, shell.ErrPipeClosed) {
		t.Errorf("close answered %v", err)
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("a closed Reader answered %v", err)
	}
}

func TestAnIdleWriterLearnsThatItsReaderIsGone(t *testing.T) {
	r, w, end := shell.Pipe(t.Context())
	r.Close()
	<-w.Gone()
	if err := w.Flush(); !errors.Is(err, shell.ErrPipeClosed) {
		t.Errorf("Flush answered %v", err)
	}
	if err := end(); !errors.Is(err, shell.ErrPipeClosed) {
		t.Errorf("close answered %v", err)
	}
	if shell.Discard().Gone() != nil {
		t.Error("it is known who reads what is discarded")
	}
}

func TestWriterAfterItsEnd(t *testing.T) {
	r, w, end := shell.Pipe(t.Context())
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("late"); err == nil {
		t.Error("a Writer took bytes after its end")
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("the Reader answered %v", err)
	}
}

func TestPipeHoldsItsWriterBack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, w, end := shell.Pipe(ctx)
	written := make(chan int)
	go func() {
		defer end()
		for n := 0; ; n++ {
			if _, err := w.Write(make([]byte, 1024)); err != nil {
				written <- n
				return
			}
		}
	}()
	cancel()
	if n := <-written; n > 256 {
		t.Errorf("%d KiB went into a pipe that nobody reads", n)
	}
}

func TestEndOfContextEndsBothEnds(t *testing.T) {
	reason := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	r, w, end := shell.Pipe(ctx)
	cancel(reason)
	if _, err := r.Next(); err != reason {
		t.Errorf("the Reader answered %v", err)
	}
	var err error
	for err == nil {
		_, err = w.Write(make([]byte, 1024))
	}
	if err != reason {
		t.Errorf("the Writer answered %v", err)
	}
	end()
}

func TestKeysOfMoreThanAMebibyteAreRefused(t *testing.T) {
	long := make([]byte, 1<<20+1)
	var limit *shell.LimitError
	if err := shell.Discard().WriteKey(long, long); !errors.As(err, &limit) {
		t.Errorf("WriteKey answered %v", err)
	}
}

// failing is a writer that fails.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFault }

func TestWriterPassesOnAFailure(t *testing.T) {
	w := shell.NewWriter(failing{})
	w.WriteString("a")
	if err := w.Flush(); err != errFault {
		t.Errorf("Flush answered %v", err)
	}
	if _, err := w.WriteString("b"); err != errFault {
		t.Errorf("Write answered %v", err)
	}
}
