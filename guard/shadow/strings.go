package shadow

import (
	"math"
	"strconv"
	"strings"
)

// setting is what the options of SET or GETEX ask for.
type setting struct {
	nx, xx, get, keep, persist bool
	option                     string // "ex", "px", "exat", "pxat", or ""
	amount                     string // of the option
}

// parseSetting reads options as the server does; ok is false for a syntax
// error. Those of GETEX differ from those of SET.
func parseSetting(words []string, getex bool) (o setting, ok bool) {
	for i := 0; i < len(words); i++ {
		switch word := strings.ToLower(words[i]); {
		case word == "nx" && !o.xx && !getex:
			o.nx = true
		case word == "xx" && !o.nx && !getex:
			o.xx = true
		case word == "get" && !getex:
			o.get = true
		case word == "keepttl" && o.option == "" && !getex:
			o.keep = true
		case word == "persist" && o.option == "" && getex:
			o.persist = true
		case timed(word) && (o.option == "" || o.option == word) && !o.keep && !o.persist && i+1 < len(words):
			i++
			o.option, o.amount = word, words[i]
		default:
			return o, false
		}
	}
	return o, true
}

func timed(word string) bool {
	switch word {
	case "ex", "px", "exat", "pxat":
		return true
	}
	return false
}

// checkSetting is for SET and GETEX, whose options begin at a word.
func checkSetting(options int) func(*call) string {
	return func(c *call) string {
		o, ok := parseSetting(c.argv[options:], c.name == "getex")
		n, isNumber := integer(o.amount)
		if !ok || !isNumber || n <= 0 || !spans()[o.option].absolute {
			return ""
		}
		if at, ok := spans()[o.option].deadline(n, 0); ok && at < c.now().UnixMilli()+near {
			return "the time that it names is over, or too close to now"
		}
		return ""
	}
}

// lifetime answers the deadline that an amount of an option means, or the
// server's refusal; without an option 0.
func (c *call) lifetime(option, amount string) (deadline int64, refusal []byte) {
	if option == "" {
		return 0, nil
	}
	n, ok := integer(amount)
	if !ok {
		return 0, errorReply(notInteger)
	}
	at, ok := spans()[option].deadline(n, c.now().UnixMilli())
	if n <= 0 || !ok {
		return 0, badExpiry(c.name)
	}
	return at, nil
}

// set is SET key value [NX | XX] [GET] [EX n | PX n | EXAT n | PXAT n | KEEPTTL].
func (c *call) set() []byte {
	o, ok := parseSetting(c.argv[3:], false)
	if !ok {
		return errorReply("ERR syntax error")
	}
	deadline, refusal := c.lifetime(o.option, o.amount)
	if refusal != nil {
		return refusal
	}
	e, done := c.entry(c.argv[1]), okReply()
	if o.get {
		if done = c.ask("GET", c.argv[1]); done[0] == '-' {
			return done
		}
	}
	if o.nx && e.exists || o.xx && !e.exists {
		if o.get {
			return done
		}
		return nullReply()
	}
	if o.keep {
		deadline = e.deadline
	}
	c.put(c.argv[1], c.argv[2], deadline)
	return done
}

// put sets a string, whatever the key was before.
func (c *call) put(key, value string, deadline int64) {
	c.ask("SET", key, value)
	e := c.entry(key)
	e.exists, e.deadline = true, deadline
}

// setWithin is SETEX and PSETEX key n value.
func (c *call) setWithin() []byte {
	deadline, refusal := c.lifetime(c.name, c.argv[2])
	if refusal != nil {
		return refusal
	}
	c.put(c.argv[1], c.argv[3], deadline)
	return okReply()
}

// setNew is SETNX key value.
func (c *call) setNew() []byte {
	if c.entry(c.argv[1]).exists {
		return integerReply(0)
	}
	c.put(c.argv[1], c.argv[2], 0)
	return integerReply(1)
}

// getEx is GETEX key [EX n | PX n | EXAT n | PXAT n | PERSIST].
func (c *call) getEx() []byte {
	o, ok := parseSetting(c.argv[2:], true)
	if !ok {
		return errorReply("ERR syntax error")
	}
	e := c.entry(c.argv[1])
	value := c.ask("GET", c.argv[1])
	if !e.exists || value[0] == '-' {
		return value
	}
	deadline, refusal := c.lifetime(o.option, o.amount)
	if refusal != nil {
		return refusal
	}
	if o.option != "" || o.persist {
		e.deadline = deadline
	}
	return value
}

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

// getRange is GETRANGE key start end.
func (c *call) getRange() []byte {
	start, okStart := integer(c.argv[2])
	end, okEnd := integer(c.argv[3])
	if !okStart || !okEnd {
		return errorReply(notInteger)
	}
	if t := c.typeOf(c.argv[1]); t != typeNone && t != typeString {
		return errorReply(wrongType)
	}
	text := c.text(c.argv[1])
	size := int64(len(text))
	if start < 0 && end < 0 && start > end {
		return bulkReply("")
	}
	if start < 0 {
		start = max(start+size, 0)
	}
	if end < 0 {
		end = max(end+size, 0)
	}
	end = min(end, size-1)
	if start > end {
		return bulkReply("")
	}
	return bulkReply(text[start : end+1])
}

// checkSetRange is for SETRANGE key offset value.
func checkSetRange(c *call) string {
	if c.argv[3] == "" {
		return whyForm
	}
	return checkOffset(2, 1)(c)
}
