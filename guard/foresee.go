package guard

import (
	"context"
	"math"
	"strconv"
	"strings"
)

// foreseeAll is foresee for a call that may be a sweep.
func (p *Planning) foreseeAll(ctx context.Context, c *call) (reply, error) {
	if !c.each {
		return p.foresee(ctx, c)
	}
	all := reply{kind: arrayReply, elems: make([]reply, len(c.keys))}
	for i := range c.keys {
		var err error
		if all.elems[i], err = p.foresee(ctx, c.one(i)); err != nil {
			return reply{}, err
		}
	}
	return all, nil
}

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
		if g, _ := p.ghosts.find(db, c.argv[1]); !g.is(copied | opaque) {
			if r, ok := p.foreseeExpire(db, c, g); ok {
				return r, nil
			}
		}
	case "persist":
		if g, _ := p.ghosts.find(db, c.argv[1]); !g.is(copied | opaque) {
			return p.foreseePersist(db, c.argv[1], g), nil
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
		g, known := p.ghosts.find(db, k.key)
		if !known { // look has found it listed
			g.flags = present | there
		}
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
		p.ghosts.become(db, key, g, ghost{flags: g.flags&there | touched})
	}
}

// foreseeExpire answers the reply to EXPIRE and its like; ok is false where its
// words are not what it takes.
func (p *Planning) foreseeExpire(db int, c *call, g ghost) (r reply, ok bool) {
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
	p.ghosts.become(db, key, g, ghost{deadline: deadline, flags: g.flags | touched})
}

func (p *Planning) foreseePersist(db int, key string, g ghost) reply {
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
