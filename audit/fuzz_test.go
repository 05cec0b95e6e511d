package audit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRecord holds that a record of Redis, whoever wrote it, is read or left out,
// and that one that is read says the same once it is written again.
func FuzzRecord(f *testing.F) {
	f.Add(`{"schema":1,"seq":1,"first":1,"prev":"","id":"a","at":1700000000000,"event":"open","request":"r","by":"local","line":"!redis get x"}`)
	f.Add(`{"schema":99,"seq":1}`)
	f.Add(`{"schema":1,"seq":-1}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, body string) {
		r, ok := decode(body)
		if !ok {
			return
		}
		text, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		again, ok := decode(text)
		if second, err := again.encode(); !ok || err != nil || second != text {
			t.Errorf("%s\ncomes back as\n%s", text, second)
		}
		if cut := r.Entry.bounded(func(s string) string { return s }); len(cut.Line) > maxLine+40 || len(cut.Name) > maxLine+40 {
			t.Errorf("%d bytes of a line, %d of a name", len(cut.Line), len(cut.Name))
		}
	})
}

// FuzzSpool holds that what somebody without the key puts into the file of
// records that wait is no entry.
func FuzzSpool(f *testing.F) {
	s := newSpool(f.TempDir(), newSealer("0123456789abcdef0123456789abcdef"))
	f.Add("", "x {}")
	f.Add(s.seal.seal("{}")+" {} ", "\x00")
	f.Add(strings.Repeat("0", 64)+` {"id":"a"}`, "\n\n")
	f.Fuzz(func(t *testing.T, head, tail string) {
		file := filepath.Join(s.dir, "audit-x"+spoolSuffix)
		if err := os.WriteFile(file, []byte(head+"\n"+tail), 0o600); err != nil {
			t.Fatal(err)
		}
		entries, err := s.read(file)
		if err == nil && len(entries) > 0 {
			t.Errorf("%q are taken for %+v", head+"\n"+tail, entries)
		}
	})
}

// FuzzStreamID holds that the ids next to one are next to it.
func FuzzStreamID(f *testing.F) {
	f.Add("1700000000000-3")
	f.Add("0-0")
	f.Add("1-18446744073709551615")
	f.Add("x")
	f.Fuzz(func(t *testing.T, id string) {
		ms, n := splitID(id)
		if ms == 0 && n == 0 || ms == 1<<64-1 {
			return
		}
		if gotMS, gotN := splitID(after(before(id))); gotMS != ms || gotN != n {
			t.Errorf("behind what is before %q is %d-%d", id, gotMS, gotN)
		}
	})
}
