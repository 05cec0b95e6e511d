package guard

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/shadow"
)

// foresee answers what a call would reply, and notes what its keys will be. The
// zero reply says that nobody can tell.
func (p *Planning) foresee(ctx context.Context, c *call) (reply, error) {
	if len(c.keys) == 0 {
		return p.foreseeApart(ctx, c)
	}
	db := c.db()
	switch c.cmd.name {
	case "del", "unlink":
		return p.foreseeDelete(db, c), nil
	case "expire", "pexpire", "expireat", "pexpireat":
		if p.isPlain(c) {
			if r, ok := p.foreseeExpire(db, c); ok {
				return r, nil
			}
		}
	case "persist":
		if p.isPlain(c) {
			return p.foreseePersist(db, c.argv[1]), nil
		}
	}
	return p.foreseeByShadow(ctx, c)
}

// foreseeApart is for calls that change something other than keys they name.
func (p *Planning) foreseeApart(ctx context.Context, c *call) (reply, error) {
	ok := reply{kind: statusReply, text: []byte("OK")}
	switch c.cmd.name {
	case "flushdb", "flushall":
		return ok, p.foreseeFlush(ctx, c)
	case "config resetstat", "slowlog reset":
		return ok, nil
	case "config set":
		return ok, p.noteParameters(ctx, c)
	}
	return reply{}, nil
}

// foreseeFlush counts the keys that will be gone, and notes that they are.
func (p *Planning) foreseeFlush(ctx context.Context, c *call) error {
	databases, err := c.flushed(ctx)
	if err != nil {
		return err
	}
	for _, db := range databases {
		client, err := c.clients.Client(db, 2)
		if err != nil {
			return err
		}
		replies, _, err := askMasters(ctx, client, "DBSIZE")
		if err != nil {
			return c.fault(ctx, err)
		}
		n, _ := joined(replies).integer()
		if db == c.options.DB {
			own, err := c.existing(ctx, c.options.OwnKeys)
			if err != nil {
				return err
			}
			n -= int64(len(own))
		}
		if !p.ghosts.realm(db).empty {
			p.summary.Gone += n
			p.summary.Keys += n
			p.summary.Emptied += n
		}
		p.summary.within(db)
		p.ghosts.flush(db)
	}
	if c.cmd.name == "flushall" {
		p.ghosts.flushAll()
	}
	clear(p.moved)
	return nil
}

// setParameters notes which parameters get which values.
func (p *Planning) setParameters(ctx context.Context, c *call) error {
	var names []string
	for i := 2; i+1 < len(c.argv); i += 2 {
		names = append(names, strings.ToLower(c.argv[i]))
	}
	nodes, err := masters(ctx, c.client)
	if err != nil {
		return c.fault(ctx, err)
	}
	now, err := parameters(ctx, nodes[:1], names, false)
	if err != nil {
		return err
	}
	for i := 2; i+1 < len(c.argv); i += 2 {
		set := Parameter{Name: strings.ToLower(c.argv[i]), Becomes: c.argv[i+1]}
		for _, image := range now {
			if string(image.Name) == set.Name {
				set.Was = string(image.Content)
			}
		}
		p.summary.parameters = append(p.summary.parameters, set)
	}
	return nil
}

func (p *Planning) foreseeDelete(db int, c *call) reply {
	n, certain := int64(0), true
	for _, k := range c.keys {
		g, _ := p.ghosts.find(db, k.key)
		certain = certain && !g.is(vague)
		if g.is(present) {
			n++
		}
		if g.is(copied | opaque) {
			p.shadow.Delete(db, k.key)
		}
		p.gone(db, k.key, g)
	}
	if !certain {
		return reply{}
	}
	return integerOf(n)
}

// gone notes that a key will not be there.
func (p *Planning) gone(db int, key string, g ghost) {
	p.summary.gone(key, g, p.users)
	delete(p.moved, place{db, key})
	if g.is(present) {
		p.summary.loses(p.guard.place(db, key))
		p.ghosts.set(db, key, ghost{flags: g.flags&there | touched})
	}
}

// foreseeExpire answers the reply to EXPIRE and its like; ok is false where its
// words are not what it takes.
func (p *Planning) foreseeExpire(db int, c *call) (r reply, ok bool) {
	g, _ := p.ghosts.find(db, c.argv[1])
	deadline, ok := p.deadlineIn(c.argv)
	if !ok {
		return reply{}, false
	}
	refused, ok := conditionsRefuse(c.argv[3:], g, deadline)
	if !ok {
		return reply{}, false
	}
	key := c.argv[1]
	switch {
	case !g.is(present):
		p.summary.missing(key)
		return integerOf(0), true
	case refused:
		p.summary.unchanged++
		return integerOf(0), true
	case deadline <= p.now().UnixMilli():
		p.gone(db, key, g)
		return integerOf(1), true
	}
	p.retimed(db, key, g, deadline)
	return integerOf(1), true
}

// retimed notes that a key will live until another time.
func (p *Planning) retimed(db int, key string, g ghost, deadline int64) {
	p.summary.retimed(key, g, deadline, p.now())
	p.ghosts.set(db, key, ghost{deadline: deadline, flags: g.flags | touched})
}

func (p *Planning) foreseePersist(db int, key string) reply {
	g, _ := p.ghosts.find(db, key)
	switch {
	case !g.is(present):
		p.summary.missing(key)
		return integerOf(0)
	case g.deadline == 0:
		p.summary.unchanged++
		return integerOf(0)
	}
	p.retimed(db, key, g, 0)
	return integerOf(1)
}

// deadlineIn answers the time that the words of EXPIRE and its like name, in
// Unix milliseconds.
func (p *Planning) deadlineIn(argv []string) (int64, bool) {
	n, err := strconv.ParseInt(argv[2], 10, 64)
	if err != nil {
		return 0, false
	}
	name := strings.ToLower(argv[0])
	if !strings.HasPrefix(name, "p") {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			return 0, false
		}
		n *= 1000
	}
	if strings.HasSuffix(name, "at") {
		return n, true
	}
	now := p.now().UnixMilli()
	if n > math.MaxInt64-now {
		return 0, false
	}
	return now + n, true
}

// conditionsRefuse reports whether NX, XX, GT or LT keep a key's time as it is;
// ok is false for words that are none of these, or do not go together.
func conditionsRefuse(words []string, g ghost, deadline int64) (refused, ok bool) {
	if len(words) > 1 {
		return false, false
	}
	for _, w := range words {
		old := g.deadline
		if old == 0 {
			old = math.MaxInt64
		}
		switch strings.ToUpper(w) {
		case "NX":
			refused = g.deadline != 0
		case "XX":
			refused = g.deadline == 0
		case "GT":
			refused = deadline <= old
		case "LT":
			refused = deadline >= old
		default:
			return false, false
		}
	}
	return refused, true
}

// foreseeByShadow runs a call on copies of its keys.
func (p *Planning) foreseeByShadow(ctx context.Context, c *call) (reply, error) {
	r, err := p.onCopies(ctx, c)
	if err != nil {
		if unforeseeable(err) {
			p.blur(c, err)
			return reply{}, nil
		}
		return reply{}, err
	}
	db := c.db()
	for _, k := range c.keys {
		if k.use.changes() && p.shadow.Holds(db, k.key) {
			p.altered(db, k.key)
		}
	}
	return r, nil
}

// unforeseeable reports whether an error says that nobody can tell what a call
// would do.
func unforeseeable(err error) bool {
	var unpredictable *shadow.UnpredictableError
	var large *shadow.TooLargeError
	var unsupported *shadow.UnsupportedError
	var unforeseen *UnforeseenError
	return errors.As(err, &unpredictable) || errors.As(err, &large) || errors.As(err, &unsupported) || errors.As(err, &unforeseen)
}

// onCopies copies what is not copied yet, and runs the call on the copies.
func (p *Planning) onCopies(ctx context.Context, c *call) (reply, error) {
	if c.replaces() {
		return p.inPlaceOf(ctx, c)
	}
	load, err := p.lacking(c)
	if err != nil {
		return reply{}, err
	}
	if len(load) > 0 {
		if err := p.load(ctx, c, load); err != nil {
			return reply{}, err
		}
	}
	raw, err := p.shadow.Run(ctx, c.db(), c.instead())
	var wanting *shadow.NotHeldError
	if errors.As(err, &wanting) { // keys that the server's table does not tell of
		if err := p.load(ctx, c, wanting.Keys); err != nil {
			return reply{}, err
		}
		raw, err = p.shadow.Run(ctx, c.db(), c.instead())
	}
	if err != nil {
		return reply{}, err
	}
	return parseReply(raw)
}

// replaces reports whether a call gives its only key a value that does not depend
// on what it held.
func (c *call) replaces() bool {
	switch c.cmd.name {
	case "setex", "psetex":
		return len(c.argv) == 4
	case "set":
		return len(c.argv) == 3 || len(c.argv) == 5 && (strings.EqualFold(c.argv[3], "ex") || strings.EqualFold(c.argv[3], "px"))
	}
	return false
}

// inPlaceOf runs a call on a copy of its key that need not be what the key holds.
func (p *Planning) inPlaceOf(ctx context.Context, c *call) (reply, error) {
	key, held := c.keys[0].key, p.shadow.Holds(c.db(), c.keys[0].key)
	if !held {
		p.shadow.Delete(c.db(), key)
	}
	raw, err := p.shadow.Run(ctx, c.db(), c.instead())
	if !held && (err != nil || raw[0] == errorReply) {
		p.shadow.Forget(c.db(), key)
	}
	if err != nil {
		return reply{}, err
	}
	return parseReply(raw)
}

// lacking answers the keys that have to be copied for a call.
func (p *Planning) lacking(c *call) (load []string, err error) {
	db := c.db()
	for _, k := range c.keys {
		g, known := p.ghosts.find(db, k.key)
		switch {
		case g.is(opaque):
			return nil, &UnforeseenError{c.cmd.shown(), "what `" + clip(p.guard.ShownKey(k.key)) + "` will hold is not known before the plan is carried out"}
		case known && g.is(touched) && !g.is(present) && !g.is(copied):
			p.shadow.Delete(db, k.key)
		case !p.shadow.Holds(db, k.key):
			load = append(load, k.key)
		}
	}
	return load, nil
}

// copyAhead copies what calls will be foreseen by, many keys in a round trip.
// What fails is met again in its turn.
func (p *Planning) copyAhead(ctx context.Context, calls []*call) {
	keys := make(map[int][]string)
	by := make(map[int]*call)
	for _, c := range calls {
		if c.rule.kind != changing || len(c.keys) == 0 || c.replaces() || p.isPlain(c) {
			continue
		}
		load, _ := p.lacking(c)
		keys[c.db()], by[c.db()] = append(keys[c.db()], load...), c
	}
	for db, list := range keys {
		for part := range slices.Chunk(list, copiedAtOnce) {
			if len(part) > 1 {
				_ = p.load(ctx, by[db], part)
			}
		}
	}
}

// copiedAtOnce is how many keys are copied together, so that one that cannot be
// keeps few others from it.
const copiedAtOnce = 170

// isPlain reports whether a call is foreseen without what its keys hold.
func (p *Planning) isPlain(c *call) bool {
	switch c.cmd.name {
	case "del", "unlink":
		return true
	case "expire", "pexpire", "expireat", "pexpireat", "persist":
		g, _ := p.ghosts.find(c.db(), c.argv[1])
		return !g.is(copied | opaque)
	}
	return false
}

// load copies keys, and gives those the time that the plan has given them.
func (p *Planning) load(ctx context.Context, c *call, keys []string) error {
	if p.full != nil {
		return p.full
	}
	db := c.db()
	plain, err := c.clients.Client(db, 2) // the copies know no other protocol
	if err != nil {
		return err
	}
	err = p.shadow.Load(ctx, db, keys, func(ctx context.Context, commands [][]string) ([][]byte, error) {
		qs := make([]request, len(commands))
		for i, words := range commands {
			qs[i] = request{args: words, key: keyOf(words)}
		}
		replies, err := askAll(ctx, plain, qs)
		if err != nil {
			c.distrust()
			return nil, c.fault(ctx, err)
		}
		raw := make([][]byte, len(replies))
		for i, r := range replies {
			raw[i] = appendRESP(nil, r)
		}
		return raw, nil
	})
	if redis.IsPermissionError(err) {
		return &UnforeseenError{c.cmd.shown(), "the server does not let Helix look at what its keys hold"}
	}
	var large *shadow.TooLargeError
	if errors.As(err, &large) && large.Key == "" {
		p.full = err
	}
	if err != nil {
		return err
	}
	for _, key := range keys {
		if g, ok := p.ghosts.find(db, key); ok && g.is(touched) && g.is(present) {
			p.shadow.SetDeadline(db, key, timeOf(g.deadline))
		}
	}
	return nil
}

// timeOf answers a deadline as a time; the zero time is never.
func timeOf(deadline int64) time.Time {
	if deadline == 0 {
		return time.Time{}
	}
	return time.UnixMilli(deadline)
}

// keyOf answers the key of a command that reads one key, for its slot.
func keyOf(words []string) string {
	switch {
	case len(words) < 2:
		return ""
	case strings.EqualFold(words[0], "MEMORY"), strings.EqualFold(words[0], "OBJECT"), strings.EqualFold(words[0], "XINFO"):
		return words[2]
	}
	return words[1]
}

// altered notes what a key is on the copies.
func (p *Planning) altered(db int, key string) {
	was, _ := p.ghosts.find(db, key)
	exists, _, deadline := p.shadow.State(db, key)
	g := ghost{flags: was.flags&there | touched | copied, deadline: 0}
	if exists {
		g.flags |= present
		if !deadline.IsZero() {
			g.deadline = deadline.UnixMilli()
		}
	}
	p.summary.written(key, was, g, p.users)
	p.summary.loses(p.guard.place(db, key))
	p.ghosts.set(db, key, g)
}

// blur notes that nobody can tell what a call's keys will hold.
func (p *Planning) blur(c *call, why error) {
	p.summary.unforeseen(c, why)
	for _, k := range c.keys {
		if !k.use.changes() {
			continue
		}
		p.blurred(place{c.db(), k.key}, p.stays(c.db(), k))
	}
	if at, ok := c.elsewhere(); ok {
		p.blurred(at, false)
	}
}

// stays reports whether a key that the server has will exist whatever comes of
// a call that nobody can foresee. What is updated may be replaced by nothing.
func (p *Planning) stays(db int, k keyUse) bool {
	was, _ := p.ghosts.find(db, k.key)
	kept := !k.use.updates && !k.use.removes && !k.use.deletes
	return kept && was.is(present) && was.is(there) && !was.is(vague) && !p.ghosts.realm(db).empty
}

// blurred notes that nobody can tell what a key will hold, nor unless it stays
// whether it will exist.
func (p *Planning) blurred(at place, stays bool) {
	was, _ := p.ghosts.find(at.db, at.key)
	g := ghost{flags: was.flags&there | touched | opaque | present, deadline: was.deadline}
	if !stays {
		g.flags |= vague
	}
	p.summary.written(at.key, was, g, p.users)
	p.summary.loses(p.guard.place(at.db, at.key))
	p.ghosts.set(at.db, at.key, g)
	p.shadow.Forget(at.db, at.key)
}
