package redistest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

var topologies = []string{"standalone", "sentinel", "cluster"}

func TestAnyIsOfTheTopologyAskedFor(t *testing.T) {
	for _, topology := range topologies {
		t.Run(topology, func(t *testing.T) {
			t.Setenv(Topology, topology)
			r := Any(t)
			info := strings.NewReplacer("redis://", "standalone ", "redis+", "").Replace(r.URL())
			if !strings.HasPrefix(info, topology) || r.Cluster != (topology == "cluster") {
				t.Errorf("%s, in a Cluster: %v", r.URL(), r.Cluster)
			}
		})
	}
}

func TestAnyIsAsNewForTheNextTest(t *testing.T) {
	for _, topology := range topologies {
		t.Run(topology, func(t *testing.T) {
			t.Setenv(Topology, topology)
			var first, second []string
			t.Run("first", func(t *testing.T) {
				r := Any(t)
				first = traces(t, r)
				change(t, r)
				if slices.Equal(traces(t, r), first) {
					t.Fatal("the changes leave no trace, so this proves nothing")
				}
			})
			t.Run("second", func(t *testing.T) { second = traces(t, Any(t)) })
			if !slices.Equal(first, second) {
				t.Errorf("the next test finds %q, want %q", second, first)
			}
		})
	}
}

// change leaves something of each kind on every server that takes it.
func change(t *testing.T, r *Redis) {
	t.Helper()
	ctx, client := t.Context(), r.Client()
	for i := range 100 {
		if err := client.Set(ctx, fmt.Sprint("key:", i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range [][]any{
		{"CONFIG", "SET", "maxmemory", "200mb", "slowlog-log-slower-than", "0"},
		{"ACL", "SETUSER", "guest", "on", "nopass", "+get"},
		{"ACL", "SETUSER", "default", "-flushdb"},
		{"SCRIPT", "LOAD", "return 1"},
		{"FUNCTION", "LOAD", "#!lua name=one\nredis.register_function('one', function() return 1 end)"},
	} {
		if err := client.Do(ctx, command...).Err(); err != nil {
			t.Fatal(fmt.Errorf("%v: %w", command, err))
		}
	}
}

// traces answers what change would leave, as the servers tell it.
func traces(t *testing.T, r *Redis) []string {
	t.Helper()
	ctx, client := t.Context(), r.Client()
	all := []string{fmt.Sprint(len(Keys(t, client)), " keys")}
	for range 20 { // a client of a Cluster asks one server or another
		for _, command := range [][]any{
			{"CONFIG", "GET", "maxmemory"}, {"CONFIG", "GET", "slowlog-log-slower-than"}, {"ACL", "LIST"},
			{"SCRIPT", "EXISTS", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"}, {"FUNCTION", "LIST"},
		} {
			answer, err := client.Do(ctx, command...).Result()
			all = append(all, fmt.Sprint(command, answer, err))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestNobodyElseHasWhatATestTook(t *testing.T) {
	for _, topology := range topologies {
		t.Run(topology, func(t *testing.T) {
			t.Setenv(Topology, topology)
			if one, other := Any(t), Any(t); one.URL() == other.URL() {
				t.Errorf("two tests have %s", one.URL())
			}
		})
	}
}

func TestAnyRefusesATopologyThatItDoesNotKnow(t *testing.T) {
	t.Setenv(Topology, "clutser")
	f := &failing{TB: t}
	var group sync.WaitGroup
	group.Go(func() { Any(f) })
	group.Wait()
	if !strings.Contains(f.said, `HELIX_TEST_REDIS is "clutser": want standalone, sentinel or cluster`) {
		t.Errorf("it says %q", f.said)
	}
}

func TestUnderRulesAnyIsOneServer(t *testing.T) {
	t.Setenv(Topology, "cluster")
	t.Setenv(Rules, "~* +@all")
	if url := Any(t).URL(); !strings.HasPrefix(url, "redis://"+User) {
		t.Errorf("it is %s", url)
	}
}

// failing is a test that is to fail.
type failing struct {
	testing.TB
	said string
}

// Fatalf keeps what is wrong, and ends the goroutine as a test's own would.
func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
