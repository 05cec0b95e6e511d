package acl

import (
	"slices"
	"strings"
)

// Probe is a call by which a server tells whether its user has a right. Queued
// between MULTI and DISCARD it is judged and never carried out; it is written so
// that it would change nothing if it were.
type Probe struct {
	Command string // as ACL has it: "config|get"
	Args    []any
	Feature Name
	Grant   Grant // what gives the right
}

// Probes lists a call for each command of the features, and some for those that
// are granted by category. They name keys that nobody has.
func (n Needs) Probes() []Probe {
	var list []Probe
	for _, f := range Features() {
		if !slices.Contains(n.Features, f.Name) {
			continue
		}
		for _, g := range f.Grants {
			key := n.keyFor(g.On)
			for _, word := range n.words(Grant{Commands: strings.Join(g.tried(), " ")}) {
				list = append(list, Probe{Command: word, Args: call(word, g, key), Feature: f.Name, Grant: g.only(word)})
			}
		}
	}
	return list
}

// only answers the grant for one of its commands, or whole where it speaks of
// categories.
func (g Grant) only(word string) Grant {
	if !strings.Contains(g.Commands, "@") {
		g.Commands = word
	}
	return g
}

// Alone reports whether the call cannot be queued, so that it is sent by itself.
func (p Probe) Alone() bool {
	return slices.Contains([]string{"watch", "unwatch", "exec", "monitor"}, p.Command)
}

// tried lists the commands of a grant that are tried.
func (g Grant) tried() []string {
	var words []string
	for word := range strings.FieldsSeq(g.Commands) {
		switch {
		case slices.Contains(besideTheQueue(), word), strings.HasPrefix(word, "-"), strings.HasSuffix(word, "|help"):
		case word == "@read":
			words = append(words, "get", "ttl", "type", "exists", "strlen", "hgetall", "hscan", "lrange", "smembers", "sscan", "zrange", "zscan", "xrange", "scan", "dbsize", "object|encoding", "memory|usage")
		case word == "@write":
			words = append(words, "set", "del", "unlink", "expire", "persist", "hset", "lpush", "sadd", "zadd", "xadd")
		default:
			words = append(words, word)
		}
	}
	return words
}

// besideTheQueue lists the commands that whoever tries the others tries with them.
func besideTheQueue() []string { return []string{"multi", "discard"} }

// call answers a call of a command: its words, then arguments that are right in
// number, and wrong in what they say where they would change something.
func call(word string, g Grant, key string) []any {
	var args []any
	for part := range strings.SplitSeq(word, "|") {
		args = append(args, strings.ToUpper(part))
	}
	switch word {
	case "eval", "eval_ro":
		return append(args, "return 1", 1, key)
	case "evalsha":
		return append(args, strings.Repeat("0", 40), 1, key)
	case "subscribe", "psubscribe", "ssubscribe":
		return append(args, channelOf(g.Channels))
	case "publish", "spublish":
		return append(args, channelOf(g.Channels), "")
	case "memory|usage", "object|encoding":
		return append(args, key)
	case "xread":
		return append(args, "STREAMS", key, "$")
	case "xreadgroup":
		return append(args, "GROUP", "none", "none", "STREAMS", key, ">")
	}
	if g.On != Keyless && !slices.Contains([]string{"scan", "dbsize"}, word) {
		args = append(args, key)
	}
	for range fewest()[word] {
		args = append(args, "-")
	}
	return args
}

// fewest answers how many words commands take behind their key at least, where
// that is more than none.
func fewest() map[string]int {
	return map[string]int{
		"select": 1, "client|setname": 1, "echo": 1, "hget": 1, "hexists": 1, "hdel": 1, "hmget": 1, "hscan": 1, "sscan": 1, "zscan": 1,
		"lpush": 1, "lindex": 1, "sadd": 1, "zrem": 1, "zscore": 1, "move": 1, "expire": 1, "pexpire": 1, "scan": 1,
		"set": 2, "hset": 3, "zadd": 2, "getrange": 2, "setrange": 2, "restore": 2, "ltrim": 2, "lrange": 2, "xtrim": 2, "xrange": 2, "xrevrange": 2,
		"zrange": 2, "zrangebyscore": 2, "zrevrangebyscore": 2, "zremrangebyscore": 2, "zremrangebyrank": 2, "wait": 2, "xadd": 3,
		"georadius": 4, "georadiusbymember": 3, "config|get": 1, "config|set": 2, "client|kill": 1, "client|unblock": 1,
		"latency|history": 1, "latency|graph": 1, "cluster|replicas": 1, "cluster|slaves": 1, "cluster|keyslot": 1,
		"cluster|countkeysinslot": 1, "cluster|getkeysinslot": 2, "flushdb": 1,
	}
}

// keyFor answers a key that a place's patterns match.
func (n Needs) keyFor(place Place) string {
	switch place {
	case OwnKeys:
		return "{helix}:right"
	case SessionKeys:
		return "session:{helix}:right"
	case ReadKeys:
		return keyLike(patterns(n.Read)[0])
	case ChangedKeys:
		return keyLike(patterns(n.Change)[0])
	}
	return ""
}

// keyLike answers a key that a pattern matches, for patterns without brackets.
func keyLike(pattern string) string {
	return strings.NewReplacer("*", "right", "?", "x").Replace(pattern)
}

// channelOf answers a channel that the first of the patterns matches.
func channelOf(patterns string) string {
	first, _, _ := strings.Cut(patterns, " ")
	if first == "*" {
		return "right"
	}
	return strings.NewReplacer("@*", "@0", "*", "right").Replace(first)
}
