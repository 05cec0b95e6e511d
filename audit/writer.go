package audit

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

// waiting is an entry on its way into the chain.
type waiting struct {
	stamped
	at     time.Time  // by our own clock
	stored chan error // told where somebody waits; else nil
	mark   bool       // no entry, only somebody who waits for those before it
}

func (w *waiting) tell(err error) {
	if w.stored != nil {
		w.stored <- err
	}
}

const (
	maxBatch   = 64              // records in one round trip
	maxBacklog = 1024            // records kept in memory while Redis takes none
	attempt    = 2 * time.Second // for one batch, whatever Redis does
	pause      = time.Second     // before Redis is tried again
	look       = time.Minute     // between looks for what is due: orphaned files, the head
)

// writer is the one goroutine that writes.
type writer struct {
	*Log
	held    Head // where the chain in Redis ends, as far as known
	backlog []*waiting

	replaced bool // another record stands in the place of our newest

	doubt   bool      // Redis may have taken some of the backlog
	due     bool      // a file waits to be merged
	rest    time.Time // Redis is left alone until then, unless somebody waits
	trouble bool      // Redis took none the last time
	headDue time.Time // when the head goes to the log next
}

// unknown is a head that no chain has.
func unknown() Head { return Head{Seq: -1} }

func newWriter(l *Log) *writer { return &writer{Log: l, held: unknown(), due: l.spool != nil} }

// run writes until the log is closed and nothing waits any more.
func (w *writer) run() {
	defer close(w.ended)
	looks := time.NewTicker(look)
	defer looks.Stop()
	for {
		select {
		case first := <-w.queue:
			w.write(w.gather(first))
		case <-w.retry():
			w.write(nil)
		case <-looks.C:
			w.due = w.spool != nil
			w.logHeadDaily()
		case <-w.closing:
			w.drain()
			return
		}
	}
}

// retry fires when something waits for Redis to be back.
func (w *writer) retry() <-chan time.Time {
	if len(w.backlog) == 0 && !w.due {
		return nil
	}
	return time.After(w.rest.Sub(w.o.Now()))
}

// gather takes what waits besides first, as far as it fits in one batch.
func (w *writer) gather(first *waiting) []*waiting {
	batch := []*waiting{first}
	for len(batch) < w.batchSize() {
		select {
		case next := <-w.queue:
			batch = append(batch, next)
		default:
			return batch
		}
	}
	return batch
}

func (w *writer) batchSize() int { return min(maxBatch, w.o.MaxRecords) }

func (w *writer) drain() {
	for {
		select {
		case first := <-w.queue:
			w.write(w.gather(first))
			continue
		default:
		}
		if len(w.backlog) > 0 {
			w.write(nil)
		}
		if n := len(w.backlog); n > 0 {
			w.giveUp(n, "Helix ends while Redis takes none")
		}
		return
	}
}

// write puts a batch into the chain, or else where it can wait, and tells
// those who wait for either.
func (w *writer) write(batch []*waiting) {
	var entries []*waiting
	for _, one := range batch {
		if one.mark {
			defer one.tell(nil)
		} else {
			entries = append(entries, one)
		}
	}
	w.writeEntries(entries)
}

func (w *writer) writeEntries(batch []*waiting) {
	if !urgent(batch) && w.o.Now().Before(w.rest) {
		w.setAside(batch, errResting)
		return
	}
	err := w.chain(batch)
	if err == nil {
		for _, one := range batch {
			one.tell(nil)
		}
		batch, err = nil, w.catchUp()
	}
	w.tellTrouble(err)
	if err != nil {
		w.rest = w.o.Now().Add(pause)
		w.setAside(batch, err)
	}
}

// tellTrouble logs when Redis stops taking records, and when it does again.
func (w *writer) tellTrouble(err error) {
	switch {
	case err != nil && !w.trouble:
		w.o.Log.Warn("Redis takes no audit records", zap.Error(err))
	case err == nil && w.trouble:
		w.o.Log.Info("Redis takes audit records again")
	}
	w.trouble = err != nil
}

var errResting = errors.New("redis took no records a moment ago")

func urgent(batch []*waiting) bool {
	for _, one := range batch {
		if one.stored != nil {
			return true
		}
	}
	return false
}

// setAside keeps a batch for later: in the file, or else in memory unless
// somebody waits for it, who is told.
func (w *writer) setAside(batch []*waiting, why error) {
	if len(batch) == 0 {
		return
	}
	if later := (*Newer)(nil); w.spool != nil && !errors.As(why, &later) {
		fileErr := w.spool.keep(w.stampAll(batch))
		if fileErr == nil {
			w.due = true
			for _, one := range batch {
				one.tell(nil)
			}
			return
		}
		w.o.Log.Error("audit records cannot be kept in a file", zap.Error(fileErr))
		why = errors.Join(why, fileErr)
	}
	dropped := 0
	for _, one := range batch {
		switch {
		case one.stored != nil:
			one.tell(why)
		case len(w.backlog) < maxBacklog:
			w.backlog = append(w.backlog, one)
		default:
			dropped++
		}
	}
	if dropped > 0 {
		w.giveUp(dropped, why.Error())
	}
}

// stampAll gives entries their times by the clock of Redis.
func (w *writer) stampAll(batch []*waiting) []stamped {
	list := make([]stamped, len(batch))
	for i, one := range batch {
		list[i] = one.stamped
		if list[i].At == 0 {
			list[i].At = one.at.Add(time.Duration(w.offset.Load())).UnixMilli()
		}
	}
	return list
}

// catchUp writes what has been waiting for Redis, in memory and in files.
func (w *writer) catchUp() error {
	if err := w.writeBacklog(); err != nil {
		return err
	}
	if !w.due {
		return nil
	}
	var refused error
	err := w.spool.merge(w.o.Now(), func(entries []stamped) error {
		refused = w.mergeAll(entries)
		return refused
	})
	if refused != nil {
		return refused
	}
	w.due = false
	if err != nil { // the next look tries again
		w.o.Log.Error("audit records cannot be taken from a file", zap.Error(err))
	}
	return nil
}

func (w *writer) writeBacklog() error {
	if len(w.backlog) == 0 {
		return nil
	}
	if w.doubt {
		known, err := w.known(len(w.backlog))
		if err != nil {
			return err
		}
		var left []*waiting
		for _, one := range w.backlog {
			if !known[one.ID] {
				left = append(left, one)
			}
		}
		w.backlog, w.doubt = left, false
	}
	for len(w.backlog) > 0 {
		n := min(len(w.backlog), w.batchSize())
		if err := w.chain(w.backlog[:n]); err != nil {
			return err
		}
		w.backlog = w.backlog[n:]
	}
	return nil
}

// mergeAll writes the entries of a file that are not in the chain yet.
func (w *writer) mergeAll(entries []stamped) error {
	known, err := w.known(len(entries))
	if err != nil {
		return err
	}
	var left []*waiting
	for _, e := range entries {
		if !known[e.ID] {
			left = append(left, &waiting{stamped: e})
		}
	}
	for len(left) > 0 {
		n := min(len(left), w.batchSize())
		if err := w.chain(left[:n]); err != nil {
			return err
		}
		left = left[n:]
	}
	return nil
}

// recent is how far back, beside as many as are written, a record is looked
// for that Redis may have taken although its reply was lost.
const recent = 1000

// known answers the ids of the newest records.
func (w *writer) known(n int) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(w.ctx, attempt)
	defer cancel()
	ids := make(map[string]bool)
	seen := 0
	err := w.store.newestFirst(ctx, func(it item) bool {
		if r, ok := decode(it.body); ok {
			ids[r.ID] = true
		}
		seen++
		return seen < recent+n
	})
	return ids, err
}
