package shadow

import (
	"math"
	"strconv"
)

// checkSum is for INCRBYFLOAT and HINCRBYFLOAT.
func checkSum(c *call) string {
	old, found := c.addend()
	added := c.argv[len(c.argv)-1]
	switch {
	case oddNumber(added), found && oddNumber(old):
		return "one of the two is a number in an unusual form"
	case !plainFloat(added), found && !plainFloat(old):
		return ""
	}
	if _, ok := sum(old, added); !ok {
		return "servers differ in the last digits of the result"
	}
	return ""
}

// oddNumber is oddFloat for numbers without a parenthesis; infinities are odd.
func oddNumber(word string) bool {
	return !plainFloat(word) && (strictFloat(word) != notNumber || oddFloat(word))
}

// addend answers what is added to, "0" if it is not there.
func (c *call) addend() (text string, found bool) {
	key := c.argv[1]
	switch c.typeOf(key) {
	case typeString:
		return c.text(key), true
	case typeHash:
		v, _ := parsed(c.ask("HGET", key, c.argv[2]))
		if text, found := v.(string); found {
			return text, true
		}
	}
	return "0", false
}

// incrByFloat is INCRBYFLOAT key increment.
func (c *call) incrByFloat() []byte {
	key, e := c.argv[1], c.entry(c.argv[1])
	if e.exists && c.typeOf(key) != typeString {
		return errorReply(wrongType)
	}
	old, _ := c.addend()
	if !plainFloat(old) || !plainFloat(c.argv[2]) {
		return errorReply("ERR value is not a valid float")
	}
	text, _ := sum(old, c.argv[2])
	c.put(key, text, e.deadline)
	return bulkReply(text)
}

// hincrByFloat is HINCRBYFLOAT key field increment.
func (c *call) hincrByFloat() []byte {
	key, field := c.argv[1], c.argv[2]
	if !plainFloat(c.argv[3]) {
		return errorReply("ERR value is not a valid float")
	}
	if t := c.typeOf(key); t != typeNone && t != typeHash {
		return errorReply(wrongType)
	}
	old, _ := c.addend()
	if !plainFloat(old) {
		return errorReply("ERR hash value is not a float")
	}
	text, _ := sum(old, c.argv[3])
	c.ask("HSET", key, field, text)
	return bulkReply(text)
}

const overflow = "ERR increment or decrement would overflow"

// step answers what INCR and its like add, or the server's refusal.
func (c *call) step() (n int64, refusal []byte) {
	ok := true
	switch c.name {
	case "incr":
		return 1, nil
	case "decr":
		return -1, nil
	}
	if n, ok = integer(c.argv[len(c.argv)-1]); !ok {
		return 0, errorReply(notInteger)
	}
	if c.name == "decrby" {
		if n == math.MinInt64 {
			return 0, errorReply("ERR decrement would overflow")
		}
		n = -n
	}
	return n, nil
}

// added answers the sum of a stored number and another.
func added(text, notANumber string, n int64) (sum int64, refusal []byte) {
	old, ok := integer(text)
	switch {
	case !ok:
		return 0, errorReply(notANumber)
	case n > 0 && old > math.MaxInt64-n, n < 0 && old < math.MinInt64-n:
		return 0, errorReply(overflow)
	}
	return old + n, nil
}

// incr is INCR and DECR key, INCRBY and DECRBY key n.
func (c *call) incr() []byte {
	n, refusal := c.step()
	if refusal != nil {
		return refusal
	}
	key, e := c.argv[1], c.entry(c.argv[1])
	if e.exists && c.typeOf(key) != typeString {
		return errorReply(wrongType)
	}
	old, _ := c.addend()
	sum, refusal := added(old, notInteger, n)
	if refusal != nil {
		return refusal
	}
	c.put(key, strconv.FormatInt(sum, 10), e.deadline)
	return integerReply(sum)
}

// hincrBy is HINCRBY key field n.
func (c *call) hincrBy() []byte {
	n, refusal := c.step()
	if refusal != nil {
		return refusal
	}
	key, field := c.argv[1], c.argv[2]
	if t := c.typeOf(key); t != typeNone && t != typeHash {
		return errorReply(wrongType)
	}
	old, _ := c.addend()
	sum, refusal := added(old, "ERR hash value is not an integer", n)
	if refusal != nil {
		return refusal
	}
	c.ask("HSET", key, field, strconv.FormatInt(sum, 10))
	return integerReply(sum)
}
