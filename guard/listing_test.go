package guard_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

// listed fills a bench with n sessions of two people, begins a plan and has it
// list their keys.
func listed(t *testing.T, b *bench, n int) []string {
	t.Helper()
	pipe := b.client.Pipeline()
	for i := range n {
		pipe.Set(t.Context(), fmt.Sprintf("session:user:%c:%d", 'a'+rune(i%2), i), "v", 0)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b.do(t, everyone, "--scan", "--pattern", "session:*").keys
}

// deletes plans the deletion of keys, and answers what that would print.
func (b *bench) deletes(t *testing.T, calls ...[]string) string {
	t.Helper()
	var batch [][]string
	for _, keys := range calls {
		batch = append(batch, append([]string{"del"}, keys...))
	}
	var out sink
	var stderr bytes.Buffer
	if _, err := b.DoBatch(t.Context(), everyone, batch, &out, &stderr); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestAPlanDoesNotAskForWhatAScanHasFound(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	p, _ := b.planning(t)
	const n = 3000
	keys := listed(t, b, n)
	b.must(t, "SET", "unlisted", "v")
	b.must(t, "CONFIG", "RESETSTAT")
	last := keys[n-1] // beyond those that are weighed
	got := b.deletes(t, keys[:1500], append(keys[1500:], last, "unlisted", "nosuch"), []string{last})
	if want := "1500\n1501\n0\n"; got != want {
		t.Errorf("it would print %q, want %q", got, want)
	}
	if s := p.Summary(); s.Gone != n+1 || s.Keys != n+1 || s.Sessions != n || s.Users != 2 || s.Missing != 3 {
		t.Errorf("%d keys gone, %d changed, %d sessions of %d people, %d missing", s.Gone, s.Keys, s.Sessions, s.Users, s.Missing)
	}
	stats := b.client.Info(t.Context(), "commandstats").Val()
	_, after, _ := strings.Cut(stats, "cmdstat_pttl:calls=")
	count, _, _ := strings.Cut(after, ",")
	if asked, err := strconv.Atoi(count); err != nil || asked > 1002 {
		t.Errorf("%s times it asked for a time to live", count)
	}
}

func TestAPlanSeesItsChangesInWhatItLists(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.planning(t)
		keys := listed(t, b, 1200)
		b.deletes(t, keys[:1100])
		if left := b.do(t, everyone, "--scan", "--pattern", "session:*").keys; len(left) != 100 {
			t.Errorf("%d keys are listed, want 100", len(left))
		}
		if got := b.deletes(t, keys); got != "100\n" {
			t.Errorf("deleting all anew would print %q", got)
		}
		if got := b.do(t, everyone, append([]string{"exists"}, keys...)...).stdout; got != "0\n" {
			t.Errorf("%q exist", got)
		}
	})
}

// A Cluster has one database: this is for one server.
func TestAPlanKnowsKeysByDatabase(t *testing.T) {
	b := newBench(t, redistest.Standalone(t).URL())
	b.planning(t)
	keys := listed(t, b, 1200)
	var out sink
	batch := [][]string{append([]string{"del"}, keys[:1100]...), {"-n", "1", "del", keys[1150]}, {"del", keys[1150]}}
	if _, err := b.DoBatch(t.Context(), everyone, batch, &out, &out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "1100\n0\n1\n"; got != want {
		t.Errorf("it would print %q, want %q", got, want)
	}
}
