package commands_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
)

// workshop is a dispatcher on a real server that makes changes, kept in a
// journal, or plans them.
type workshop struct {
	hall
	trips *redistest.Trips
	execs int // transactions that the server had made when it was asked last
}

func newWorkshop(t testing.TB, url string, roles map[string]permissions.Role) *workshop {
	t.Helper()
	h := newHall(t, url, roles, func(o *commands.Options) {
		o.Plans, o.Journal = openChanges(t, o.Client)
	})
	return &workshop{hall: h, trips: redistest.CountTrips(h.client)}
}

// runs runs a line and answers its output.
func (w *workshop) runs(t testing.TB, mode commands.Mode, caller permissions.Member, line string) (string, commands.Reply) {
	t.Helper()
	var out bytes.Buffer
	reply := w.Handle(t.Context(), commands.Request{
		Text: line, Caller: caller, Mode: mode, Stdout: &out, Stderr: &out, Timeout: time.Minute,
	})
	if reply.Problem != "" {
		t.Fatalf("%s: %s", line, reply.Problem)
	}
	return out.String(), reply
}

var execCalls = regexp.MustCompile(`cmdstat_exec:calls=(\d+)`)

// made answers the round trips since it was asked last. A transaction takes
// three: the sizes, the values, the change.
func (w *workshop) made(t testing.TB) int {
	t.Helper()
	info, err := w.client.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	execs := 0
	if m := execCalls.FindStringSubmatch(info); m != nil {
		execs, _ = strconv.Atoi(m[1])
	}
	n := w.trips.Made() - 1 + 3*(execs-w.execs)
	w.execs = execs
	return n
}

// No loop that changes keys costs a round trip a key, whether the changes are
// made or planned. In a Cluster each slot's keys are changed by themselves.
func TestLoopsThatChangeKeysTakeFewRoundTrips(t *testing.T) {
	const n = 4000
	ones := fmt.Sprintf("%7d 1\n", n)
	local := permissions.Member{Local: true}
	w := newWorkshop(t, redistest.Standalone(t).URL(), nil)
	for _, tt := range []struct {
		line string
		want string
		left int64
	}{
		{`redis keys 'session:*' | while read key; do redis-cli DEL "$key"; done | uniq -c`, ones, 0},
		{`redis keys 'session:*' | while read key; do ttl=$(redis-cli TTL "$key"); if [ "$ttl" -eq -1 ]; then redis-cli DEL "$key"; fi; done | uniq -c`, ones, 0},
		{`for k in $(redis keys 'session:*'); do redis expire $k 60; done | uniq -c`, ones, n},
		{`redis keys 'session:*' | xargs -I {} sh -c 'redis-cli UNLINK {}' | uniq -c`, ones, 0},
		{`redis keys 'session:*' | xargs -I {} redis expire {} 60 | uniq -c`, ones, n},
		{`redis keys 'session:*' | while read k; do redis set "$k" other; done | uniq -c`, fmt.Sprintf("%7d OK\n", n), n},
		{`redis keys 'session:*' | while read k; do redis append "$k" x; done | uniq -c`, fmt.Sprintf("%7d 6\n", n), n},
		{`redis keys 'session:*' | while read k; do echo "$k"; redis persist "$k" > /dev/null; done | wc -l`, fmt.Sprintln(n), n},
	} {
		for _, mode := range []commands.Mode{commands.Only, commands.Direct} {
			w.client.FlushAll(t.Context())
			w.fill(t, n)
			w.made(t)
			out, _ := w.runs(t, mode, local, tt.line)
			if made := w.made(t); made > n/4 || made > n/16 && mode == commands.Only { // slow transactions are small ones
				t.Errorf("%s: %d round trips for %d keys, planned: %v", tt.line, made, n, mode == commands.Only)
			}
			if mode == commands.Only {
				continue
			}
			if out != tt.want {
				t.Errorf("%s: %.200q, want %q", tt.line, out, tt.want)
			}
			if left := int64(len(w.client.Keys(t.Context(), "session:*").Val())); left != tt.left {
				t.Errorf("%s: %d keys are left, want %d", tt.line, left, tt.left)
			}
		}
	}
}

// fill loads n sessions without a time to live.
func (w *workshop) fill(t testing.TB, n int) {
	t.Helper()
	pipe := w.client.Pipeline()
	for i := range n {
		pipe.Set(t.Context(), fmt.Sprintf("session:%08d", i), "value", 0)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Who may not overwrite everything is looked after without a round trip a key, on one
// server.
func TestLoopsOfWhoMayNotOverwriteTakeFewRoundTrips(t *testing.T) {
	const n = 2000
	w := newWorkshop(t, redistest.Standalone(t).URL(), map[string]permissions.Role{"writer": {Allow: []string{"read", "write", "destroy copy:*"}}})
	writer := permissions.Member{Local: true, LocalRoles: []string{"writer"}}
	for _, line := range []string{
		`redis keys 'session:*' | while read k; do redis set "copy:$k" other; done | uniq -c`,
		`redis keys 'session:*' | xargs -I {} redis set copy:{} other | uniq -c`,
	} {
		w.client.FlushAll(t.Context())
		w.fill(t, n)
		for _, mode := range []commands.Mode{commands.Only, commands.Direct, commands.Only, commands.Direct} { // new keys, then those
			w.made(t)
			out, _ := w.runs(t, mode, writer, line)
			if made := w.made(t); made > n/3 {
				t.Errorf("%s: %d round trips for %d keys, planned: %v", line, made, n, mode == commands.Only)
			}
			if want := fmt.Sprintf("%7d OK\n", n); mode == commands.Direct && out != want {
				t.Errorf("%s: %.200q, want %q", line, out, want)
			}
		}
	}
}

// What ends a program leaves what it changed before, and shows it.
func TestADenialComesAfterTheChangesBeforeIt(t *testing.T) {
	w := newWorkshop(t, redistest.Any(t).URL(), map[string]permissions.Role{"narrow": {Allow: []string{"read", "destroy a*"}}})
	fillKeys(t, w.client, "SET a1 v\nSET a2 v\nSET b v\nSET a3 v")
	var out bytes.Buffer
	reply := w.Handle(t.Context(), commands.Request{
		Text: `for k in a1 a2 b a3; do redis del $k; done`, Caller: permissions.Member{Local: true, LocalRoles: []string{"narrow"}},
		Mode: commands.Direct, Stdout: &out, Stderr: &out,
	})
	if left := redistest.Exist(t, w.client, "a1", "a2", "b", "a3"); reply.Outcome != commands.Denied || out.String() != "1\n1\n" || left != 2 {
		t.Errorf("%s, printed %q, %d keys are left", reply.Outcome, out.String(), left)
	}
}
