package change_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/journal"
)

// wire is connections of which the next that carries a change out can be cut.
type wire struct {
	cut atomic.Pointer[func(send func(), sent []byte)]
}

type wired struct {
	net.Conn
	wire *wire
	deaf atomic.Bool
}

func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &wired{Conn: conn, wire: w}, nil
}

func (w *wired) Write(p []byte) (int, error) {
	cut := w.wire.cut.Load()
	if cut == nil || !bytes.Contains(p, []byte("APPEND")) || !w.wire.cut.CompareAndSwap(cut, nil) {
		return w.Conn.Write(p)
	}
	w.deaf.Store(true)
	defer w.Conn.Close()
	(*cut)(func() { _, _ = w.Conn.Write(p) }, p)
	return 0, net.ErrClosed
}

func (w *wired) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if w.deaf.Load() {
		return 0, net.ErrClosed
	}
	return n, err
}

// firstKey answers the key of the first APPEND in what was sent.
func firstKey(sent []byte) string {
	_, rest, _ := bytes.Cut(sent, []byte("APPEND\r\n"))
	return strings.Split(string(rest), "\r\n")[1]
}

// client answers one over the wire, of a Cluster or a single server.
func (w *wire) client(t *testing.T, addrs ...string) redis.UniversalClient {
	t.Helper()
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: addrs, Protocol: 2, DisableIdentity: true, Dialer: w.dial, ReadTimeout: 500 * time.Millisecond, DialerRetries: 1, MaxRetries: 1,
	})
	t.Cleanup(func() { client.Close() })
	return client
}

// lostAnswers has the connection of one transaction cut, and the first of its
// keys changed by somebody else before anybody can look what became of it.
func lostAnswers(t *testing.T, client redis.UniversalClient, w *wire) {
	for _, c := range []struct {
		name  string
		made  bool // the transaction was
		other []any
		want  string
	}{
		{"unmade", false, []any{"APPEND", "", "y"}, "vyx"},
		{"altered", true, []any{"SETRANGE", "", 0, "y"}, "yx"},
		{"reverted", true, []any{"SET", "", "v", "KEEPTTL"}, "v"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAppending(t, client, c.name, 300)
			var key string
			cut := func(send func(), sent []byte) {
				key = firstKey(sent)
				if c.made {
					send()
					redistest.Eventually(t, "it is carried out", func(ctx context.Context) bool { return client.Get(ctx, key).Val() == "vx" })
				}
				c.other[1] = key
				if err := client.Do(t.Context(), c.other...).Err(); err != nil {
					t.Error(err)
				}
			}
			a.happens[3] = func(int) { w.cut.Store(&cut) }
			at, err := a.run()
			if err != nil || at.Done != 300 || a.made != 300 {
				t.Errorf("%+v, %d told of, %v", at, a.made, err)
			}
			if got := client.Get(t.Context(), key).Val(); got != c.want {
				t.Errorf("%s holds %q, want %q", key, got, c.want)
			}
			if err := client.Set(t.Context(), key, "vx", time.Hour).Err(); err != nil {
				t.Error(err)
			}
			if n := a.shown(); n != 300 {
				t.Errorf("%d commands can be seen", n)
			}
		})
	}
}

// An answer that gets lost tells nothing, and what others do to the keys
// meanwhile must not be taken for it.
func TestALostAnswerIsNotGuessed(t *testing.T) {
	var w wire
	lostAnswers(t, w.client(t, redistest.Standalone(t).Addr), &w)
}

// ended has something happen right after the journal has what a batch left.
type ended struct {
	*journal.Writer
	happens func()
}

func (e *ended) After(states []journal.State) error {
	defer e.happens()
	return e.Writer.After(states)
}

// What got lost on its way may arrive late, after it was found not to be made. A
// run that cannot make it anew does not know what becomes of it.
func TestACommandOnItsWayIsInDoubt(t *testing.T) {
	server := redistest.Standalone(t)
	var w wire
	a := newAppending(t, w.client(t, server.Addr), "doubt", 1)
	a.patience = 100 * time.Millisecond
	late := make(chan func(), 1)
	cut := func(_ func(), sent []byte) {
		sent = bytes.Clone(sent)
		late <- func() {
			conn, err := net.Dial("tcp", server.Addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := conn.Write(sent); err != nil {
				t.Fatal(err)
			}
			redistest.Eventually(t, "it arrives", func(ctx context.Context) bool { return server.Client().Get(ctx, a.keys[0]).Val() == "vx" })
		}
	}
	w.cut.Store(&cut)
	writer, err := a.journal.Begin(journal.Header{ID: a.id})
	if err != nil {
		t.Fatal(err)
	}
	e := change.New(a.options(&ended{writer, server.Pause}))
	err = e.Run(t.Context(), from([]change.Step{on(a.keys[0], true, "APPEND", a.keys[0], "x")}), func(change.Done) error { return nil })
	e.Close()
	server.Resume()
	var lost *change.LostError
	if !errors.As(err, &lost) || lost.Unknown != 1 {
		t.Fatalf("it ends with %v", err)
	}
	if err := writer.Close("faulty"); err != nil {
		t.Fatal(err)
	}
	(<-late)()
	if at := a.recovered(); at.Done != 1 {
		t.Errorf("%+v is found", at)
	}
	a.takeBack()
}

func TestAChangeOfAClusterOutlivesItsFaults(t *testing.T) {
	cluster := redistest.Cluster(t)
	var w wire
	client := w.client(t, cluster.Addrs()...)
	lostAnswers(t, client, &w)
	t.Run("slots move", func(t *testing.T) { slotsMove(t, cluster, client) })
	t.Run("a master is away", func(t *testing.T) { masterAway(t, cluster, client) })
	t.Run("the masters are emptied", func(t *testing.T) { mastersEmptied(t, cluster, client) })
	t.Run("a replica takes over", func(t *testing.T) { masterReplaced(t, cluster, client) })
}

// slotsMove moves slots of keys that are yet to be changed to the last master:
// some wholly, one of many keys by half until somebody was sent away.
func slotsMove(t *testing.T, cluster *redistest.ClusterServers, client redis.UniversalClient) {
	const tag = "{one}" // a slot of the second master's
	a := newAppending(t, client, "moving", 400)
	for i := range a.keys[:40] {
		a.keys = append(a.keys, tag+a.keys[i])
		if err := client.Set(t.Context(), tag+a.keys[i], "v", time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
	target, source := cluster.Masters[2], cluster.Masters[1].Client()
	a.happens[3] = func(int) {
		for _, key := range a.keys[64:84] {
			if slot := change.Slot(key); cluster.Owner(slot) != target {
				cluster.Move(slot, target, 0)()
			}
		}
		complete := cluster.Move(change.Slot(tag), target, 20)
		go func() {
			redistest.Eventually(t, "somebody is sent away", func(ctx context.Context) bool {
				stats, err := source.Info(ctx, "errorstats").Result()
				return err == nil && strings.Contains(stats, "errorstat_ASK")
			})
			complete()
		}()
	}
	if at := a.accounted(); at.Lost > 0 || at.Done != 440 {
		t.Errorf("%+v, although nothing was lost", at)
	}
}

// masterAway has a master not answer for longer than anybody is patient.
func masterAway(t *testing.T, cluster *redistest.ClusterServers, client redis.UniversalClient) {
	a := newAppending(t, client, "away", 600)
	a.patience = 100 * time.Millisecond
	a.happens[4] = func(int) { cluster.Masters[1].Pause() }
	_, err := a.run()
	cluster.Masters[1].Resume()
	var lost *change.LostError
	if !errors.As(err, &lost) || lost.Unknown < 2 {
		t.Errorf("it ends with %v", err)
	}
	awaitWhole(t, client)
	told := a.made
	at := a.recovered()
	if at.Done < told || at.Done > told+int64(lost.Unknown) {
		t.Errorf("%d were told of, of %d it was not known, and %+v is found", told, lost.Unknown, at)
	}
	if shown := a.shown(); shown != at.Done || at.Lost+at.Unsure > 0 || at.Done == 0 || at.Done == 600 {
		t.Errorf("%+v is found, %d can be seen", at, shown)
	}
	a.takeBack()
}

// A change that is told to end while a server stands still does not wait for it; what
// became of it is found out later.
func TestAChangeThatIsToEndDoesNotWait(t *testing.T) {
	server := redistest.Standalone(t)
	a := newAppending(t, redistest.Again(t, server.Client(), 2), "ends", 600)
	a.patience = time.Hour
	ctx, stop := context.WithCancel(t.Context())
	a.ctx = ctx
	a.happens[4] = func(int) {
		server.Pause()
		stop()
	}
	ended := make(chan error, 1)
	go func() {
		_, err := a.run()
		ended <- err
	}()
	var err error
	select {
	case err = <-ended:
		server.Resume()
	case <-time.After(time.Minute):
		server.Resume()
		err = <-ended
		t.Error("it waits")
	}
	var lost *change.LostError
	if !errors.As(err, &lost) {
		t.Errorf("it ends with %v", err)
	}
	if at := a.recovered(); at.Done < a.made || a.made == 0 || at.Done != a.shown() {
		t.Errorf("%d were told of, and found is %+v", a.made, at)
	}
	a.takeBack()
}

func awaitWhole(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	redistest.Eventually(t, "the Cluster is whole", func(ctx context.Context) bool {
		info, err := client.ClusterInfo(ctx).Result()
		return err == nil && strings.Contains(info, "cluster_state:ok")
	})
}

// mastersEmptied has all that was made so far gone while a batch is about to be made in
// the same slots. What is made then has its replies, and is there.
func mastersEmptied(t *testing.T, cluster *redistest.ClusterServers, client redis.UniversalClient) {
	a := newAppending(t, client, "emptied", 0)
	for i := range 600 {
		a.keys = append(a.keys, fmt.Sprintf("{%d}:%d", i%60, i))
	}
	a.happens[3] = func(int) {
		for _, m := range cluster.Masters {
			if err := m.Client().FlushAll(t.Context()).Err(); err != nil {
				t.Error(err)
			}
		}
	}
	at, err := a.run()
	var undone *change.UndoneError
	if !errors.As(err, &undone) {
		t.Errorf("it ends with %v", err)
	}
	there, err := client.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for _, k := range a.keys {
			p.Exists(t.Context(), k)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	shown := int64(0)
	for _, is := range there {
		shown += is.(*redis.IntCmd).Val()
	}
	if shown != at.Done || at.Done == 0 || at.Lost == 0 || a.unanswered > 0 {
		t.Errorf("%d keys are there, at %+v; %d replies got lost", shown, at, a.unanswered)
	}
}

// masterReplaced has a replica that lacks some of the change take its master's
// place.
func masterReplaced(t *testing.T, cluster *redistest.ClusterServers, client redis.UniversalClient) {
	master := cluster.Masters[0]
	replica := cluster.Replicas[0]
	a := newAppending(t, client, "replaced", 600)
	if n, err := master.Client().Wait(t.Context(), 1, 10*time.Second).Result(); n != 1 || err != nil {
		t.Fatalf("replicated to %d, %v", n, err)
	}
	a.happens[4] = func(int) {
		if err := errors.Join(replica.Client().ConfigSet(t.Context(), "masterauth", "none that there is").Err(),
			master.Client().ClientKillByFilter(t.Context(), "TYPE", "replica").Err()); err != nil {
			t.Error(err)
		}
	}
	a.happens[8] = func(int) {
		master.Kill()
		cluster.TakeOver(replica)
	}
	if at := a.accounted(); at.Lost == 0 || at.Done == 0 {
		t.Errorf("%+v, where some of it was lost", at)
	}
}
