package text

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/helix-collective/helix/shell"
)

// errEnough ends a walk over the input without being a failure.
var errEnough = errors.New("enough read")

// checkEvery is how many bytes of input a command takes between two looks at
// its context.
const checkEvery = 64 << 10

// eachLine calls f for every record of the input until its end, an error of
// f, or the end of ctx. If f answers errEnough the input is closed, so that
// whatever feeds it can stop, and eachLine answers nil.
func eachLine(ctx context.Context, in *shell.Reader, f func(shell.Record) error) error {
	due := checkEvery
	for {
		rec, err := in.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if due -= len(rec.Text) + 64; due < 0 {
			due = checkEvery
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
		if err := f(rec); err != nil {
			if err == errEnough {
				in.Close()
				return nil
			}
			return err
		}
	}
}

// size is how many bytes a record takes in its stream.
func size(rec shell.Record) int {
	if rec.Open {
		return len(rec.Text)
	}
	return len(rec.Text) + 1
}

// whole passes a record on with its line break, also where it had none.
func whole(w *shell.Writer, rec shell.Record) error {
	rec.Open = false
	return w.WriteRecord(rec)
}

// derive writes the line that a command made out of rec.
func derive(w *shell.Writer, rec shell.Record, line []byte) error {
	return w.WriteRecord(derived(rec, line))
}

// derived is the record of a line made out of rec: rec itself if nothing
// changed, else an ordinary line. What is made out of a key with a line break
// stays one record, standing for itself.
func derived(rec shell.Record, line []byte) shell.Record {
	switch {
	case !rec.IsKey():
		return shell.Record{Text: line, Open: rec.Open}
	case bytes.Equal(line, rec.Text):
		return rec
	case bytes.IndexByte(line, '\n') >= 0:
		return shell.Record{Text: line, Key: line}
	default:
		return shell.Record{Text: line}
	}
}

// same answers whether two records are the same line standing for the same
// thing. Shortened keys can look alike and differ.
func same(a, b shell.Record) bool {
	return bytes.Equal(a.Text, b.Text) && a.IsKey() == b.IsKey() && bytes.Equal(a.Key, b.Key)
}

// ticker is for loops without input of their own: it answers the end of ctx,
// looking at it only once in a while.
type ticker int

func (t *ticker) tick(ctx context.Context) error {
	if *t++; *t&0xff == 0 && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
