package change_test

import (
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
	"github.com/helix-collective/helix/replicas"
)

// appending is a change whose commands must not be made twice: each of its keys
// holds "v" before, and "vx" afterwards.
type appending struct {
	t       *testing.T
	id      string
	keys    []string
	client  redis.UniversalClient
	journal *journal.Journal
	happens map[int]func(watched int) // right before a batch, of so many transactions, is made
	done    func()                    // after each command that was told of; may be nil
	made    int64                     // of those, those that Redis lost again among them
	lacking int64                     // of those, which no replica has

	unanswered int // of those, which lost their replies

	patience time.Duration
	ctx      context.Context // of the run; nil: the test's
}

func newAppending(t *testing.T, client redis.UniversalClient, id string, n int) *appending {
	t.Helper()
	j, err := journal.Open(journal.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	a := &appending{t: t, id: id, client: client, journal: j, happens: make(map[int]func(int))}
	for i := range n {
		a.keys = append(a.keys, fmt.Sprintf("%s:%d", id, i))
	}
	_, err = client.Pipelined(t.Context(), func(p redis.Pipeliner) error {
		for _, k := range a.keys {
			p.Set(t.Context(), k, "v", time.Hour)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *appending) options(j change.Journal) change.Options {
	return change.Options{
		Client:  func(int) (redis.UniversalClient, error) { return a.client, nil },
		Journal: j, ID: a.id, Patience: a.patience,
	}
}

// run makes the change, and answers its end and where the journal says that it
// is.
func (a *appending) run() (at change.Position, err error) {
	a.t.Helper()
	w, failed := a.journal.Begin(journal.Header{ID: a.id})
	if failed != nil {
		a.t.Fatal(failed)
	}
	var steps []change.Step
	for _, k := range a.keys {
		steps = append(steps, on(k, true, "APPEND", k, "x"))
	}
	e := change.New(a.options(&interposed{Writer: w, happens: a.happens}))
	ctx := a.ctx
	if ctx == nil {
		ctx = a.t.Context()
	}
	err = e.Run(ctx, from(steps), func(d change.Done) error {
		if d.Reply == nil {
			a.unanswered++
		}
		if a.made++; a.done != nil {
			a.done()
		}
		return nil
	})
	a.lacking = e.Unreplicated()
	e.Close()
	if failed := w.Close("over"); failed != nil {
		a.t.Fatal(failed)
	}
	return a.position(), err
}

// recovered answers where the change is found to be after it was interrupted, and
// has that kept.
func (a *appending) recovered() change.Position {
	a.t.Helper()
	w, err := a.journal.Resume(a.id)
	if err != nil {
		a.t.Fatal(err)
	}
	found := a.found()
	for _, states := range found.States {
		if err := w.After(states); err != nil {
			a.t.Fatal(err)
		}
	}
	if err := errors.Join(w.Mark(found.Mark()), w.Close("interrupted"), found.Forget(a.t.Context(), a.options(nil))); err != nil {
		a.t.Fatal(err)
	}
	return found.Position
}

// found answers where the change is found to be by who looks into it.
func (a *appending) found() change.Found {
	a.t.Helper()
	r, err := a.journal.Read(a.id)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Close()
	found, err := change.Recover(a.t.Context(), a.options(nil), r)
	if err != nil {
		a.t.Fatal(err)
	}
	return found
}

// position answers the last that the journal has.
func (a *appending) position() (at change.Position) {
	a.t.Helper()
	r, err := a.journal.Read(a.id)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Close()
	marks, err := r.Marks()
	if err != nil {
		a.t.Fatal(err)
	}
	for n := range r.Summary().Batches {
		b, err := r.Batch(n)
		if err != nil {
			a.t.Fatal(err)
		}
		marks = append(marks, b.Marks...)
	}
	for _, m := range marks {
		if p, ok := change.ReadPosition(m); ok {
			at = p
		}
	}
	return at
}

// shown counts the commands that the keyspace shows, none of them twice.
func (a *appending) shown() (n int64) {
	a.t.Helper()
	values := make([]*redis.StringCmd, len(a.keys))
	redistest.Eventually(a.t, "all keys are there", func(ctx context.Context) bool { // a server that was replaced is empty until it is in step
		_, err := a.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, k := range a.keys {
				values[i] = p.Get(ctx, k)
			}
			return nil
		})
		return err == nil
	})
	for i, v := range values {
		switch v.Val() {
		case "vx":
			n++
		case "v":
		default:
			a.t.Errorf("%s holds %q", a.keys[i], v.Val())
		}
	}
	return n
}

// takeBack undoes the change, after which every key is as it was.
func (a *appending) takeBack() {
	a.t.Helper()
	r, err := a.journal.Read(a.id)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Close()
	u := change.NewUndoing(false)
	var steps []change.Step
	for b, err := range r.Backwards() {
		if err != nil || b.Open() {
			a.t.Fatalf("batch %d is open, or %v", b.Number, err)
		}
		for i, image := range b.Images {
			if e := (change.Entry{Before: image, After: b.States[i]}); !e.Void() {
				steps = append(steps, u.Step(e))
			}
		}
	}
	e := change.New(a.options(nil))
	defer e.Close()
	if err := e.Run(a.t.Context(), from(steps), func(d change.Done) error {
		if v := *d.Step.Note.(*change.Verdict); v > change.Restored {
			a.t.Errorf("%s: verdict %d", d.Step.Keys[0].Name, v)
		}
		return nil
	}); err != nil {
		a.t.Fatal(err)
	}
	if n := a.shown(); n != 0 {
		a.t.Errorf("%d commands can be seen after undo", n)
	}
}

// accounted makes the change, holds what is reported against what can be seen,
// and takes it back.
func (a *appending) accounted() (at change.Position) {
	a.t.Helper()
	at, err := a.run()
	var undone *change.UndoneError
	if errors.As(err, &undone) != (at.Lost > 0) || undone != nil && undone.Commands != at.Lost {
		a.t.Errorf("it ends with %v, at %+v", err, at)
	}
	if err != nil && undone == nil {
		a.t.Errorf("it ends with %v", err)
	}
	if shown := a.shown(); shown != at.Done || a.made != at.Done+at.Lost {
		a.t.Errorf("%d commands can be seen, %d were told of, at %+v, %v", shown, a.made, at, err)
	}
	if err == nil && at.Done != int64(len(a.keys)) {
		a.t.Errorf("all is well at %+v", at)
	}
	if found := a.found(); found.Done != at.Done || found.Lost != at.Lost || found.Unsure != at.Unsure {
		a.t.Errorf("who looks into it later finds %+v, and it was at %+v", found.Position, at)
	}
	a.takeBack()
	return at
}

// interposed is a journal that has something happen right before one of its
// batches is made.
type interposed struct {
	*journal.Writer
	batch   int
	happens map[int]func(watched int)
}

func (i *interposed) Before(batches ...[]journal.Image) error {
	i.batch++
	if happens := i.happens[i.batch]; happens != nil {
		happens(len(batches))
	}
	return i.Writer.Before(batches...)
}

// awaitAhead waits until more is watched than what is about to be made.
func awaitAhead(t *testing.T, s *redistest.Server, watched int) {
	t.Helper()
	client := s.Client()
	redistest.Eventually(t, "the next batch is watched", func(ctx context.Context) bool {
		list, err := client.ClientList(ctx).Result()
		return err == nil && strings.Count(list, " cmd=pttl ") > watched
	})
}

func TestAChangeOutlivesAFailover(t *testing.T) {
	s := redistest.Sentinel(t)
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: redistest.MasterName, SentinelAddrs: s.Addrs(), Protocol: 2,
		DisableIdentity: true, ReadTimeout: 500 * time.Millisecond, DialerRetries: 1, MaxRetries: 1,
	})
	t.Cleanup(func() { client.Close() })

	paused := newAppending(t, client, "paused", 6000)
	paused.happens[4] = func(watched int) {
		awaitAhead(t, s.Master, watched)
		awaitInStep(t, s.Master, len(s.Replicas))
		s.Master.Pause()
		go func() {
			s.AwaitFailover()
			s.Master.Resume() // and is a master for some seconds, as far as it knows
		}()
	}
	if at := paused.accounted(); at.Lost > 100 {
		t.Errorf("%+v: more than what was under way went to a server that had been replaced", at)
	}
}

// pair is a server and its replica, and a client of whichever was chosen.
type pair struct {
	t      *testing.T
	master *redistest.Server
	second *redistest.Server
	now    atomic.Pointer[redistest.Server]
	client *redis.Client
}

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, master: redistest.Standalone(t, "--repl-diskless-sync-delay", "0")}
	p.second = redistest.Standalone(t, "--replicaof", strings.Replace(p.master.Addr, ":", " ", 1))
	p.now.Store(p.master)
	p.client = redis.NewClient(&redis.Options{
		Addr: "either:1", Protocol: 2, DisableIdentity: true, DialerRetries: 1, MaxRetries: 1,
		Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, p.now.Load().Addr)
		},
	})
	t.Cleanup(func() { p.client.Close() })
	p.inStep()
	return p
}

// inStep waits until the replica has all that the master has.
func (p *pair) inStep() {
	p.t.Helper()
	awaitInStep(p.t, p.master, 1)
}

// awaitInStep waits until so many replicas have all that their master has.
func awaitInStep(t *testing.T, master *redistest.Server, replicas int) {
	t.Helper()
	client := master.Client()
	redistest.Eventually(t, "the replicas are in step", func(ctx context.Context) bool {
		n, err := client.Wait(ctx, replicas, 100*time.Millisecond).Result()
		return err == nil && n >= int64(replicas)
	})
}

// part keeps the replica from getting anything from then on.
func (p *pair) part() {
	p.t.Helper()
	ctx := p.t.Context()
	p.must(p.second.Client().ConfigSet(ctx, "masterauth", "none that there is").Err())
	p.must(p.master.Client().ClientKillByFilter(ctx, "TYPE", "replica").Err())
}

// swap has the replica take the place of its master, which is killed.
func (p *pair) swap() {
	p.t.Helper()
	p.master.Kill()
	p.must(p.second.Client().ReplicaOf(p.t.Context(), "NO", "ONE").Err())
	p.now.Store(p.second)
}

func (p *pair) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func TestAChangeGoesOnWithAReplicaThatIsInStep(t *testing.T) {
	p := newPair(t)
	a := newAppending(t, p.client, "in-step", 3000)
	a.happens[4] = func(int) { p.inStep(); p.swap() }
	if at := a.accounted(); at.Lost > 0 {
		t.Errorf("%+v, although nothing was lost", at)
	}
}

func TestAChangeEndsWhereAReplicaLacksSomeOfIt(t *testing.T) {
	p := newPair(t)
	a := newAppending(t, p.client, "behind", 3000)
	p.inStep()
	a.happens[4] = func(int) { p.part() }
	a.happens[6] = func(int) { p.swap() }
	if at := a.accounted(); at.Lost == 0 || at.Done == 0 {
		t.Errorf("%+v, where some of it was lost", at)
	}
}

// unreplicated makes a change of two keys, and answers of how many commands no
// replica had what it did.
func (p *pair) unreplicated(t *testing.T) (commands int64, err error) {
	t.Helper()
	e := change.New(change.Options{Client: func(int) (redis.UniversalClient, error) { return p.client, nil }, ID: "few"})
	defer e.Close()
	err = e.Run(t.Context(), from([]change.Step{on("a", true, "APPEND", "a", "x"), on("b", true, "APPEND", "b", "x")}),
		func(change.Done) error { return nil })
	return e.Unreplicated(), err
}

func TestAChangeWaitsForAReplica(t *testing.T) {
	p := newPair(t)
	if n, err := p.unreplicated(t); n != 0 || err != nil {
		t.Errorf("%d commands that its replica lacks, %v", n, err)
	}
	if got := p.second.Client().Get(t.Context(), "b").Val(); got != "x" {
		t.Errorf("the replica holds %q", got)
	}
	p.second.Pause()
	if n, err := p.unreplicated(t); n != 2 || err != nil {
		t.Errorf("%d commands that a paused replica lacks, %v", n, err)
	}
	p.second.Resume()
	p.inStep()
	a := newAppending(t, p.client, "gone", 500)
	a.happens[2] = func(int) { p.second.Kill() }
	if _, err := a.run(); err != nil || a.lacking != 500 {
		t.Errorf("%d commands of 500 that a replica lacks which has gone, %v", a.lacking, err)
	}
	if n, err := p.unreplicated(t); n != 0 || err != nil {
		t.Errorf("%d commands where there is no replica, %v", n, err)
	}
}

// A server that is about to be replaced loses its replicas first, and still takes
// changes.
func TestAChangeMissesAReplicaThatWasThereShortlyBefore(t *testing.T) {
	p := newPair(t)
	lately := &replicas.Lately{}
	few := func(id string) int64 {
		e := change.New(change.Options{Client: func(int) (redis.UniversalClient, error) { return p.client, nil }, ID: id, Replicas: lately})
		defer e.Close()
		if err := e.Run(t.Context(), from([]change.Step{on(id, true, "APPEND", id, "x")}), func(change.Done) error { return nil }); err != nil {
			t.Fatal(err)
		}
		return e.Unreplicated()
	}
	tries := 0
	redistest.Eventually(t, "a command that the replica has is not named", func(context.Context) bool {
		tries++ // a busy machine's replica may be late
		return few(fmt.Sprint("before", tries)) == 0
	})
	if err := p.second.Client().ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, "the replica has left", func(ctx context.Context) bool {
		return strings.Contains(p.master.Client().Info(ctx, "replication").Val(), "connected_slaves:0")
	})
	if n := few("after"); n != 1 {
		t.Errorf("%d commands are named that the replica lacks which takes over", n)
	}
}

// A server that is replaced right after the last transaction has not the last
// changes either.
func TestAChangeKnowsWhoHasItAtItsEnd(t *testing.T) {
	p := newPair(t)
	a := newAppending(t, p.client, "end", 64)
	p.inStep()
	a.done = func() {
		if a.made == 64 {
			p.swap()
		}
	}
	a.happens[1] = func(int) { p.part() }
	if at := a.accounted(); at.Lost != 64 {
		t.Errorf("%+v, where all of it was lost", at)
	}
}
