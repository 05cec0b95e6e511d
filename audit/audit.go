// Package audit records who asked for what, and how it ended: in a capped
// stream in Redis, whose records carry a chain of hashes, and in the structured
// log. While Redis takes no records they wait in a file. It never changes a
// record, and never holds up who only reads.
package audit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/script"
)

// Options is what a Log works with. Client and Log are needed.
type Options struct {
	Client redis.UniversalClient
	Log    *zap.Logger

	// Key makes the chain one that only its holder can write. It is kept
	// outside Redis. Empty: anybody can make the hashes.
	Key        string
	MaxRecords int    // that Redis keeps; 0 means 100,000
	Dir        string // where records wait while Redis takes none; empty: nowhere

	// Redact takes secrets out of lines. Nil leaves them as they are.
	Redact func(string) string

	Now func() time.Time // nil means time.Now
}

const defaultMaxRecords = 100_000

// Log is the audit. Its methods may be called from several goroutines. One
// goroutine writes, from Open to Close, many records in one round trip.
type Log struct {
	o      Options
	seal   sealer
	store  store
	spool  *spool // nil without a directory
	queue  chan *waiting
	offset atomic.Int64 // nanoseconds that the clock of Redis is ahead of ours
	lost   atomic.Int64 // records given up

	newest atomic.Pointer[Head] // that this instance wrote or saw

	ctx     context.Context // ends when Close has waited long enough
	cancel  context.CancelFunc
	closing chan struct{}
	once    sync.Once
	ended   chan struct{}
}

// maxQueue bounds the records that wait for the writer.
const maxQueue = 4096

// Open starts the audit. Nothing is asked of Redis until the first record.
func Open(o Options) *Log {
	if o.MaxRecords <= 0 {
		o.MaxRecords = defaultMaxRecords
	}
	if o.Redact == nil {
		o.Redact = func(s string) string { return s }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Log{
		o: o, seal: newSealer(o.Key),
		store:   store{o.Client, script.New(appendSource)},
		queue:   make(chan *waiting, maxQueue),
		closing: make(chan struct{}), ended: make(chan struct{}),
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.newest.Store(&Head{})
	if o.Dir != "" {
		l.spool = newSpool(o.Dir, l.seal)
	}
	go newWriter(l).run()
	return l
}

// Keyed reports whether the chain has a key.
func (l *Log) Keyed() bool { return l.seal.key != nil }

// Lost answers how many records had to be given up; the structured log has
// them all the same.
func (l *Log) Lost() int64 { return l.lost.Load() }

// closeGrace bounds how long Close waits for Redis.
const closeGrace = time.Second

// Close writes what waits and ends the audit. What Redis does not take within
// a second goes to the file, or is given up.
func (l *Log) Close() error {
	l.once.Do(func() { close(l.closing) })
	timer := time.AfterFunc(closeGrace, l.cancel)
	defer timer.Stop()
	<-l.ended
	l.cancel()
	return nil
}

// Require records an entry before what it tells of happens. The error is an
// *Unrecorded, or why ctx ended.
func (l *Log) Require(ctx context.Context, e Entry) error {
	w := l.accept(e)
	w.stored = make(chan error, 1)
	select {
	case l.queue <- w:
	case <-l.ended:
		return &Unrecorded{Err: context.Canceled, File: l.spool != nil}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-w.stored:
		if err != nil {
			return &Unrecorded{Err: err, File: l.spool != nil}
		}
		return nil
	case <-l.ended:
		return &Unrecorded{Err: context.Canceled, File: l.spool != nil}
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Add records an entry soon, without holding up the caller.
func (l *Log) Add(e Entry) {
	select {
	case l.queue <- l.accept(e):
	default:
		l.giveUp(1, "too many wait already")
	}
}

// Flush waits until what was recorded before is written, or cannot be for now.
func (l *Log) Flush(ctx context.Context) {
	w := &waiting{mark: true, stored: make(chan error, 1)}
	select {
	case l.queue <- w:
	case <-l.ended:
		return
	case <-ctx.Done():
		return
	}
	select {
	case <-w.stored:
	case <-l.ended:
	case <-ctx.Done():
	}
}

// accept makes an entry fit for a record, and logs it.
func (l *Log) accept(e Entry) *waiting {
	w := &waiting{at: l.o.Now(), stamped: stamped{ID: newID(), Entry: e.bounded(l.o.Redact)}}
	l.o.Log.Info("audit", fields(w.stamped)...)
	return w
}

func (l *Log) giveUp(n int, why string) {
	total := l.lost.Add(int64(n))
	l.o.Log.Warn("audit records are in this log alone", zap.Int("records", n), zap.Int64("since_start", total), zap.String("why", why))
}

func fields(s stamped) []zap.Field {
	return []zap.Field{
		zap.String("event", string(s.Event)), zap.String("id", s.ID), zap.String("request", s.Request),
		zap.String("by", s.By), zap.String("name", s.Name), zap.Strings("roles", s.Roles),
		zap.String("guild", s.Guild), zap.String("channel", s.Where), zap.String("parent", s.Parent),
		zap.String("line", s.Line), zap.Strings("commands", s.Commands), zap.Any("counts", s.Counts),
		zap.Strings("changes", s.Changes), zap.String("outcome", s.Outcome), zap.Int("status", s.Status),
		zap.Int64("took_ms", s.Took), zap.String("plan", s.Plan), zap.String("approver", s.Approver),
	}
}
