package guard_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
)

func TestAPlanSaysWhatBecomesOfWhat(t *testing.T) {
	eachAlone(t, func(t *testing.T, b *bench) {
		for i := range 3 {
			b.must(t, "SET", fmt.Sprint("session:", i), "v")
		}
		b.must(t, "EXPIRE", "session:2", 100)
		b.must(t, "CONFIG", "SET", "maxmemory", "0")
		p, _ := b.planning(t)
		for _, line := range []string{
			"expire session:0 200", "expire session:2 300", "-n 1 set elsewhere v", "config set maxmemory 1gb", "flushdb", "set after v", "flushdb",
		} {
			if r := b.do(t, everyone, strings.Fields(line)...); r.err != nil {
				t.Fatal(line, r.err)
			}
		}
		s := p.Summary()
		if !slices.Equal(s.Databases, []int{0, 1}) {
			t.Errorf("databases %v", s.Databases)
		}
		if got := []time.Duration{s.Remaining.Least, s.Remaining.Most, s.Lifetimes.Least, s.Lifetimes.Most}; got[0] != got[1] ||
			got[0].Round(10*time.Second) != 100*time.Second || got[2].Round(10*time.Second) != 200*time.Second || got[3].Round(10*time.Second) != 300*time.Second {
			t.Errorf("times %v", got)
		}
		if want := []guard.Parameter{{Name: "maxmemory", Becomes: "1gb", Was: "0"}}; !slices.Equal(s.Parameters, want) {
			t.Errorf("parameters %+v", s.Parameters)
		}
		if s.Emptied != 3 {
			t.Errorf("%d keys are emptied out", s.Emptied)
		}
	})
}

func TestAReportCountsKeys(t *testing.T) {
	kept, err := journal.Open(journal.Options{Dir: filepath.Join(t.TempDir(), "journal"), MaxBytes: 1 << 20, Retention: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, b *bench) {
		for _, key := range []string{"a", "b", "c", "d"} {
			b.must(t, "SET", key, "1")
		}
		m := &guard.Making{ID: "test", Journal: func() (change.Journal, error) {
			return kept.Begin(journal.Header{ID: t.Name()[len("TestAReportCountsKeys/"):]})
		}}
		b.Guard = b.Guard.WithMaking(m)
		t.Cleanup(m.Close)
		for _, line := range []string{"del a nosuch b", "expire c 100", "expire nosuch 100", "persist d", "set e 1", "flushdb"} {
			if r := b.do(t, everyone, strings.Fields(line)...); r.err != nil {
				t.Fatal(line, r.err)
			}
		}
		// a, b, c and e; then c again and d. That e is flushed, too, is one change,
		// unless another master's part of the flush comes before it.
		most := int64(6)
		if strings.HasSuffix(t.Name(), "/cluster") {
			most++
		}
		if got := m.Report().Keys; got < 6 || got > most {
			t.Errorf("%d keys were changed", got)
		}
	})
}
