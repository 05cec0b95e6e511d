package embedded

// XLEN key: of a key of another type miniredis answers an error and a length.
func (c *call) xlen() {
	switch c.typeOf(c.args[0]) {
	case "none", "stream":
		c.reply(integer(c.nativeInt("xlen", c.args[0])))
	default:
		c.fail(wrongType)
	}
}
