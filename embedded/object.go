package embedded

import (
	"slices"
	"strconv"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// keyCost is what Redis spends on a key beyond its bytes and its value's.
const keyCost = 56

// usage estimates what a key takes, in bytes; ok is false if there is none.
func (c *call) usage(key string) (bytes int, ok bool) {
	n, ok := c.native("memory", "usage", key).(int)
	return keyCost + len(key) + n, ok
}

// MEMORY USAGE key [SAMPLES count]
func (c *call) memoryUsage() {
	if len(c.args) > 1 {
		if len(c.args) != 3 || !strings.EqualFold(c.args[1], "SAMPLES") {
			c.fail(syntaxError)
			return
		}
		if n, err := strconv.Atoi(c.args[2]); err != nil {
			c.fail(notInteger)
			return
		} else if n < 0 {
			c.fail(syntaxError)
			return
		}
	}
	n, ok := c.usage(c.args[0])
	if !ok {
		c.reply(null('$'))
		return
	}
	c.reply(integer(n))
}

// ofKey answers for a key that exists, and null for one that does not.
func (c *call) ofKey(answer func(key string) value) {
	if c.typeOf(c.args[0]) == "none" {
		c.reply(null('$'))
		return
	}
	c.reply(answer(c.args[0]))
}

// OBJECT REFCOUNT key
func (c *call) objectRefCount() {
	c.ofKey(func(string) value { return integer(1) })
}

const lfuAdvice = " Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."

func (c *call) lfu() bool { return strings.HasSuffix(c.config.get("maxmemory-policy"), "-lfu") }

// OBJECT IDLETIME key
func (c *call) objectIdleTime() {
	c.ofKey(func(key string) value {
		if c.lfu() {
			return value{kind: '-', text: "ERR An LFU maxmemory policy is selected, idle time not tracked." + lfuAdvice}
		}
		return integer(max(c.nativeInt("object", "idletime", key), 0))
	})
}

// newKeyFrequency is what Redis takes for a new key's frequency. It is not
// measured here.
const newKeyFrequency = 5

// OBJECT FREQ key
func (c *call) objectFreq() {
	c.ofKey(func(string) value {
		if !c.lfu() {
			return value{kind: '-', text: "ERR An LFU maxmemory policy is not selected, access frequency not tracked." + lfuAdvice}
		}
		return integer(newKeyFrequency)
	})
}

// OBJECT ENCODING key
func (c *call) objectEncoding() {
	c.ofKey(func(key string) value { return str(c.encoding(key)) })
}

// encoding answers how Redis 7.0, as it is configured by default, would keep a
// value that was written at once.
func (c *call) encoding(key string) string {
	switch c.native("type", key).(server.Simple) {
	case "hash":
		return small(c.nativeStrings("hgetall", key), 2*128, "hashtable")
	case "zset":
		return small(c.nativeStrings("zrange", key, "0", "-1"), 128, "skiplist")
	case "set":
		return setEncoding(c.nativeStrings("smembers", key))
	case "list":
		return "quicklist"
	case "stream":
		return "stream"
	case "hll":
		return "raw"
	}
	text, _ := c.native("get", key).(string)
	return stringEncoding(text)
}

func small(texts []string, most int, otherwise string) string {
	if len(texts) > most || slices.ContainsFunc(texts, func(t string) bool { return len(t) > 64 }) {
		return otherwise
	}
	return "listpack"
}

func setEncoding(members []string) string {
	if len(members) > 512 || slices.ContainsFunc(members, func(m string) bool { return !isCanonicalInteger(m) }) {
		return "hashtable"
	}
	return "intset"
}

func stringEncoding(text string) string {
	switch {
	case isCanonicalInteger(text):
		return "int"
	case len(text) <= 44:
		return "embstr"
	}
	return "raw"
}

func isCanonicalInteger(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == text
}
