package shadow

import "slices"

// inOrder puts a reply that lists members or fields into the order in which
// the server would, where it is known: as it was loaded, if the
// key has not changed since but by removals.
func (c *call) inOrder(reply []byte) ([]byte, error) {
	v, err := parsed(reply)
	if err != nil {
		return nil, c.unpredictable(whyForm)
	}
	list := texts(v)
	if len(list) < 2 || c.name == "hgetall" && len(list) == 2 {
		return reply, nil
	}
	order := c.entry(c.keys[0]).order
	if c.arity < 0 || order == nil { // a command of several keys builds its result
		return nil, c.unpredictable("the order in which the server lists the elements is not known")
	}
	if c.of != typeHash {
		return listReply(order), nil
	}
	return listReply(c.fields(order)), nil
}

// fields answers what a command lists of each field of a hash.
func (c *call) fields(order []string) []string {
	v, _ := parsed(c.ask("HGETALL", c.keys[0]))
	values := map[string]string{}
	for pair := range slices.Chunk(texts(v), 2) {
		values[pair[0]] = pair[1]
	}
	var list []string
	for _, name := range order {
		if c.name != "hvals" {
			list = append(list, name)
		}
		if c.name != "hkeys" {
			list = append(list, values[name])
		}
	}
	return list
}

// reorder keeps the order of a hash or set that a command only took elements
// from, or overwrote with none that is longer than those it had: the server
// keeps such a one in one piece, as it was.
func (c *call) reorder(key string, e *entry) {
	if e.order == nil {
		return
	}
	left := map[string]bool{}
	for _, name := range c.names(key) {
		left[name] = true
	}
	order := slices.DeleteFunc(slices.Clone(e.order), func(name string) bool { return !left[name] })
	if len(left) == 0 || len(order) < len(left) || len(c.keys) > 1 || slices.ContainsFunc(c.argv[2:], func(word string) bool { return len(word) > e.longest }) {
		order = nil
	}
	e.order = order
}

// names answers the members of a set or the fields of a hash.
func (c *call) names(key string) []string {
	switch c.typeOf(key) {
	case typeHash:
		v, _ := parsed(c.ask("HKEYS", key))
		return texts(v)
	case typeSet:
		v, _ := parsed(c.ask("SMEMBERS", key))
		return texts(v)
	}
	return nil
}
