package shadow

import "strings"

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
