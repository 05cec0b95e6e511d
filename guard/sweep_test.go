package guard_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
)

// over makes calls that put each of keys in the place of {}.
func over(keys []string, words ...string) (batch [][]string) {
	for _, k := range keys {
		call := slices.Clone(words)
		call[slices.Index(call, "{}")] = k
		batch = append(batch, call)
	}
	return batch
}

// sweepOver is a record of a sweep.
func sweepOver(keys []string, words ...string) []byte {
	record := binary.AppendUvarint(step(0, nil, words...), uint64(len(keys)))
	for _, k := range keys {
		record = append(binary.AppendUvarint(record, uint64(len(k))), k...)
	}
	return record
}

func numbered(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("k%d", i))
	}
	return keys
}

// Calls that go as one answer, plan, do and report what they do one by one.
func TestASweepIsItsCalls(t *testing.T) {
	eachAlone(t, func(t *testing.T, b *bench) {
		plain, keys := b.Guard, append(numbered(300), "absent")
		for _, words := range [][]string{
			{"expire", "{}", "1000"}, {"pexpire", "{}", "90000", "nx"}, {"-n", "0", "persist", "{}"}, {"--json", "expireat", "{}", "1"},
			{"del", "{}"}, {"unlink", "{}"}, {"EXPIRE", "{}", "-1"}, {"expire", "{}", "soon"}, {"expire", "{}"},
		} {
			fill := func() {
				for i, k := range keys[:300] {
					b.must(t, "SET", k, i)
				}
			}
			fill()
			m := b.making(t)
			var together, foreseen sink
			var singly, printed strings.Builder
			for _, call := range over(keys, words...) {
				r := b.do(t, everyone, call...)
				singly.WriteString(r.stdout)
			}
			one := m.Report()
			b.Guard = plain
			fill()
			b.Guard = plain
			planning, steps := b.planning(t)
			if _, err := b.DoBatch(t.Context(), everyone, over(keys, words...), &foreseen, io.Discard); err != nil {
				t.Fatal(err)
			}
			if words[0] != "expire" || len(words) == 3 && words[2] != "soon" {
				if want := int64(len(keys)); planning.Summary().Commands != want || len(*steps) != 1 {
					t.Errorf("%q: the plan has %d commands in %d records, want %d in one", words, planning.Summary().Commands, len(*steps), want)
				}
			}
			b.Guard = plain
			m = b.making(t)
			if _, err := b.DoBatch(t.Context(), everyone, over(keys, words...), &together, io.Discard); err != nil {
				t.Fatal(err)
			}
			if err := m.Finish(); err != nil {
				t.Fatal(err)
			}
			if all := m.Report(); fmt.Sprint(all.Kinds, all.Failed) != fmt.Sprint(one.Kinds, one.Failed) {
				t.Errorf("%q: made %v and %d failed, one by one %v and %d", words, all.Kinds, all.Failed, one.Kinds, one.Failed)
			}
			if together.String() != singly.String() || foreseen.String() != singly.String() {
				t.Errorf("%q: answers and foreseen answers are not those of single calls:\n%.80q\n%.80q\n%.80q", words, singly.String(), together.String(), foreseen.String())
			}
			b.Guard = plain
			fill()
			m = b.making(t)
			tell := func(text []byte) error { printed.Write(text); return nil }
			if err := b.Guard.Execute(t.Context(), everyone, m, handOut(*steps), tell); err != nil {
				t.Fatal(err)
			}
			if r := m.Report(); r.Differed > 0 || fmt.Sprint(r.Kinds, r.Failed) != fmt.Sprint(one.Kinds, one.Failed) {
				t.Errorf("%q: carried out, %d answer otherwise and %v were made", words, r.Differed, r.Kinds)
			}
			b.Guard = plain
		}
	})
}

// What a caller may not do to one of the keys is refused for that one, as if the
// calls had come one by one; a record of such a sweep is refused whole.
func TestASweepGetsNoMoreThanItsCalls(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	plain := b.Guard
	for _, own := range []string{"{helix}:config", "helix:x"} {
		keys := append(numbered(5), own, "k9")
		for _, k := range keys {
			b.must(t, "SET", k, "1")
		}
		b.making(t)
		var out, stderr bytes.Buffer
		_, err := b.DoBatch(t.Context(), everyone, over(keys, "del", "{}"), &sink{}, &stderr)
		var refused *guard.Refused
		if !errors.As(err, &refused) {
			t.Errorf("%q, %v", out.String(), err)
		}
		b.Guard = plain
		record := [][]byte{sweepOver(keys, "del", "k0")}
		if err := b.Guard.Recheck(t.Context(), everyone, handOut(record)); !errors.As(err, &refused) {
			t.Errorf("a plan: %v", err)
		}
		b.Guard = plain
		m := b.making(t)
		if err := b.Guard.Execute(t.Context(), everyone, m, handOut(record), nil); !errors.As(err, &refused) {
			t.Errorf("a plan is carried out: %v", err)
		}
		if n := redistest.Exist(t, b.client, own, "k9"); n != 2 {
			t.Errorf("%d of 2 keys are left", n)
		}
		b.Guard = plain
	}
	for name, record := range map[string][]byte{
		"a reading command":   sweepOver([]string{"a", "b"}, "get", "a"),
		"a command on others": sweepOver([]string{"a", "b"}, "rename", "a", "b"),
		"many words":          sweepOver([]string{"a", "b"}, "del", "a", "b"),
		"a server command":    sweepOver([]string{"a", "b"}, "flushall"),
		"no keys at all":      append(sweepOver([]string{"a"}, "del", "a"), 0),
	} {
		if err := b.Guard.Recheck(t.Context(), everyone, handOut([][]byte{record})); err == nil {
			t.Errorf("a record of %s passes", name)
		}
	}
	for who, allowed := range map[string]bool{"destroyer": true, "writer": false, "reader": false} {
		err := b.Guard.Recheck(t.Context(), as(who), handOut([][]byte{sweepOver([]string{"a", "b"}, "del", "a")}))
		if (err == nil) != allowed {
			t.Errorf("%s: %v", who, err)
		}
	}
}
