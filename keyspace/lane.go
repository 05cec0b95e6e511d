package keyspace

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// lane is the way of a run's operations to one server: a connection of its own,
// and how much to send over it at a time.
type lane struct {
	link  *ownLink
	pace  *pace
	load  *load
	tally *tally

	conn   net.Conn // over which the last call went
	server string   // that it reached
	older  bool     // the server needs the older form of the operation
	loaded bool     // the server has been given the operation's script
	out    []byte
}

// tally is what the calls of a worker came to.
type tally struct {
	calls, again      int64
	server            time.Duration
	resumed, replaced int
}

// newLane prepares a lane to where client connects to; close ends it.
func newLane(ctx context.Context, client *redis.Client, r *run, t *tally) (l *lane, closeLane func()) {
	own, closeLink := newLink(ctx, client)
	p := newPace(Query{Share: r.options.Share})
	p.aim = applyAim
	return &lane{link: own, pace: p, load: r.loads.of(client.Options().Addr), tally: t}, closeLink
}

// call sends the operation for all keys at once, each in a command of its own
// or, where together is set, all in one, and notes in each result how it ended.
// Its error is why some are not settled: a connection that was lost, a server
// that turned them away for now (*awayError), or one that refused them for good
// (*refusedError). Without an error, those that are not settled are to be
// called again at once.
func (l *lane) call(ctx context.Context, op *Operation, list []*Result, together bool) error {
	if err := l.load.wait(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil { // nothing is to be sent any more
		return context.Cause(ctx)
	}
	w, err := l.connect(ctx)
	if err != nil {
		return err
	}
	if l.older && op.older != nil {
		op = op.older
	}
	if err = l.teach(ctx, op); err == nil {
		err = l.exchange(w, op, list, together)
	}
	var refused *refusedError
	if err != nil && !errors.As(err, &refused) { // who turns calls away may be the wrong one by now
		l.link.drop()
	}
	return err
}

// connect opens the connection, measures the way where more than one call has
// been made, and notes who is reached.
func (l *lane) connect(ctx context.Context) (*wire, error) {
	w, err := l.link.open(ctx)
	if err != nil {
		l.link.drop()
		return nil, err
	}
	server, conn := l.link.connected()
	switch {
	case l.conn == nil || l.conn == conn:
	case l.server != "" && server == l.server:
		l.tally.resumed++
	default:
		l.tally.replaced++
		l.loaded, l.older = false, false
	}
	l.server, l.conn = server, conn
	if l.tally.calls > 0 && !l.pace.calibrated() {
		l.link.calibrate(ctx, l.pace)
	}
	return w, nil
}

// teach gives the server the script that the operation calls.
func (l *lane) teach(ctx context.Context, op *Operation) error {
	if op.script == "" || l.loaded {
		return nil
	}
	err := l.link.Client().ScriptLoad(ctx, op.script).Err()
	var refused redis.Error
	switch {
	case errors.As(err, &refused) && isAway(refused.Error()):
		return &awayError{err}
	case errors.As(err, &refused):
		return &refusedError{fmt.Errorf("the server knows no condition of EXPIRE, as before Redis 7.0, and takes no script in its place: %w", err)}
	}
	l.loaded = err == nil
	return err
}

// exchange sends one batch and reads the replies.
func (l *lane) exchange(w *wire, op *Operation, list []*Result, together bool) error {
	if w.in.Buffered() > 0 { // nobody asked
		return errReply
	}
	l.encode(op, list, together)
	for _, r := range list {
		if r.state == lost {
			l.tally.again++
		}
	}
	sent := time.Now()
	err := w.write(l.out)
	bytes := 0
	switch {
	case err != nil:
	case together:
		err = l.receiveOne(w, op, list)
	default:
		bytes, err = l.receive(w, op, list)
	}
	if err != nil && !isAnswer(err) {
		loseAll(list)
		return err
	}
	l.learn(op, len(list), bytes, l.load.took(sent, l.pace.floor))
	return err
}

// learn takes what a batch took into account.
func (l *lane) learn(op *Operation, keys, bytes int, took time.Duration) {
	work := max(took-l.pace.floor, 0)
	if !op.aside {
		work = l.pace.call(keys, took)
		l.pace.fit(keys, bytes)
	}
	l.load.book(work, l.pace.rest(work))
	l.tally.calls++
	l.tally.server += work
}

// encode puts a batch of commands together.
func (l *lane) encode(op *Operation, list []*Result, together bool) {
	l.out = l.out[:0]
	if together {
		l.out = fmt.Appendf(l.out, "*%d\r\n", 1+len(list))
		l.out = appendKey(l.out, []byte(op.many))
		for _, r := range list {
			l.out = appendKey(l.out, r.Key)
		}
		return
	}
	for _, r := range list {
		for _, c := range op.commands {
			if r.from.asking {
				l.out = append(l.out, "*1\r\n$6\r\nASKING\r\n"...)
			}
			l.out = c.about(l.out, r.Key)
		}
	}
}

// receiveOne reads the only reply to a command that took all keys. Who counts
// keys one by one does not ask in this way, so it does not matter which of them
// the server found.
func (l *lane) receiveOne(w *wire, op *Operation, list []*Result) error {
	a, err := w.answer(0)
	if err != nil {
		return err
	}
	var end error
	for i, r := range list {
		one := a
		one.n = 0
		if int64(i) < a.n {
			one.n = 1
		}
		end = worse(end, l.settle(op, r, one, answer{}))
	}
	return end
}

// receive reads a reply for each command, and answers how many bytes of values
// came. Of what the server would not do it answers the worst when everything
// has been read.
func (l *lane) receive(w *wire, op *Operation, list []*Result) (bytes int, err error) {
	var end error
	for _, r := range list {
		var got [2]answer
		for i := range op.commands {
			if r.from.asking {
				if _, err := w.answer(0); err != nil {
					return bytes, err
				}
			}
			if got[i], err = w.answer(op.most); err != nil {
				return bytes, err
			}
		}
		if got[0].kind == '$' {
			bytes += int(got[0].n)
		}
		end = worse(end, l.settle(op, r, got[0], got[1]))
	}
	return bytes, end
}

// settle notes what the replies mean for one key.
func (l *lane) settle(op *Operation, r *Result, first, second answer) error {
	if op.strings && first.kind == '-' && strings.HasPrefix(string(first.text), "WRONGTYPE") {
		first = answer{kind: '$', null: true}
	}
	refusal := first
	if second.kind == '-' && !(op.changes && first.kind == ':' && first.n > 0) {
		refusal = second
	}
	if refusal.kind == '-' {
		return l.refuse(op, r, string(refusal.text))
	}
	op.judge(r, first, second)
	r.settle(op.changes)
	return nil
}

// refuse notes what an error in a server's reply means for one key.
func (l *lane) refuse(op *Operation, r *Result, words string) error {
	word, rest, _ := strings.Cut(words, " ")
	if r.state == unsent {
		r.state = turned
	}
	switch word {
	case "MOVED", "ASK":
		_, addr, _ := strings.Cut(rest, " ")
		r.from = redirect{addr: addr, asking: word == "ASK"}
		return nil
	case "NOSCRIPT":
		l.loaded = false
		return nil
	}
	if isAway(words) {
		return &awayError{serverError(words)}
	}
	if op.older != nil && strings.HasPrefix(words, "ERR wrong number of arguments") {
		l.older = true
		return nil
	}
	r.Outcome = Refused
	r.settle(op.changes)
	return &refusedError{serverError(words)}
}

// loseAll notes that no reply will come for what is not settled.
func loseAll(list []*Result) {
	for _, r := range list {
		if r.state != settled {
			r.state = lost
		}
	}
}
