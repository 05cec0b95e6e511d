package guard

import (
	"errors"

	"github.com/helix-collective/helix/guard/shadow"
)

// unforeseeable reports whether an error says that nobody can tell what a call
// would do.
func unforeseeable(err error) bool {
	var unpredictable *shadow.UnpredictableError
	var large *shadow.TooLargeError
	var unsupported *shadow.UnsupportedError
	var unforeseen *UnforeseenError
	return errors.As(err, &unpredictable) || errors.As(err, &large) || errors.As(err, &unsupported) || errors.As(err, &unforeseen)
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
