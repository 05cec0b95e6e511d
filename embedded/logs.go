package embedded

import "strconv"

// SLOWLOG GET [count]: nothing is slow here.
func (c *call) slowlogGet() {
	if len(c.args) > 0 {
		if n, err := strconv.Atoi(c.args[0]); err != nil || n < -1 {
			c.fail("ERR count should be greater than or equal to -1")
			return
		}
	}
	c.reply(array())
}

// PUBSUB CHANNELS [pattern]
func (c *call) pubsubChannels() {
	names := []string{}
	for _, name := range c.nativeStrings("pubsub", "channels") {
		if len(c.args) == 0 || glob(c.args[0], name) {
			names = append(names, name)
		}
	}
	c.reply(strs(names))
}
