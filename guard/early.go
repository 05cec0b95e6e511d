package guard

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/permissions"
)

const (
	// earlyFor is how long a reply that was asked for early stands for one
	// asked for in its turn.
	earlyFor = time.Second

	maxEarly   = 4 << 20 // bytes that early replies may take together
	earlyBytes = 256     // what one takes beside its words and its reply

	// rarely is how many calls that read values may be foreseen for one that is
	// made, before they are left to their turn: most stand in a branch that is
	// not taken.
	rarely = 16
	recent = 1024 // calls foreseen that this is told by
)

// WithCache returns a Guard that shares everything with g, and on which Prefetch
// has an effect. It is meant for one program of one member.
func (g *Guard) WithCache() *Guard {
	caching := *g
	caching.early = &early{now: g.options.Now, tallies: make(map[string]*tally)}
	caching.early.clear()
	return &caching
}

// Prefetch asks at once for what the calls of batch are going to ask for, so
// that Do finds the replies at hand. It does so for calls that simply read keys
// among their words, where the caller may make them and they cost little; all
// others are left to Do, and so is saying what is wrong with them. A reply
// serves one call, for a second at most, and none once another call of this
// Guard has set out to change one of its keys.
func (g *Guard) Prefetch(ctx context.Context, caller permissions.Member, batch [][]string) {
	if g.early == nil {
		return
	}
	g.existAhead(ctx, caller, batch)
	g.weighAhead(ctx, caller, batch)
	if g.plan != nil {
		g.plan.lookAhead(ctx, caller, batch)
	}
	byClient := make(map[redis.UniversalClient][]*call)
	for _, c := range g.early.missing(g.foreseen(ctx, caller, batch)) {
		byClient[c.client] = append(byClient[c.client], c)
	}
	for _, calls := range byClient {
		for part := range slices.Chunk(calls, maxPipeline) {
			if !askEarly(ctx, part) {
				return
			}
		}
	}
}

// foreseen answers the calls that can be asked for early.
func (g *Guard) foreseen(ctx context.Context, caller permissions.Member, batch [][]string) []*call {
	t, err := g.table(ctx)
	if err != nil {
		return nil
	}
	var calls []*call
	for _, args := range batch {
		if c, ok := g.foresee(ctx, t, caller, args); ok {
			calls = append(calls, c)
		}
	}
	return calls
}

// foresee prepares a call as Do does, if that asks nothing of the server and
// nobody need be told of it.
func (g *Guard) foresee(ctx context.Context, t *table, caller permissions.Member, args []string) (*call, bool) {
	c, err := g.opened(caller, args)
	if err != nil || c.in.scan.on || len(c.argv) == 0 {
		return nil, false
	}
	cmd, unknown := t.find(c.argv)
	if unknown != nil {
		return nil, false
	}
	c.cmd = cmd
	if r := c.cmd.rule.refined(c.argv); !r.simplyReads() || c.cmd.asksForKeys(r) {
		return nil, false
	}
	c.resolved = true // short forms are looked for in the call's turn
	err = c.judge(ctx)
	return c, err == nil && c.answer == nil && c.rule.run == nil && len(c.keys) > 0
}

// simplyReads reports whether a call is sent as it is and needs no more than
// read.
func (r rule) simplyReads() bool {
	return r.kind == reading && r.run == nil && !r.whole && !r.late && len(r.rights) == 0
}

// askEarly asks for the replies to calls by one client and keeps them. It
// reports whether to go on: what is wrong with the connection or the server is
// for Do to meet.
func askEarly(ctx context.Context, calls []*call) bool {
	if weighAll(ctx, calls) != nil {
		return false
	}
	for len(calls) > 0 {
		n, err := admitted(ctx, calls)
		if refused := (*Refused)(nil); err != nil && !errors.As(err, &refused) {
			return false
		}
		if n > 0 && !keepReplies(ctx, calls[:n]) {
			return false
		}
		calls = calls[max(n, 1):]
	}
	return true
}

func keepReplies(ctx context.Context, calls []*call) bool {
	var qs []request
	for _, c := range calls {
		qs = append(qs, c.request())
	}
	e := calls[0].early
	asked := e.now()
	replies, err := calls[0].askAll(ctx, qs)
	if err != nil {
		return false
	}
	for i, r := range replies {
		if !e.add(calls[i], r, asked) {
			return false
		}
	}
	return true
}

// early keeps the replies that were asked for before their calls. A nil early
// has none. Its methods may be called from several goroutines.
type early struct {
	now func() time.Time

	mu      sync.Mutex
	replies map[question][]*earlyReply // the oldest first
	byKey   map[string][]*earlyReply
	bytes   int
	swept   time.Time
	tallies map[string]*tally // by command, of those that read values
}

// tally is how many calls of a command were foreseen of late, and how many made.
type tally struct{ foreseen, made int }

// rare reports whether few of the calls are made.
func (t *tally) rare() bool { return t.foreseen >= 2*rarely && t.made*rarely < t.foreseen }

// fade has what is long past count for less.
func (t *tally) fade() {
	if t.foreseen > recent {
		t.foreseen, t.made = t.foreseen/2, t.made/2
	}
}

// question is what was asked, and of which database by which protocol.
type question struct {
	client redis.UniversalClient
	words  string
}

type earlyReply struct {
	question
	reply  reply
	weight weight // where that was asked: how large its key is
	keys   []keyUse
	asked  time.Time
	bytes  int
}

// question is the call's own.
func (c *call) question() question { return c.questionOf(c.instead()) }

// questionOf is what words ask of the call's database.
func (c *call) questionOf(argv []string) question {
	var words []byte
	for _, w := range argv {
		words = strconv.AppendInt(words, int64(len(w)), 10)
		words = append(append(words, ':'), w...)
	}
	return question{c.client, string(words)}
}

// missing answers the calls that are worth asking for and for which there is no
// reply yet. Of several that ask the same, each needs its own.
func (e *early) missing(calls []*call) []*call {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sweep()
	at := make(map[question]int)
	calls = slices.DeleteFunc(calls, func(c *call) bool {
		q := c.question()
		at[q]++
		return at[q] <= len(e.replies[q])
	})
	rare := e.count(calls)
	return slices.DeleteFunc(calls, func(c *call) bool { return rare[c.cmd.name] })
}

// count tallies the calls foreseen, and answers the commands of which too few of
// those before were made.
func (e *early) count(calls []*call) (rare map[string]bool) {
	rare = make(map[string]bool)
	for name, t := range e.tallies {
		rare[name] = t.rare()
		t.fade()
	}
	for _, c := range calls {
		if c.rule.size.measure == nil {
			continue
		}
		if e.tallies[c.cmd.name] == nil {
			e.tallies[c.cmd.name] = &tally{}
		}
		e.tallies[c.cmd.name].foreseen++
	}
	return rare
}

// sweep drops what is too old, now and then.
func (e *early) sweep() {
	now := e.now()
	if now.Sub(e.swept) < earlyFor/4 {
		return
	}
	e.swept = now
	for _, list := range e.replies {
		for _, r := range slices.Clone(list) {
			if now.Sub(r.asked) > earlyFor {
				e.drop(r)
			}
		}
	}
}

// add keeps a call's reply, and reports whether there was room.
func (e *early) add(c *call, r reply, asked time.Time) bool {
	return e.keep(&earlyReply{question: c.question(), reply: r, keys: c.keys, asked: asked})
}

func (e *early) keep(kept *earlyReply) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := kept.reply
	kept.bytes = earlyBytes + len(kept.words) + r.size()
	if e.bytes+kept.bytes > maxEarly {
		return false
	}
	e.bytes += kept.bytes
	e.replies[kept.question] = append(e.replies[kept.question], kept)
	for _, k := range kept.keys {
		e.byKey[k.key] = append(e.byKey[k.key], kept)
	}
	return true
}

// take hands out the reply to a call, if there is one that is not too old.
func (e *early) take(c *call) (reply, bool) {
	if e == nil {
		return reply{}, false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.tallies[c.cmd.name]; t != nil {
		t.made++
	}
	if len(e.replies) == 0 {
		return reply{}, false
	}
	r, ok := e.answer(c.question())
	if !ok {
		return reply{}, false
	}
	return r.reply, true
}

// answer hands out what was asked by a question, if that is not too old.
func (e *early) answer(q question) (*earlyReply, bool) {
	now := e.now()
	for len(e.replies[q]) > 0 {
		r := e.replies[q][0]
		e.drop(r)
		if now.Sub(r.asked) <= earlyFor {
			return r, true
		}
	}
	return nil, false
}

// forget drops the replies that tell of these keys, in any database; with no
// keys all of them.
func (e *early) forget(keys []keyUse) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(keys) == 0 {
		e.clear()
	}
	for _, k := range keys {
		for _, r := range slices.Clone(e.byKey[k.key]) {
			e.drop(r)
		}
	}
}

// clear lets go of all replies.
func (e *early) clear() {
	e.replies, e.byKey, e.bytes = make(map[question][]*earlyReply), make(map[string][]*earlyReply), 0
}

// drop lets go of one reply.
func (e *early) drop(r *earlyReply) {
	e.bytes -= r.bytes
	without(e.replies, r.question, r)
	for _, k := range r.keys {
		without(e.byKey, k.key, r)
	}
}

// without takes r off the list at a place of m.
func without[K comparable](m map[K][]*earlyReply, at K, r *earlyReply) {
	m[at] = slices.DeleteFunc(m[at], func(other *earlyReply) bool { return other == r })
	if len(m[at]) == 0 {
		delete(m, at)
	}
}

// size is about how many bytes a reply takes.
func (r reply) size() int {
	const each = 64 // of the struct itself
	n := each + len(r.text)
	for _, e := range r.elems {
		n += e.size()
	}
	return n
}
