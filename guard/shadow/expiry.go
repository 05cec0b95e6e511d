package shadow

import (
	"math"
	"strings"
)

// near is how close to now, or to another deadline, a deadline may be before
// it matters when exactly the server gets to the command, in ms. The server's
// clock need not be ours.
const near = 10_000

const second = 1000 // ms

func badExpiry(name string) []byte {
	return errorReply("ERR invalid expire time in '%s' command", name)
}

// span is a time as a command tells it.
type span struct {
	unit     int64 // in ms
	absolute bool  // of the Unix epoch, not of now
}

// spans are the commands and the options that tell a time.
func spans() map[string]span {
	return map[string]span{
		"expire": {unit: second}, "pexpire": {unit: 1},
		"expireat": {second, true}, "pexpireat": {1, true},
		"setex": {unit: second}, "psetex": {unit: 1},
		"ex": {unit: second}, "px": {unit: 1},
		"exat": {second, true}, "pxat": {1, true},
	}
}

// deadline answers when n units of a span are over, in ms of Unix time; ok is
// false where that cannot be said in 64 bits.
func (s span) deadline(n, now int64) (at int64, ok bool) {
	if n > math.MaxInt64/s.unit || n < math.MinInt64/s.unit {
		return 0, false
	}
	if n *= s.unit; s.absolute {
		return n, true
	}
	return n + now, n <= math.MaxInt64-now
}

// conditions are the options of EXPIRE.
type conditions struct{ nx, xx, gt, lt bool }

func parseConditions(words []string) (o conditions, refusal []byte) {
	for _, word := range words {
		switch strings.ToLower(word) {
		case "nx":
			o.nx = true
		case "xx":
			o.xx = true
		case "gt":
			o.gt = true
		case "lt":
			o.lt = true
		default:
			return o, errorReply("ERR Unsupported option %s", word)
		}
	}
	switch {
	case o.nx && (o.xx || o.gt || o.lt):
		return o, errorReply("ERR NX and XX, GT or LT options at the same time are not compatible")
	case o.gt && o.lt:
		return o, errorReply("ERR GT and LT options at the same time are not compatible")
	}
	return o, nil
}

// refuse reports whether the conditions keep a key's deadline as it is.
func (o conditions) refuse(old, wanted int64) bool {
	return o.nx && old != 0 || o.xx && old == 0 ||
		o.gt && (old == 0 || wanted <= old) || o.lt && old != 0 && wanted >= old
}

// checkExpire is for EXPIRE and its like.
func checkExpire(c *call) string {
	for _, word := range c.argv[3:] {
		if !printable(word) {
			return "one of its options is not text"
		}
	}
	n, ok := integer(c.argv[2])
	o, refusal := parseConditions(c.argv[3:])
	if !ok || refusal != nil {
		return ""
	}
	told := spans()[c.name]
	now := c.now().UnixMilli()
	at, _ := told.deadline(n, now)
	old := c.entry(c.argv[1]).deadline
	switch {
	case told.absolute && nearby(at, now):
		return "the time that it names is too close to now"
	case (o.gt || o.lt) && old != 0 && nearby(at, old):
		return "the two times that it compares are too close to each other"
	}
	return ""
}

// nearby reports whether two times are so close that their order is not known.
func nearby(a, b int64) bool {
	apart := max(a, b) - min(a, b)
	return apart >= 0 && apart < near // it is negative beyond 64 bits
}

// printable reports whether a word can stand in an error as it is.
func printable(word string) bool {
	return len(word) < 64 && !strings.ContainsFunc(word, func(r rune) bool { return r < ' ' || r > '~' })
}

// expire is EXPIRE key n [NX | XX | GT | LT], and its like.
func (c *call) expire() []byte {
	o, refusal := parseConditions(c.argv[3:])
	if refusal != nil {
		return refusal
	}
	n, ok := integer(c.argv[2])
	if !ok {
		return errorReply(notInteger)
	}
	now := c.now().UnixMilli()
	at, ok := spans()[c.name].deadline(n, now)
	if !ok {
		return badExpiry(c.name)
	}
	e := c.entry(c.argv[1])
	switch {
	case !e.exists || o.refuse(e.deadline, at):
		return integerReply(0)
	case at <= now:
		c.drop(c.at(c.argv[1]), e)
	default:
		e.deadline = at
	}
	return integerReply(1)
}

// persist is PERSIST key.
func (c *call) persist() []byte {
	e := c.entry(c.argv[1])
	if e.deadline == 0 {
		return integerReply(0)
	}
	e.deadline = 0
	return integerReply(1)
}

// pttl is PTTL key.
func (c *call) pttl() []byte { return integerReply(c.remaining()) }

// ttl is TTL key, which rounds.
func (c *call) ttl() []byte {
	n := c.remaining()
	if n > 0 {
		n = (n + second/2) / second
	}
	return integerReply(n)
}

// remaining answers how long the key exists, in ms: -1 means for ever, and -2
// that it does not.
func (c *call) remaining() int64 {
	switch e := c.entry(c.argv[1]); {
	case !e.exists:
		return -2
	case e.deadline == 0:
		return -1
	default:
		return max(e.deadline-c.now().UnixMilli(), 0)
	}
}

// rename is RENAME and RENAMENX key newkey: the deadline goes with the value.
func (c *call) rename() []byte {
	from, to := c.entry(c.argv[1]), c.entry(c.argv[2])
	moves := from.exists && from != to && (c.name == "rename" || !to.exists)
	if from == to && from.exists && c.name == "renamenx" {
		return integerReply(0)
	}
	reply := c.ask(c.argv...)
	if moves {
		c.bytes -= to.size
		*to, *from = *from, entry{}
	}
	return reply
}

// checkCopy is for COPY source destination [DB db] [REPLACE].
func checkCopy(c *call) string {
	for _, word := range c.argv[3:] {
		if strings.EqualFold(word, "db") {
			return "it names a database"
		}
	}
	if c.typeOf(c.argv[1]) == typeStream {
		return "it copies a stream, with figures that are not loaded"
	}
	return ""
}

// copy is COPY source destination [REPLACE].
func (c *call) copy() []byte {
	for _, word := range c.argv[3:] {
		if !strings.EqualFold(word, "replace") {
			return errorReply("ERR syntax error")
		}
	}
	from, to := c.entry(c.argv[1]), c.entry(c.argv[2])
	switch {
	case from == to:
		return errorReply("ERR source and destination objects are the same")
	case !from.exists || to.exists && len(c.argv) == 3:
		return integerReply(0)
	}
	c.drop(c.at(c.argv[2]), to)
	reply := c.ask("COPY", c.argv[1], c.argv[2])
	to.exists, to.deadline = true, from.deadline
	return reply
}
