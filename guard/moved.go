package guard

import "strconv"

// place is where a key is.
type place struct {
	db  int
	key string
}

// elsewhere answers the key of another database that a call changes; ok is
// false for nearly all of them.
func (c *call) elsewhere() (at place, ok bool) {
	var db string
	switch i := wordAt(c.argv, 3, "db"); {
	case c.cmd.name == "move" && len(c.argv) == 3:
		at.key, db = c.argv[1], c.argv[2]
	case c.cmd.name == "copy" && i > 0 && i+1 < len(c.argv):
		at.key, db = c.argv[2], c.argv[i+1]
	default:
		return place{}, false
	}
	n, err := strconv.Atoi(db)
	at.db = n
	return at, err == nil
}

// weightOf answers how large a key will be by what the plan does to it before;
// ok is false where the server's own answer is the same. It may be asked of no
// plan.
func (p *Planning) weightOf(db int, key string) (w weight, ok bool) {
	if p == nil {
		return weight{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	g, _ := p.ghosts.find(db, key)
	if g.is(touched) && !g.is(present|opaque) {
		return weight{typ: "none"}, true
	}
	w, ok = p.moved[place{db, key}]
	return w, ok
}

// move notes that a key's weight goes to where a call moves it.
func (p *Planning) move(c *call) {
	if !c.moves() || len(c.weighed) == 0 {
		return
	}
	to, ok := c.elsewhere()
	if !ok {
		to = place{c.db(), c.argv[2]}
	}
	p.moved[to] = c.weighed[0]
}
