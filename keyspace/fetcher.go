package keyspace

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/clock"
	"github.com/redis/go-redis/v9"
)

// fetcher asks one server for page after page, one at a time.
type fetcher struct {
	link  *ownLink
	query Query
	pace  *pace
	load  *load
	scan  *scan
	full  chan *page // to be visited
	free  chan *page // to be filled; never holds up who gives one back

	conn   net.Conn // whose server the cursor belongs to
	server string
	ahead  *sent // nil: no call is on its way
}

// sent is a call on its way.
type sent struct {
	cursor string
	ask    int
	at     time.Time
}

// start is the cursor that begins a scan, and the one that ends it.
const start = "0"

// run ends when the server has been scanned whole.
func (f *fetcher) run(ctx context.Context) error {
	f.size(ctx)
	for cursor := start; ; {
		p, err := f.nextPage(ctx, &cursor)
		if err != nil {
			return endOf(ctx, err)
		}
		select {
		case f.full <- p:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if cursor == start {
			return nil
		}
		if err := f.settle(ctx, p.work); err != nil {
			return endOf(ctx, err)
		}
	}
}

// size asks how many keys there are, where somebody wants to know how far the
// scan is. A server that refuses to say, or a failure, is left at that: the
// first call of SCAN finds what is wrong.
func (f *fetcher) size(ctx context.Context) {
	if f.query.Progress == nil {
		return
	}
	if n, err := f.link.Client().DBSize(ctx).Result(); err == nil {
		f.scan.expect(n)
	}
}

// endOf answers why a scan ended: a connection that was cut because ctx ended
// is not worth a word.
func endOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// nextPage fetches the page at the cursor and moves the cursor on. Where
// another process answers, it begins anew.
func (f *fetcher) nextPage(ctx context.Context, cursor *string) (*page, error) {
	var p *page
	select {
	case p = <-f.free:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	next, err := f.fetch(ctx, *cursor, p)
	if errors.Is(err, errAnother) && f.scan.restart() {
		next, err = f.fetch(ctx, start, p)
	}
	*cursor = next
	return p, err
}

// settle leaves the server its share of the time, and measures the way to it
// once there is more than one call to make.
func (f *fetcher) settle(ctx context.Context, work time.Duration) error {
	if !f.pace.calibrated() {
		f.link.calibrate(ctx, f.pace)
	}
	f.load.book(work, f.pace.rest(work))
	return f.load.wait(ctx)
}

// mends are the pauses before each further attempt after a lost connection, for
// as long as patience lasts.
func mends(patience time.Duration) []time.Duration {
	pauses := []time.Duration{50 * time.Millisecond, 250 * time.Millisecond, time.Second}
	for all := 1300 * time.Millisecond; all < patience; all += time.Second {
		pauses = append(pauses, time.Second)
	}
	return pauses
}

func (f *fetcher) fetch(ctx context.Context, cursor string, p *page) (next string, err error) {
	next, err = f.call(ctx, cursor, p)
	for _, pause := range mends(f.query.Patience) {
		if err == nil || !mendable(err) {
			break
		}
		if err := clock.Sleep(ctx, pause); err != nil {
			return "", err
		}
		next, err = f.call(ctx, cursor, p)
	}
	return next, err
}

// mendable reports whether the same call may succeed on a new connection. What
// a server answers is final, unless it is about to be ready.
func mendable(err error) bool {
	var answer redis.Error
	if errors.As(err, &answer) {
		return strings.HasPrefix(answer.Error(), "LOADING ")
	}
	return !errors.Is(err, errAnother) && !errors.Is(err, errReply) && !errors.Is(err, errLongKey)
}

// call makes the call for the page at the cursor, and sends the next one as
// soon as its cursor is known: the server works on it while this one's keys are
// still being read. A call that fails costs the connection.
func (f *fetcher) call(ctx context.Context, cursor string, p *page) (next string, err error) {
	defer func() {
		var answer redis.Error
		if err != nil && !errors.As(err, &answer) && !errors.Is(err, errAnother) {
			f.ahead = nil
			f.link.drop()
		}
	}()
	w, err := f.link.open(ctx)
	if err != nil {
		return "", err
	}
	if f.ahead == nil {
		if err := f.sameServer(cursor); err != nil {
			return "", err
		}
		if w.in.Buffered() > 0 { // nobody asked
			return "", errReply
		}
		if err := f.send(w, cursor); err != nil {
			return "", err
		}
	}
	c := *f.ahead
	f.ahead = nil
	return f.receive(w, c, p)
}

func (f *fetcher) send(w *wire, cursor string) error {
	f.ahead = &sent{cursor: cursor, ask: f.pace.ask, at: time.Now()}
	return w.send(f.arguments(cursor, f.pace.ask)...)
}

// receive reads the reply to a call.
func (f *fetcher) receive(w *wire, c sent, p *page) (next string, err error) {
	there, err := w.await()
	if err != nil {
		return "", err
	}
	var took time.Duration
	if !there {
		took = f.load.took(c.at, f.pace.floor)
	}
	next, keys, err := w.head()
	if err != nil {
		return "", err
	}
	if next != start && f.pace.unceasing() {
		if err := f.send(w, next); err != nil {
			return "", err
		}
	}
	p.reset()
	if err := w.rest(keys, p); err != nil {
		return "", err
	}
	p.looked = c.ask
	if there { // nobody knows since when
		p.work = f.pace.estimate(c.ask)
	} else {
		p.work = f.pace.call(c.ask, took)
	}
	f.pace.fit(c.ask, p.size)
	return next, nil
}

func (f *fetcher) arguments(cursor string, ask int) []string {
	args := []string{"SCAN", cursor, "COUNT", strconv.Itoa(ask)}
	if f.query.Pattern != "" && f.query.Pattern != "*" {
		args = append(args, "MATCH", f.query.Pattern)
	}
	if f.query.Type != "" {
		args = append(args, "TYPE", f.query.Type)
	}
	return args
}

// errAnother is an answer to a cursor that belongs to another process.
var errAnother = errors.New("another server answers now than at the start of the scan")

// sameServer holds the server that the link is connected to against the one
// that the cursor came from.
func (f *fetcher) sameServer(cursor string) error {
	server, conn := f.link.connected()
	if conn == f.conn {
		return nil
	}
	first, known := f.conn == nil, f.server != "" && server == f.server
	f.conn, f.server = conn, server
	switch {
	case first || cursor == start:
		return nil
	case known:
		f.scan.note(func(stats *Stats) { stats.Resumed++ })
		return nil
	case server == "":
		return fmt.Errorf("%w, or the same that may not say so (INFO is refused)", errAnother)
	}
	return errAnother
}
