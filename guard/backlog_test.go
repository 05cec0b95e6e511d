package guard_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
)

// patient is a sink that takes replies late.
type patient struct {
	sink
	late []func() ([]byte, error)
}

func (p *patient) WriteLate(_ func() bool, wait func() ([]byte, error)) error {
	p.late = append(p.late, wait)
	return nil
}

func (b *bench) postponed(t *testing.T, out *patient, args ...string) {
	t.Helper()
	before := len(out.late)
	status, err := b.Do(t.Context(), everyone, args, out, &bytes.Buffer{})
	if status != 0 || err != nil || len(out.late) != before+1 {
		t.Fatalf("%q: status %d, %v, not postponed: %v", args, status, err, len(out.late) == before)
	}
}

// A change that waits is made before anything that tells of it is asked.
func TestWhatAsksAfterAChangeWaitsForIt(t *testing.T) {
	for _, ask := range [][]string{
		{"get", "k"}, {"exists", "other", "k"}, {"mget", "k"}, {"keys", "k*"}, {"--scan", "--pattern", "k*"}, {"dbsize"}, {"randomkey"},
		{"getdel", "k"}, {"-e", "append", "k", "x"},
	} {
		t.Run(fmt.Sprint(ask), func(t *testing.T) {
			each(t, func(t *testing.T, b *bench) {
				m := b.making(t)
				b.postponed(t, &patient{}, "rpush", "k", "x")
				b.do(t, everyone, ask...)
				if n := m.Report().Kinds["rpush"]; n != 1 {
					t.Errorf("the change was made %d times before", n)
				}
			})
		})
	}
}

// Changes are made in their order, and each answers what it would by itself.
func TestChangesThatWaitKeepTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		m := b.making(t)
		out := &patient{}
		const n = 1000
		for range n {
			b.postponed(t, out, "incr", "n")
		}
		for i, wait := range out.late {
			if text, err := wait(); err != nil || string(text) != fmt.Sprintf("%d\n", i+1) {
				t.Fatalf("the answer to number %d is %q, %v", i+1, text, err)
			}
		}
		if err := m.Finish(); err != nil || m.Report().Commands() != n {
			t.Errorf("%v, %+v", err, m.Report())
		}
	})
}

// What keeps changes from being made is told to whatever waits for them, and to
// the calls that follow.
func TestAFailedRunEndsTheProgram(t *testing.T) {
	full := errors.New("the disk is full")
	each(t, func(t *testing.T, b *bench) {
		m := &guard.Making{Journal: func() (change.Journal, error) { return nil, full }}
		b.Guard = b.WithMaking(m)
		t.Cleanup(m.Close)
		out := &patient{}
		b.postponed(t, out, "set", "k", "v")
		if _, err := out.late[0](); !errors.Is(err, full) {
			t.Errorf("the answer is %v", err)
		}
		if _, err := b.Do(t.Context(), everyone, []string{"set", "k", "v"}, out, &bytes.Buffer{}); !errors.Is(err, full) {
			t.Errorf("the next call answers %v", err)
		}
		if err := m.Finish(); !errors.Is(err, full) {
			t.Errorf("the end answers %v", err)
		}
		if n := b.client.Exists(t.Context(), "k").Val(); n != 0 {
			t.Error("the change was made without a journal")
		}
	})
}

// A call whose status depends on its answer, or whose answer is long, does not
// wait.
func TestWhatDoesNotWait(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.making(t)
		for _, args := range [][]string{
			{"-e", "set", "k", "v"}, {"set", "k", "v", "get"}, {"getset", "k", "v"}, {"getdel", "k"}, {"lpop", "k", "2"}, {"publish", "c", "m"},
		} {
			out := &patient{}
			if _, err := b.Do(t.Context(), everyone, args, out, &bytes.Buffer{}); err != nil || len(out.late) > 0 {
				t.Errorf("%q: %v, postponed: %v", args, err, len(out.late) > 0)
			}
		}
	})
}

// A program goes on after changes that the server refuses, but not forever, and
// what stands among them is made.
func TestRefusedChangesDoNotKeepOthersFromBeingMade(t *testing.T) {
	b := newBench(t, redistest.Standalone(t, "--maxmemory", "1").URL())
	m := b.making(t)
	out := &patient{}
	var halted *guard.Halted
	for i := range 40 {
		words := []string{"set", "k", "v"}
		if i == 5 {
			words = []string{"del", "nosuch"}
		}
		if _, err := b.Do(t.Context(), everyone, words, out, &bytes.Buffer{}); err != nil && !errors.As(err, &halted) {
			t.Fatal(err)
		}
	}
	var printed string
	for _, wait := range out.late {
		text, err := wait()
		if errors.As(err, &halted) {
			break
		}
		printed += string(text[:2])
	}
	if halted == nil || printed != strings.Repeat("OO", 5)+"0\n"+strings.Repeat("OO", 10) || m.Report().Kinds["del"] != 1 {
		t.Errorf("%v after %q, %+v", halted, printed, m.Report())
	}
}
