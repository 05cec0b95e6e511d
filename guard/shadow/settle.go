package shadow

import "bytes"

// settle notes what became of the keys.
func (c *call) settle(reply []byte) {
	if !c.alters || reply[0] == '-' {
		return
	}
	if c.fresh != nil && bytes.Equal(reply, integerReply(0)) {
		c.ask("DEL", c.stored()) // where Redis keeps nothing that is empty
	}
	for _, key := range c.keys {
		e := c.entry(key)
		c.reorder(key, e)
		if e.exists = c.library.exists(c.at(key)); !e.exists {
			c.bytes -= e.size
			*e = entry{}
		}
	}
	if c.fresh != nil {
		renewed, _ := c.fresh(c.argv)
		for _, key := range renewed {
			c.entry(key).deadline = 0
		}
	}
	c.weigh()
}

// stored answers the key that takes a result.
func (c *call) stored() string {
	keys, _ := c.fresh(c.argv)
	return keys[0]
}

// weigh notes how much the values take by now: of one key by what was added to
// it, of several at most all that they had together.
func (c *call) weigh() {
	added := int64(0)
	for _, word := range c.argv {
		added += int64(len(word)) + wordOverhead
	}
	total := added
	for _, key := range c.keys {
		total += c.entry(key).size
	}
	for _, key := range c.keys {
		e := c.entry(key)
		if !e.exists {
			continue
		}
		size := min(e.size+added, total)
		if len(c.keys) > 1 && e.size == 0 {
			size = total
		}
		if c.typeOf(key) == typeString {
			size = int64(len(c.text(key)))
		}
		c.resize(e, size)
	}
}

// wordOverhead is what an element takes beside its text, in bytes, roughly.
const wordOverhead = 48
