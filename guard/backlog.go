package guard

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// backlog is the changes of one program that were decided on and are yet to be
// made. They are made in their order, many in one batch, while the program goes
// on: once there are enough of them, soon, or when something waits for them. A
// call that is part of it is made, also when the program is stopped.
type backlog struct {
	making *Making

	mu       sync.Mutex
	moved    *sync.Cond // of mu: a call was made, or all will not be
	waiting  []*promise
	flying   []*promise     // handed to the engine
	keys     map[string]int // that waiting and flying calls name
	size     int            // keys that they name
	gathered int            // of those, keys that waiting calls name
	added    int64          // calls, ever
	made     int64          // of those
	awaited  int64          // calls up to this one are waited for
	quota    int            // calls that the run at hand still takes
	running  bool
	due      bool // the first has waited long enough
	deadline *time.Timer
	refused  int   // calls in a row that were refused alone
	err      error // what ended the last run, for good
}

const (
	enough     = 256                   // keys that are worth a run
	soon       = 50 * time.Millisecond // how long a call waits for others
	maxBacklog = 8192                  // keys of waiting calls
)

// promise is the reply of a call in the backlog.
type promise struct {
	call  *call
	alone bool // if the server refuses it, the program goes on
	reply reply
	kept  atomic.Bool // the call was made
}

func newBacklog(m *Making) *backlog {
	b := &backlog{making: m, keys: make(map[string]int)}
	b.moved = sync.NewCond(&b.mu)
	return b
}

// add takes in one more call, once there is room.
func (b *backlog) add(c *call, alone bool) (*promise, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.size >= maxBacklog && b.err == nil {
		b.moved.Wait()
	}
	if b.err != nil {
		return nil, b.err
	}
	p := &promise{call: c, alone: alone}
	c.handed = true
	b.waiting = append(b.waiting, p)
	b.added++
	b.size += c.weight()
	b.gathered += c.weight()
	for _, k := range c.keys {
		b.keys[k.key]++
	}
	b.schedule()
	return p, nil
}

// weight is what a call counts in a backlog.
func (c *call) weight() int { return max(len(c.keys), 1) }

// schedule starts a run if there is reason to, or sees to it that there will be.
func (b *backlog) schedule() {
	switch {
	case b.running || len(b.waiting) == 0:
	case b.worthwhile():
		b.running = true
		go b.work()
	case b.deadline == nil:
		b.deadline = time.AfterFunc(soon, b.overdue)
	}
}

// overdue is called once the first call has waited for long enough.
func (b *backlog) overdue() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deadline = nil
	b.due = len(b.waiting) > 0
	b.schedule()
}

func (b *backlog) worthwhile() bool {
	return b.due || b.gathered >= enough || b.size >= maxBacklog || b.awaited > b.made+int64(len(b.flying))
}

// work makes what waits for as long as that is worthwhile.
func (b *backlog) work() {
	for b.begin() {
		b.end(b.making.work(context.Background()))
	}
}

func (b *backlog) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = b.err == nil && len(b.waiting) > 0 && b.worthwhile()
	b.due = false
	if !b.running {
		b.schedule()
		return false
	}
	b.quota = len(b.waiting)
	return true
}

func (b *backlog) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil || b.goesOn(err) {
		return
	}
	b.err = err
	b.waiting, b.flying, b.gathered = nil, nil, 0
	b.moved.Broadcast()
}

// maxRefused is how many calls of a program, one by one, the server may refuse
// in a row before the program is ended.
const maxRefused = 10

// goesOn takes in that the server refused the first call that is not made yet.
// As a shell does, a program goes on after that, but not forever. In a Cluster
// calls behind it may have been made.
func (b *backlog) goesOn(err error) bool {
	var h *Halted
	if !errors.As(err, &h) || len(b.flying) == 0 || !b.flying[0].alone || isCluster(b.flying[0].call.client) || b.refused == maxRefused {
		return false
	}
	b.refused++
	p, rest := b.flying[0], b.flying[1:]
	p.call.hint(h.Error())
	b.flying, b.waiting = nil, append(slices.Clone(rest), b.waiting...)
	for _, again := range rest {
		b.gathered += again.call.weight()
	}
	b.fulfil(p, failure("%s", h.Text))
	b.due = true
	return true
}

// next hands out what waits.
func (b *backlog) next() (*call, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.quota == 0 && b.worthwhile() {
		b.quota = len(b.waiting)
	}
	if b.quota == 0 || len(b.waiting) == 0 {
		return nil, false, nil
	}
	p := b.waiting[0]
	b.waiting = b.waiting[1:]
	b.gathered -= p.call.weight()
	b.quota--
	b.flying = append(b.flying, p)
	return p.call, true, nil
}

// keep takes in the reply to the first call that flies.
func (b *backlog) keep(c *call, r reply) error {
	c.early.forget(c.keys)
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.flying[0]
	b.flying = b.flying[1:]
	b.refused = 0
	b.fulfil(p, r)
	return nil
}

// fulfil settles a call with its reply.
func (b *backlog) fulfil(p *promise, r reply) {
	p.reply = r
	p.kept.Store(true)
	b.made++
	b.size -= p.call.weight()
	for _, k := range p.call.keys {
		if b.keys[k.key]--; b.keys[k.key] == 0 {
			delete(b.keys, k.key)
		}
	}
	b.moved.Broadcast()
}

// await waits until the calls are made that name one of the keys, and all
// before them; without keys, all calls.
func (b *backlog) await(keys ...string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(keys) > 0 && !slices.ContainsFunc(keys, func(key string) bool { return b.keys[key] > 0 }) {
		return b.err
	}
	b.awaited = b.added
	b.schedule()
	for upTo := b.added; b.made < upTo && b.err == nil; {
		b.moved.Wait()
	}
	return b.err
}

// work makes what waits in the backlog.
func (m *Making) work(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return err
	}
	var last *call
	p := &passage{making: m, told: m.backlog.keep}
	p.calls = func() (*call, bool, error) {
		c, ok, err := m.backlog.next()
		if ok {
			last = c
		}
		return c, ok, err
	}
	err := m.run(ctx, p)
	if err == nil || last == nil {
		return err
	}
	return m.failed(ctx, last, err)
}

func (m *Making) await(keys ...string) error {
	err := m.backlog.await(keys...)
	if len(keys) > 0 {
		return err
	}
	m.mu.Lock() // a run takes away at its end what it noted in Redis
	defer m.mu.Unlock()
	return err
}

// latecomer is a Sink that takes what is not known yet: wait answers it, at once
// where known reports true.
type latecomer interface {
	WriteLate(known func() bool, wait func() ([]byte, error)) error
}

// postpone has a call wait for others to be made with, if it can be told
// beforehand how it ends but for what it prints, and that is brief. ok is false
// where it has to be made now.
func (c *call) postpone(ctx context.Context, stdout Sink, alone bool) (ok bool, err error) {
	m, live := c.changes.(*Making)
	if !live || !c.waitsFor(stdout) {
		return false, nil
	}
	if err := c.admitChange(ctx); err != nil {
		return false, err
	}
	p, err := m.backlog.add(c, alone)
	if err != nil {
		return false, err
	}
	return true, stdout.(latecomer).WriteLate(p.kept.Load, func() ([]byte, error) {
		if !p.kept.Load() {
			if err := m.backlog.await(); err != nil {
				return nil, err
			}
		}
		return c.printed(p.reply), nil
	})
}

// waitsFor reports whether a call may wait for others, if it prints to stdout.
func (c *call) waitsFor(stdout Sink) bool {
	_, takes := stdout.(latecomer)
	return takes && c.isChange() && c.changes.live() && c.isBrief()
}

// isBrief reports whether a call changes keys that it names and answers, with
// status 0, nothing but a number, a status or an error.
func (c *call) isBrief() bool {
	if c.in.strict || len(c.keys) == 0 {
		return false
	}
	switch c.cmd.name {
	case "set":
		return !hasWord(c.argv, 3, "get")
	case "del", "unlink", "expire", "pexpire", "expireat", "pexpireat", "persist", "rename", "renamenx",
		"setex", "psetex", "setnx", "mset", "msetnx", "append", "setrange", "setbit", "incr", "decr", "incrby", "decrby",
		"hset", "hsetnx", "hmset", "hdel", "hincrby", "lpush", "rpush", "lpushx", "rpushx", "lset", "lrem", "ltrim", "linsert",
		"sadd", "srem", "smove", "zadd", "zrem", "zremrangebyrank", "zremrangebyscore", "zremrangebylex",
		"pfadd", "pfmerge", "xack", "xdel", "xtrim":
		return true
	}
	return false
}

// afterChanges waits for what was to be changed before a call that may tell of
// any key.
func (c *call) afterChanges() error {
	if c.changes == nil || c.handed || c.answer != nil || c.rule.kind == changing {
		return nil
	}
	if len(c.keys) > 0 && !c.rule.whole && !c.cmd.has("movablekeys") {
		return nil
	}
	return c.changes.await()
}

// afterChangesOf waits for what was to be changed before, of the keys that are
// asked for.
func (c *call) afterChangesOf(qs []request) error {
	if c.changes == nil || c.handed {
		return nil
	}
	keys := make([]string, 0, len(qs))
	for _, q := range qs {
		if q.key != "" {
			keys = append(keys, q.key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return c.changes.await(keys...)
}
