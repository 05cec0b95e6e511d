package replicas

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
)

func info(id string, online int) string {
	return "# Replication\r\nrole:master\r\n" + strings.Repeat("slave0:ip=127.0.0.1,port=1,state=online,offset=1,lag=0\r\n", online) + "master_replid:" + id + "\r\nrepl_backlog_active:1\r\n"
}

func TestAReplicaIsMissedForAMinute(t *testing.T) {
	var l Lately
	at := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		after     time.Duration
		id        string
		has, want int
	}{
		{0, "a", 0, 0},
		{time.Second, "a", 2, 2},
		{time.Second, "b", 1, 1},
		{time.Second, "a", 1, 2},
		{missed - 3*time.Second, "a", 0, 2},
		{4 * time.Second, "a", 1, 1},
		{0, "a", 3, 3},
		{0, "c", 0, 0},
	} {
		at = at.Add(step.after)
		if has, want := l.Look(info(step.id, step.has), at); has != step.has || want != step.want {
			t.Errorf("step %d: has %d and should have %d, want %d and %d", i, has, want, step.has, step.want)
		}
	}
}

func TestAServerThatTookAPlaceShouldHaveAReplica(t *testing.T) {
	promoted := info("new", 0) + "master_replid2:old\r\n"
	never := info("new", 0) + "master_replid2:0000\r\n"
	at := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		watched     bool
		says        string
		first, then int // a minute later
	}{{true, promoted, 1, 0}, {false, promoted, 0, 0}, {true, never, 0, 0}} {
		l := Lately{Watched: tt.watched}
		_, first := l.Look(tt.says, at)
		if _, then := l.Look(tt.says, at.Add(missed+time.Second)); first != tt.first || then != tt.then {
			t.Errorf("%+v: %d, then %d", tt, first, then)
		}
	}
}

func TestAServerThatJustStartedShouldHaveAReplica(t *testing.T) {
	const since = "# Server\r\nuptime_in_seconds:"
	at := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		watched bool
		says    string
		first   int
	}{
		{true, info("new", 0) + since + "2\r\n", 1},
		{true, info("new", 2) + since + "2\r\n", 2},
		{false, info("new", 0) + since + "2\r\n", 0},
		{true, info("new", 0) + since + "60\r\n", 0},
		{true, info("new", 0), 0}, // it does not say
	} {
		l := Lately{Watched: tt.watched}
		if _, first := l.Look(tt.says, at); first != tt.first {
			t.Errorf("%+v: %d", tt, first)
		}
		if _, then := l.Look(info("new", 0)+since+"63\r\n", at.Add(missed+time.Second)); then != 0 {
			t.Errorf("%+v: %d a minute later", tt, then)
		}
	}
}

// Whoever takes the place of a server with two replicas should have two: the one
// that was there first may not be the one that takes over next.
func TestAServerThatTookAPlaceShouldHaveAsManyReplicas(t *testing.T) {
	l := Lately{Watched: true}
	at := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	l.Look(info("old", 2), at)
	promoted := info("new", 1) + "master_replid2:old\r\n"
	if has, want := l.Look(promoted, at.Add(time.Second)); has != 1 || want != 2 {
		t.Errorf("has %d, should have %d", has, want)
	}
	if _, want := l.Look(promoted, at.Add(missed+2*time.Second)); want != 1 {
		t.Errorf("a minute later it should have %d", want)
	}
}

// A master that a Sentinel or a Cluster watches, and that was killed, may be a
// replica in a moment: what it takes until then is confirmed by nobody.
func TestAMasterThatCameBackConfirmsNothing(t *testing.T) {
	client := redistest.Standalone(t).Client()
	for _, watched := range []bool{true, false} {
		l := Lately{Watched: watched}
		confirmed, err := l.Confirmed(t.Context(), client, time.Second)
		if err != nil || confirmed == watched {
			t.Errorf("watched %t: confirmed %t, %v", watched, confirmed, err)
		}
	}
}

func TestWhatIsKnownIsBounded(t *testing.T) {
	var l Lately
	for i := range 3 * maxKnown {
		l.Look(info(strings.Repeat("x", i), 1), time.Now())
	}
	if len(l.seen) > maxKnown {
		t.Errorf("%d servers are remembered", len(l.seen))
	}
}

func TestReplicasConfirm(t *testing.T) {
	master := redistest.Standalone(t, "--repl-diskless-sync-delay", "0")
	client := master.Client()
	var l Lately
	confirmed := func(want bool) {
		t.Helper()
		if err := client.Incr(t.Context(), "n").Err(); err != nil {
			t.Fatal(err)
		}
		if ok, err := l.Confirmed(t.Context(), client, 100*time.Millisecond); ok != want || err != nil {
			t.Errorf("%v, %v; want %v", ok, err, want)
		}
	}
	confirmed(true) // there is nobody to wait for
	replica := redistest.Standalone(t, "--replicaof", strings.Replace(master.Addr, ":", " ", 1))
	redistest.Eventually(t, "the replica is in step", func(ctx context.Context) bool {
		n, err := client.Wait(ctx, 1, 100*time.Millisecond).Result()
		return err == nil && n == 1
	})
	redistest.Eventually(t, "the replica confirms", func(ctx context.Context) bool {
		ok, err := l.Confirmed(ctx, client, time.Second)
		return err == nil && ok
	})
	replica.Pause()
	confirmed(false)
	replica.Kill()
	redistest.Eventually(t, "the replica has gone", func(ctx context.Context) bool {
		return strings.Contains(client.Info(ctx, "replication").Val(), "connected_slaves:0")
	})
	confirmed(false)
	master.Kill()
	if ok, err := l.Confirmed(t.Context(), client, 100*time.Millisecond); ok || err == nil {
		t.Errorf("a server that is away confirms: %v, %v", ok, err)
	}
}
