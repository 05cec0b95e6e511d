package audit

import (
	"context"
	"math/rand/v2"
	"time"
)

// Between tries a batch waits for a random time up to tries × backOff, so that
// one instance of several is not always the slower.
const (
	backOff    = 200 * time.Microsecond
	maxBackOff = 5 * time.Millisecond
)

// chain adds entries to the chain: it seals them behind where the chain ended
// last, and starts again if another instance has added some meanwhile.
func (w *writer) chain(batch []*waiting) error {
	if len(batch) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(w.ctx, attempt)
	defer cancel()
	mine := *w.newest.Load()
	for try := 0; ; try++ {
		done, err := w.tryChain(ctx, batch, mine)
		mine = Head{}                       // whether it still stands is asked once
		if err == nil && !done && try > 0 { // the first try may only have been out of date
			err = waitFor(ctx, rand.N(min(time.Duration(try)*backOff, maxBackOff)))
		}
		if err != nil {
			w.held, w.doubt, w.replaced = unknown(), true, false
			return err
		}
		if done {
			return nil
		}
	}
}

func waitFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) tryChain(ctx context.Context, batch []*waiting, mine Head) (done bool, err error) {
	l, err := w.linked(batch)
	if err != nil {
		return false, err
	}
	began := w.o.Now()
	got, err := w.store.add(ctx, w.held, mine, l.head, l.trim, l.sealed)
	if err != nil {
		return false, err
	}
	w.setClock(began, got.now)
	switch {
	case got.status == newer:
		return false, &Newer{}
	case got.status == appended, got.head.Hash == l.head.Hash:
		w.see(l.head)
		return true, nil
	}
	w.held, w.replaced = got.head, w.replaced || got.replaced
	return false, nil
}

// setClock learns how far the clock of Redis is ahead of ours.
func (w *writer) setClock(began, theirs time.Time) {
	ended := w.o.Now()
	ours := began.Add(ended.Sub(began) / 2)
	w.offset.Store(int64(theirs.Sub(ours)))
}

// see takes h for where the chain ends.
func (w *writer) see(h Head) {
	w.held, w.replaced = h, false
	w.newest.Store(&h)
}

// links are sealed records, and where the chain ends with them.
type links struct {
	head   Head
	trim   int64
	sealed []string // record, hash, record, hash …
}

// maxTrim bounds how many records beyond its own number a batch trims, so that
// a lower limit takes effect in steps that Redis does not feel.
const maxTrim = 200

// linked seals a batch behind what is held. If Redis has lost records that we
// know of, the first of the batch says so.
func (w *writer) linked(batch []*waiting) (links, error) {
	base, lost := w.held, int64(0)
	if mine := *w.newest.Load(); base.Seq >= 0 && (mine.Seq > base.Seq || w.replaced) {
		lost = mine.Seq
		if base.Seq == 0 {
			base = Head{Seq: mine.Seq, Hash: mine.Hash, First: mine.Seq + 1}
		}
	}
	base.First = max(base.First, 1)
	kept := base.Seq - base.First + 1
	excess := kept + int64(len(batch)) - int64(w.o.MaxRecords)
	l := links{head: base, trim: max(0, min(excess, kept, int64(len(batch)+maxTrim)))}
	l.head.First += l.trim
	for _, s := range w.stampAll(batch) {
		l.head.Seq++
		r := Record{Schema: schema, Seq: l.head.Seq, First: l.head.First, Lost: lost, Prev: l.head.Hash, Key: w.seal.id, stamped: s}
		body, err := r.encode()
		if err != nil {
			return links{}, err
		}
		lost = 0
		l.head.Hash = w.seal.seal(body)
		l.sealed = append(l.sealed, body, l.head.Hash)
	}
	return l, nil
}
