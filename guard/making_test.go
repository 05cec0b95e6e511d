package guard_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard"
)

// making makes the bench's guard one that changes at once.
func (b *bench) making(t *testing.T) *guard.Making {
	t.Helper()
	m := &guard.Making{ID: rand.Text()}
	b.Guard = b.Guard.WithMaking(m)
	t.Cleanup(m.Close)
	return m
}

// planning makes the bench's guard one that records, and answers the records.
func (b *bench) planning(t *testing.T) (*guard.Planning, *[][]byte) {
	t.Helper()
	var steps [][]byte
	p := &guard.Planning{Record: func(step []byte) error {
		steps = append(steps, append([]byte(nil), step...))
		return nil
	}}
	b.Guard = b.Guard.WithPlanning(p).Final()
	t.Cleanup(func() { _ = p.Close() })
	return p, &steps
}

// handOut hands out records.
func handOut(steps [][]byte) guard.Steps {
	return func() ([]byte, bool, error) {
		if len(steps) == 0 {
			return nil, false, nil
		}
		s := steps[0]
		steps = steps[1:]
		return s, true, nil
	}
}

// program is lines with what they answer.
const program = `
set a 1 => OK
incr a => 2
get a => 2
del a nosuch => 1
exists a => 0
set {c}b x ex 100 => OK
ttl {c}b => 100
persist {c}b => 1
ttl {c}b => -1
expire {c}b 50 => 1
expire {c}b 20 gt => 0
ttl {c}b => 50
rename {c}b c => OK
exists {c}b c => 1
keys c => c
expire nosuch 10 => 0
lpush l 1 2 3 => 3
lrange l 0 -1 => 3 2 1
hset h f v => 1
hset h f w => 0
hget h f => w
sadd s a b => 2
scard s => 2
zadd z 1 m => 1
zscore z m => 1
append c yz => 3
strlen c => 3
getdel c => xyz
exists c => 0
dbsize => 4
unlink l h s z => 4
dbsize => 0
`

func (b *bench) holdsProgram(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(program)) {
		words, want, _ := strings.Cut(strings.TrimSpace(line), " => ")
		r := b.do(t, everyone, strings.Fields(words)...)
		if got := strings.Join(strings.Fields(r.stdout), " "); r.err != nil || got != want {
			t.Errorf("%s answers %q, %v; want %q", words, got, r.err, want)
		}
	}
}

func TestChangesAreMadeAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		m := b.making(t)
		b.holdsProgram(t)
		if r := m.Report(); r.Commands() == 0 || r.Failed > 0 {
			t.Errorf("%+v", r)
		}
	})
}

// What a plan foresees is what its steps then answer, and until then nothing is
// changed.
func TestAPlanForeseesWhatItsStepsAnswer(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		plain := b.Guard
		_, steps := b.planning(t)
		b.holdsProgram(t)
		if n := b.client.DBSize(t.Context()).Val(); n != 0 {
			t.Fatalf("the plan left %d keys", n)
		}
		b.Guard = plain
		m := b.making(t)
		if err := b.Guard.Recheck(t.Context(), everyone, handOut(*steps)); err != nil {
			t.Fatal(err)
		}
		if err := b.Guard.Execute(t.Context(), everyone, m, handOut(*steps), nil); err != nil {
			t.Fatal(err)
		}
		if r := m.Report(); r.Differed > 0 || fmt.Sprint(r.Kinds["set"]) != "2" {
			t.Errorf("%+v", r)
		}
	})
}

// A SET that is foreseen to fail leaves its key as the server has it.
func TestAPlanKeepsWhatAFailingSetLeaves(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		if err := b.client.Set(t.Context(), "k", "kept", 0).Err(); err != nil {
			t.Fatal(err)
		}
		b.planning(t)
		for _, step := range []struct {
			line, want string
		}{
			{"setex k 0 new", "ERR invalid expire time in 'setex' command"},
			{"get k", "kept"},
			{"set k new ex 0", "ERR invalid expire time in 'set' command"},
			{"append k !", "5"},
			{"get k", "kept!"},
			{"set k new", "OK"},
			{"append k !", "4"},
		} {
			r := b.do(t, everyone, strings.Fields(step.line)...)
			if got := strings.TrimSpace(r.stdout); r.err != nil || got != step.want {
				t.Errorf("%s answers %q, %v; want %q", step.line, got, r.err, step.want)
			}
		}
	})
}
