package guard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/helix-collective/helix/suggest"
)

// keywords answers the words that a command takes as they stand, of those that
// people type most, and from which place on.
func keywords(command string) (from int, words []string) {
	switch command {
	case "set":
		return 3, []string{"EX", "PX", "EXAT", "PXAT", "NX", "XX", "KEEPTTL", "GET"}
	case "getex":
		return 2, []string{"EX", "PX", "EXAT", "PXAT", "PERSIST"}
	case "expire", "pexpire", "expireat", "pexpireat":
		return 3, []string{"NX", "XX", "GT", "LT"}
	case "scan":
		return 2, []string{"MATCH", "COUNT", "TYPE"}
	case "hscan", "sscan", "zscan":
		return 3, []string{"MATCH", "COUNT"}
	case "zadd":
		return 2, []string{"NX", "XX", "GT", "LT", "CH", "INCR"}
	case "zrange":
		return 4, []string{"BYSCORE", "BYLEX", "REV", "LIMIT", "WITHSCORES"}
	case "zrevrange", "zrangebyscore", "zrevrangebyscore":
		return 4, []string{"WITHSCORES", "LIMIT"}
	case "sort", "sort_ro":
		return 2, []string{"BY", "LIMIT", "GET", "ASC", "DESC", "ALPHA", "STORE"}
	case "copy":
		return 3, []string{"DB", "REPLACE"}
	case "lpos":
		return 3, []string{"RANK", "COUNT", "MAXLEN"}
	}
	return 0, nil
}

// adviseOnWord names the word that may have been meant where the server takes a
// call for malformed. What stands there instead is not said: it may be anything.
func (c *call) adviseOnWord(r reply) {
	text := string(r.text)
	if c.cmd == nil || !strings.HasPrefix(text, "ERR syntax error") && !strings.HasPrefix(text, "ERR Unsupported option") {
		return
	}
	from, known := keywords(c.cmd.name)
	for _, word := range c.argv[min(from, len(c.argv)):] {
		if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, word) }) {
			continue
		}
		if near, ok := suggest.Nearest(word, known); ok {
			c.hint(fmt.Sprintf("Did you mean the word `%s`? `redis %s` takes %s there.", near, c.cmd.name, strings.Join(known, ", ")))
			return
		}
	}
}
