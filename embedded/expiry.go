package embedded

// miniredis cuts fractions of a second off, where Redis rounds.
const halfSecond = 500 // ms

// TTL key
func (c *call) ttl() { c.inSeconds("pttl") }

// EXPIRETIME key
func (c *call) expireTime() { c.inSeconds("pexpiretime") }

// inSeconds answers what another command answers in milliseconds; -1 and -2
// stay what they are.
func (c *call) inSeconds(inMilliseconds string) {
	n := c.nativeInt(inMilliseconds, c.args[0])
	if n > 0 {
		n = (n + halfSecond) / 1000
	}
	c.reply(integer(n))
}
