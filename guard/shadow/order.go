package shadow

import "slices"

// inOrder puts a reply that lists members or fields into the order in which
// the server would, where it is known: as it was loaded, if the key has not
// changed since.
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
	if len(c.keys) > 1 || order == nil {
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
