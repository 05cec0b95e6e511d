package text

import (
	"bytes"
	"context"
	"fmt"

	"github.com/helix-collective/helix/shell"
)

func uniqTool() *tool {
	return &tool{
		name: "uniq", synopsis: "[-c] [-d | -u] [-i]",
		summary: "fold equal neighbouring lines into one",
		flags: []flag{
			{"c", "count", "", "put the number of equal lines before each"},
			{"d", "repeated", "", "only lines that come more than once"},
			{"u", "unique", "", "only lines that come once"},
			{"i", "ignore-case", "", "take upper and lower case as equal"},
		},
		notes: "Keys that look alike and differ are not equal.",
		run:   runUniq,
	}
}

// folded is a line together with how often it has come in a row.
type folded struct {
	rec   shell.Record
	count int64
}

// keep makes a copy of rec the line to compare with.
func (f *folded) keep(rec shell.Record) {
	f.count = 1
	f.rec.Text = append(f.rec.Text[:0], rec.Text...)
	key := f.rec.Key
	f.rec.Key = nil
	if rec.IsKey() {
		f.rec.Key = append(key[:0], rec.Key...)
		if f.rec.Key == nil {
			f.rec.Key = []byte{}
		}
	}
}

func runUniq(ctx context.Context, j *job) (int, error) {
	equal := same
	if j.has("i") {
		equal = func(a, b shell.Record) bool {
			return foldedEqual(a.Text, b.Text) && a.IsKey() == b.IsKey() && foldedEqual(a.Key, b.Key)
		}
	}
	var last folded
	write := uniqWriter(j)
	err := eachLine(ctx, j.Stdin, func(rec shell.Record) error {
		if last.count > 0 && equal(last.rec, rec) {
			last.count++
			return nil
		}
		err := write(last)
		last.keep(rec)
		return err
	})
	if err != nil {
		return 0, err
	}
	return 0, write(last)
}

// uniqWriter answers how a line is written once its count is known.
func uniqWriter(j *job) func(folded) error {
	onlyRepeated, onlyUnique, count := j.has("d"), j.has("u"), j.has("c")
	var line []byte
	return func(f folded) error {
		switch {
		case f.count == 0, onlyRepeated && f.count == 1, onlyUnique && f.count > 1:
			return nil
		case !count:
			return whole(j.Stdout, f.rec)
		}
		line = fmt.Appendf(line[:0], "%7d ", f.count)
		line = append(line, f.rec.Text...)
		return derive(j.Stdout, f.rec, line)
	}
}

// foldedEqual compares as if ASCII's letters had no case.
func foldedEqual(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	if bytes.Equal(a, b) {
		return true
	}
	for i := range a {
		if upper(a[i]) != upper(b[i]) {
			return false
		}
	}
	return true
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
