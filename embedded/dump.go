package embedded

import (
	"bufio"
	"crypto/sha256"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/dump"
)

// A dump is the commands that make the value anew, as an array in RESP, behind
// a sum of them. It is of use to this Redis alone, as a real one's is to those
// of its version. The consumer groups of a stream are not in it.
const dumpMark = "embedded-dump-1\n"

func sealed(content string) string {
	sum := sha256.Sum256([]byte(content))
	return dumpMark + string(sum[:]) + content
}

// unsealed answers the commands of a dump; ok is false for anything else.
func unsealed(dump string) (commands []value, ok bool) {
	if len(dump) < len(sealed("")) {
		return nil, false
	}
	content := dump[len(sealed("")):]
	if sealed(content) != dump {
		return nil, false
	}
	v, err := readValue(bufio.NewReader(strings.NewReader(content)))
	return v.elems, err == nil
}

// DUMP key
func (c *call) dump() {
	kind := c.typeOf(c.args[0])
	if kind == "none" {
		c.reply(null('$'))
		return
	}
	commands, ok := c.remaking(kind, c.args[0])
	if !ok {
		c.fail("ERR the embedded Redis cannot dump a HyperLogLog")
		return
	}
	var b strings.Builder
	array(commands...).resp(&b, false)
	c.reply(str(sealed(b.String())))
}

// remaking answers the commands that make a key's value anew, less the key.
func (c *call) remaking(kind, key string) (commands []value, ok bool) {
	remake := func(name string, args []string) []value {
		return []value{strs(append([]string{name}, args...))}
	}
	switch kind {
	case "hash":
		return remake("hset", c.nativeStrings("hgetall", key)), true
	case "list":
		return remake("rpush", c.nativeStrings("lrange", key, "0", "-1")), true
	case "set":
		return remake("sadd", c.nativeStrings("smembers", key)), true
	case "zset":
		args := c.nativeStrings("zrange", key, "0", "-1", "withscores")
		for i := 0; i+1 < len(args); i += 2 {
			args[i], args[i+1] = args[i+1], args[i]
		}
		return remake("zadd", args), true
	case "stream":
		return c.remakingStream(key), true
	}
	text, ok := c.native("get", key).(string)
	return remake("set", []string{text}), ok
}

func (c *call) remakingStream(key string) (commands []value) {
	entries, _ := c.native("xrange", key, "-", "+").([]any)
	for _, entry := range entries {
		pair, _ := entry.([]any)
		if len(pair) != 2 {
			continue
		}
		id, _ := pair[0].(string)
		words := []string{"xadd", id}
		fields, _ := pair[1].([]any)
		for _, f := range fields {
			text, _ := f.(string)
			words = append(words, text)
		}
		commands = append(commands, strs(words))
	}
	return commands
}

// restoring is what RESTORE is asked for.
type restoring struct {
	key      string
	ttl      int64 // ms; 0 for none
	commands []value
	replace  bool
	absolute bool // ttl is a time, and not a duration
}

func parseRestore(args []string) (r restoring, refusal string) {
	r.key = args[0]
	for rest := args[3:]; len(rest) > 0; rest = rest[1:] {
		switch option := strings.ToUpper(rest[0]); {
		case option == "REPLACE":
			r.replace = true
		case option == "ABSTTL":
			r.absolute = true
		case (option == "IDLETIME" || option == "FREQ") && len(rest) > 1:
			rest = rest[1:] // not kept here
		default:
			return r, syntaxError
		}
	}
	var err error
	if r.ttl, err = strconv.ParseInt(args[1], 10, 64); err != nil {
		return r, notInteger
	}
	if r.ttl < 0 {
		return r, "ERR Invalid TTL value, must be >= 0"
	}
	var ok bool
	if text, isText := dump.Text([]byte(args[2])); isText {
		r.commands, ok = []value{strs([]string{"set", string(text)})}, true
	} else {
		r.commands, ok = unsealed(args[2])
	}
	if !ok {
		return r, "ERR DUMP payload version or checksum are wrong"
	}
	return r, ""
}

// RESTORE key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME s] [FREQ n]
//
// It runs inside a script, so that nobody sees a value half made.
func (c *call) restore() {
	if !contextOf(c.peer).nested {
		c.queue(append([]string{"restore"}, c.args...))
		return
	}
	r, refusal := parseRestore(c.args)
	switch {
	case c.typeOf(r.key) != "none" && !r.replace:
		c.fail("BUSYKEY Target key name already exists.")
	case refusal != "":
		c.fail(refusal)
	default:
		c.remake(r)
		c.ok()
	}
}

func (c *call) remake(r restoring) {
	c.native("del", r.key)
	if r.absolute && r.ttl > 0 && r.ttl <= time.Now().UnixMilli() {
		return // it has expired meanwhile
	}
	for _, command := range r.commands {
		words := []string{command.elems[0].text, r.key}
		for _, e := range command.elems[1:] {
			words = append(words, e.text)
		}
		c.native(words...)
	}
	switch ttl := strconv.FormatInt(r.ttl, 10); {
	case r.ttl == 0:
	case r.absolute:
		c.native("pexpireat", r.key, ttl)
	default:
		c.native("pexpire", r.key, ttl)
	}
}
