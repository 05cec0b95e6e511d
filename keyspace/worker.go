package keyspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/helix-collective/helix/clock"
	"github.com/redis/go-redis/v9"
)

// worker carries out the operation of a run on the keys of one server.
type worker struct {
	run   *run
	full  chan *page // to be worked on
	free  chan *page // to be filled
	want  atomic.Int32
	tally tally

	filling *page // by the run

	main  *lane
	other map[string]*lane // to servers that keys have moved to, by address
	close []func()

	results  []Result
	sizeless bool // the server does not say what keys take
}

func newWorker(ctx context.Context, r *run, client *redis.Client) *worker {
	w := &worker{
		run: r, other: make(map[string]*lane),
		full: make(chan *page, pagesAhead),
		free: make(chan *page, pagesAhead+2), // waiting, being filled, being worked on
	}
	for range cap(w.free) {
		w.free <- &page{}
	}
	w.main = w.open(ctx, client)
	w.want.Store(int32(w.main.pace.ask))
	return w
}

func (w *worker) open(ctx context.Context, client *redis.Client) *lane {
	l, closeLane := newLane(ctx, client, w.run, &w.tally)
	w.close = append(w.close, closeLane)
	return l
}

// put gives the worker one more key. It waits while there is enough to do.
func (w *worker) put(ctx context.Context, key []byte) error {
	if w.filling == nil {
		select {
		case w.filling = <-w.free:
			w.filling.reset()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	copy(w.filling.room(len(key)), key)
	if len(w.filling.keys) < int(w.want.Load()) && w.filling.size < maxReply {
		return nil
	}
	return w.flush(ctx)
}

// flush lets the worker begin with what it has been given.
func (w *worker) flush(ctx context.Context) error {
	if w.filling == nil {
		return nil
	}
	select {
	case w.full <- w.filling:
		w.filling = nil
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// work ends when everything is done that the worker was given.
func (w *worker) work(ctx context.Context) error {
	defer func() {
		for _, closeLane := range w.close {
			closeLane()
		}
	}()
	for p := range w.full {
		for keys := p.keys; len(keys) > 0; {
			n := min(len(keys), w.main.pace.ask)
			if err := w.batch(ctx, keys[:n]); err != nil {
				return err
			}
			keys = keys[n:]
			w.want.Store(int32(w.main.pace.ask))
		}
		w.free <- p
	}
	return nil
}

// batch carries the operation out on keys and accounts for each of them.
func (w *worker) batch(ctx context.Context, keys [][]byte) error {
	w.results = slices.Grow(w.results[:0], len(keys))
	list := make([]*Result, len(keys))
	for i, key := range keys {
		w.results = append(w.results, Result{Key: key})
		list[i] = &w.results[i]
	}
	carryOut := w.carryOut
	if w.run.op.weighs {
		carryOut = w.sized
	}
	err := carryOut(ctx, &w.run.op, list)
	for i := range w.results {
		w.results[i].giveUp()
	}
	w.results = slices.DeleteFunc(w.results, func(r Result) bool { return r.state == unsent })
	if accountErr := w.run.account(w.results); accountErr != nil {
		return accountErr
	}
	return err
}

// maxRounds bounds how often keys of one batch are sent elsewhere, or in another
// form, before the servers are given time.
const maxRounds = 8

// carryOut calls until every key is settled, or there is no hope.
func (w *worker) carryOut(ctx context.Context, op *Operation, list []*Result) error {
	pauses := mends(w.run.options.Patience)
	rounds := 0
	for {
		err := w.round(ctx, op, list)
		list = unsettled(list)
		var refused *refusedError
		switch {
		case errors.As(err, &refused), ctx.Err() != nil && len(list) > 0:
			return endOf(ctx, err)
		case len(list) == 0:
			return nil
		case err == nil && rounds < maxRounds:
			rounds++
			continue
		case len(pauses) == 0:
			return orUnsettled(err)
		}
		if err := clock.Sleep(ctx, pauses[0]); err != nil {
			return err
		}
		pauses, rounds = pauses[1:], 0
	}
}

func orUnsettled(err error) error {
	if err == nil {
		return errors.New("the servers keep sending keys elsewhere")
	}
	return err
}

func unsettled(list []*Result) []*Result {
	return slices.DeleteFunc(list, func(r *Result) bool { return r.state == settled })
}

// round calls once for every key, each where it is thought to be, and answers
// the worst of the errors.
func (w *worker) round(ctx context.Context, op *Operation, list []*Result) error {
	if !slices.ContainsFunc(list, func(r *Result) bool { return r.from.addr != "" }) {
		return w.main.call(ctx, op, list, w.run.together())
	}
	groups := make(map[redirect][]*Result)
	for _, r := range list {
		groups[r.from] = append(groups[r.from], r)
	}
	var worst error
	for to, group := range groups {
		if to.addr != "" && !to.asking {
			w.run.lookUpSlots(ctx)
		}
		l, err := w.lane(ctx, to.addr)
		if err == nil {
			err = l.call(ctx, op, group, false)
		}
		worst = worse(worst, err)
		for _, r := range group {
			if to.asking && r.from == to { // it held for one call
				r.from = redirect{}
			}
		}
	}
	return worst
}

// lane answers the way to the master at an address, which a server of a Cluster
// named.
func (w *worker) lane(ctx context.Context, addr string) (*lane, error) {
	if addr == "" {
		return w.main, nil
	}
	if w.other[addr] != nil {
		return w.other[addr], nil
	}
	client, err := w.run.masterAt(ctx, addr)
	if err != nil {
		return nil, err
	}
	w.other[addr] = w.open(ctx, client)
	return w.other[addr], nil
}

// sized reads values in parts of which no more than one key exceeds what a reply
// may have, and leaves out those above the limit.
func (w *worker) sized(ctx context.Context, op *Operation, list []*Result) error {
	sizes, err := w.sizes(ctx, list)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		n, bytes := 0, int64(0)
		var part []*Result
		for ; n < len(list) && (n == 0 || bytes+sizes[n].Size <= maxReply) && n < w.main.pace.ask; n++ {
			switch r := list[n]; {
			case sizes[n].Outcome == Missing:
				r.Outcome, r.state = Missing, settled
			case sizes[n].Size > op.most:
				r.Outcome, r.Size, r.state = TooLarge, sizes[n].Size, settled
			default:
				part, bytes = append(part, r), bytes+sizes[n].Size
			}
		}
		list, sizes = list[n:], sizes[n:]
		if len(part) == 0 {
			continue
		}
		if err := w.carryOut(ctx, op, part); err != nil {
			return err
		}
	}
	return nil
}

// sizes asks what keys take. Where the server will not say, it is taken for
// nothing.
func (w *worker) sizes(ctx context.Context, list []*Result) ([]Result, error) {
	sizes := make([]Result, len(list))
	if w.sizeless {
		return sizes, nil
	}
	asked := make([]*Result, len(list))
	for i, r := range list {
		sizes[i].Key = r.Key
		asked[i] = &sizes[i]
	}
	usage := MemoryUsage()
	usage.aside = true
	err := w.carryOut(ctx, &usage, asked)
	var refused *refusedError
	if w.sizeless = errors.As(err, &refused); w.sizeless {
		return make([]Result, len(list)), nil
	}
	if err != nil {
		err = fmt.Errorf("ask what keys take: %w", err)
	}
	return sizes, err
}
