package keyspace

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

// ApplyOptions say how hard the servers may be worked. Their fields are those
// of Query; of Progress only Applied is told.
type ApplyOptions struct {
	Share    int
	Patience time.Duration
	Progress func(Progress)
}

// Applied is what a run came to. Every key that was sent to a server counts in
// Asked and in exactly one of the outcomes.
type Applied struct {
	Asked     int64
	Changed   int64
	Unchanged int64
	Missing   int64
	Answered  int64
	TooLarge  int64
	Refused   int64
	Unknown   int64

	Again    int64         // keys sent once more because a reply was lost
	Calls    int64         // batches
	Server   time.Duration // how long the servers worked on them together: an estimate
	Resumed  int           // lost connections that were mended
	Replaced int           // servers whose place another process took, or may have if it does not say who it is; it may lack what was changed before
	Scan     Stats         // of Apply: the scan that found the keys
	Partial  bool          // it ended before every key was settled
}

// UnfinishedError says that a run ended early, and how far it came.
type UnfinishedError struct {
	Applied Applied
	Err     error // why it ended; the server's own words are a redis.Error
}

func (e *UnfinishedError) Error() string {
	a := e.Applied
	return fmt.Sprintf("it ended early: of %d keys asked for %d are settled, of %d it is not known: %v", a.Asked, a.Asked-a.Unknown, a.Unknown, e.Err)
}

func (e *UnfinishedError) Unwrap() error { return e.Err }

// Apply carries an operation out on every key that the query means, while the
// scan goes on. done, where set, is told what became of each key, in batches
// that never overlap; the slices belong to Apply and are valid until it
// returns. Its error ends the run and is answered as it is; any other error is
// an *UnfinishedError. Without done, the numbers in Applied are all there is,
// and keys are named many to a command where the operation can.
//
// A batch holds as many keys as the server works on for a millisecond, as
// measured. In a Cluster each master has its own batches, and keys are followed
// to where their slot has moved.
//
// The end of ctx ends the run at once. A lost connection is mended and what was
// not answered is sent again. Every operation has the same effect when it is
// carried out twice, but who made a change can then not always be told: such
// keys count as Unknown unless the second time has changed them (again). They
// are settled on the server nevertheless; Partial and the error say whether any
// are not.
func (k *Keyspace) Apply(ctx context.Context, q Query, op Operation, done func([]Result) error) (Applied, error) {
	r := newRun(k.client, op, ApplyOptions{Share: q.Share, Patience: q.Patience, Progress: q.Progress}, done)
	if q.Progress != nil {
		q.Progress = r.scanned
	}
	return r.over(ctx, func(ctx context.Context) (err error) {
		r.applied.Scan, err = k.scan(ctx, q, r.loads, func(keys [][]byte) error {
			for _, key := range keys {
				if err := r.add(ctx, key); err != nil {
					return err
				}
			}
			return nil
		})
		return err
	})
}

// ApplyTo does what Apply does, to listed keys in about their order. A key that
// is listed twice is asked for twice. The slices are copied; the list is not
// read on before there is room.
func (k *Keyspace) ApplyTo(ctx context.Context, keys iter.Seq[[]byte], op Operation, o ApplyOptions, done func([]Result) error) (Applied, error) {
	r := newRun(k.client, op, o, done)
	return r.over(ctx, func(ctx context.Context) error {
		for key := range keys {
			if err := r.add(ctx, key); err != nil {
				return err
			}
		}
		return nil
	})
}

// run is one operation on many keys.
type run struct {
	client  redis.UniversalClient
	op      Operation
	options ApplyOptions
	done    func([]Result) error
	loads   *loads

	group   *errgroup.Group
	workers map[*redis.Client]*worker

	mu       sync.Mutex // one account at a time
	applied  Applied
	progress Progress
	doneErr  error
}

func newRun(client redis.UniversalClient, op Operation, o ApplyOptions, done func([]Result) error) *run {
	return &run{
		client: client, op: op, options: o, done: done, loads: newLoads(true),
		workers: make(map[*redis.Client]*worker),
	}
}

// over runs until every key is settled that feed adds.
func (r *run) over(ctx context.Context, feed func(context.Context) error) (Applied, error) {
	r.group, ctx = errgroup.WithContext(ctx)
	feedErr := feed(ctx)
	for _, w := range r.workers {
		if err := w.flush(ctx); err != nil && feedErr == nil {
			feedErr = err
		}
		close(w.full)
	}
	err := r.group.Wait()
	for _, w := range r.workers {
		r.applied.add(w.tally)
	}
	if r.doneErr != nil {
		return r.applied, r.doneErr
	}
	if err == nil {
		err = feedErr
	}
	if err == nil {
		return r.applied, nil
	}
	var partial *PartialError
	if errors.As(err, &partial) {
		err = partial.Err
	}
	r.applied.Partial = true
	return r.applied, &UnfinishedError{Applied: r.applied, Err: err}
}

// add gives a key to the worker of its server.
func (r *run) add(ctx context.Context, key []byte) error {
	client, err := r.master(ctx, key)
	if err != nil {
		return err
	}
	w := r.workers[client]
	if w == nil {
		w = newWorker(ctx, r, client)
		r.workers[client] = w
		r.group.Go(func() error { return w.work(ctx) })
	}
	return w.put(ctx, key)
}

// master answers the server that a key is thought to be on.
func (r *run) master(ctx context.Context, key []byte) (*redis.Client, error) {
	switch c := r.client.(type) {
	case *redis.Client:
		return c, nil
	case *redis.ClusterClient:
		node, err := c.MasterForKey(ctx, string(key))
		if err != nil {
			return nil, fmt.Errorf("find the master of a key: %w", err)
		}
		return node, nil
	}
	return nil, fmt.Errorf("the keys of a %T cannot be changed", r.client)
}

// lookUpSlots has the client of a Cluster ask, soon, where the slots are now.
func (r *run) lookUpSlots(ctx context.Context) {
	if cluster, ok := r.client.(*redis.ClusterClient); ok {
		cluster.ReloadState(ctx)
	}
}

// masterAt answers the master of a Cluster at an address that one of its servers
// named.
func (r *run) masterAt(ctx context.Context, addr string) (*redis.Client, error) {
	cluster, ok := r.client.(*redis.ClusterClient)
	if !ok {
		return nil, &refusedError{fmt.Errorf("the server is part of a Cluster and sends a key to %s", addr)}
	}
	all, err := Masters(ctx, cluster)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Options().Addr == addr {
			return c, nil
		}
	}
	r.lookUpSlots(ctx)
	return nil, fmt.Errorf("no master of the Cluster is known at %s", addr)
}

// together reports whether many keys may be named in one command: who is told
// of each key needs a reply for each, and in a Cluster the keys of a command
// have to be of one slot.
func (r *run) together() bool {
	_, cluster := r.client.(*redis.ClusterClient)
	return r.op.many != "" && r.done == nil && !cluster
}

// account takes what became of a batch.
func (r *run) account(results []Result) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range results {
		r.applied.count(results[i].Outcome)
	}
	r.progress.Applied = r.applied.Asked
	if r.done != nil && r.doneErr == nil && len(results) > 0 {
		r.doneErr = r.done(results)
	}
	r.tell()
	return r.doneErr
}

// scanned takes over how far the scan is.
func (r *run) scanned(p Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Applied = r.progress.Applied
	r.progress = p
	r.tell()
}

func (r *run) tell() {
	if r.options.Progress != nil {
		r.options.Progress(r.progress)
	}
}

func (a *Applied) count(o Outcome) {
	a.Asked++
	switch o {
	case Changed:
		a.Changed++
	case Unchanged:
		a.Unchanged++
	case Missing:
		a.Missing++
	case Answered:
		a.Answered++
	case TooLarge:
		a.TooLarge++
	case Refused:
		a.Refused++
	case Unknown:
		a.Unknown++
	}
}

// add takes what the calls of one worker came to.
func (a *Applied) add(t tally) {
	a.Calls += t.calls
	a.Server += t.server
	a.Again += t.again
	a.Resumed += t.resumed
	a.Replaced += t.replaced
}
