package embedded

import (
	"slices"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// substitutes are the commands answered here rather than by miniredis.
func substitutes() map[string]func(*call) {
	empty := func(c *call) { c.reply(array()) }
	zero := func(c *call) { c.reply(integer(0)) }
	return map[string]func(*call){
		"client|getname":   (*call).clientGetName,
		"client|id":        (*call).clientID,
		"client|info":      (*call).clientInfo,
		"client|kill":      (*call).clientKill,
		"client|list":      (*call).clientList,
		"client|setname":   (*call).clientSetName,
		"command":          (*call).commandAll,
		"command|count":    (*call).commandCount,
		"command|getkeys":  (*call).commandGetKeys,
		"command|info":     (*call).commandInfo,
		"command|list":     (*call).commandList,
		"config|get":       (*call).configGet,
		"config|resetstat": (*call).configResetStat,
		"config|set":       (*call).configSet,
		"dump":             (*call).dump,
		"eval":             (*call).eval,
		"evalsha":          (*call).evalSHA,
		"hello":            (*call).hello,
		"hscan":            (*call).hscan,
		"info":             (*call).info,
		"keys":             (*call).keys,
		"lastsave":         func(c *call) { c.reply(integer(c.started.Unix())) },
		"latency|latest":   empty,
		"latency|history":  empty,
		"latency|reset":    zero,
		"memory|usage":     (*call).memoryUsage,
		"monitor":          (*call).monitor,
		"object|encoding":  (*call).objectEncoding,
		"object|freq":      (*call).objectFreq,
		"object|idletime":  (*call).objectIdleTime,
		"object|refcount":  (*call).objectRefCount,
		"pubsub|channels":  (*call).pubsubChannels,
		"restore":          (*call).restore,
		"role":             func(c *call) { c.reply(array(str("master"), integer(0), array())) },
		"scan":             (*call).scan,
		"script|exists":    (*call).scriptExists,
		"script|flush":     (*call).scriptFlush,
		"script|load":      (*call).scriptLoad,
		"select":           (*call).selectDB,
		"slowlog|get":      (*call).slowlogGet,
		"slowlog|len":      zero,
		"slowlog|reset":    (*call).ok,
		"sscan":            (*call).sscan,
		"type":             func(c *call) { c.reply(value{kind: '+', text: c.typeOf(c.args[0])}) },
		"ttl":              (*call).ttl,
		"expiretime":       (*call).expireTime,
		"xlen":             (*call).xlen,
		"zscan":            (*call).zscan,
	}
}

// hook sees every command first. It refuses what a Redis 7.0 would not know,
// answers what is substituted, and reports false for what miniredis answers.
func (s *Server) hook(peer *server.Peer, upper string, args ...string) bool {
	if peer.ClientName == innerPeer {
		return false
	}
	if upper == introduction && s.clients.introduced(peer, args) {
		return true
	}
	state := contextOf(peer)
	words := append([]string{upper}, args...)
	cmd, refusal := s.table.find(words)
	c := &call{Server: s, peer: peer, from: s.clients.of(peer)}
	if refusal != "" {
		c.fail(refusal)
		return true
	}
	c.name, c.args = cmd.name, args
	if strings.Contains(cmd.name, "|") {
		c.args = args[1:]
	}
	s.clients.note(c.from, cmd.name, state.db)
	s.observe(c, cmd, words, state)
	if state.nested && cmd.has("noscript") {
		c.fail("ERR This Redis command is not allowed from script")
		return true
	}
	return c.answer(cmd, words, state)
}

// answer reports false for what needs the connection itself.
func (c *call) answer(cmd *command, words []string, state peerContext) bool {
	run, ok := c.substitutes[cmd.name]
	switch {
	case ok && state.queuing && !scripting(cmd.name) && cmd.name != "select":
		c.queue(words)
	case ok && (!state.subscribed || c.peer.Resp3):
		run(c)
	case cmd.name == "psubscribe" && slices.ContainsFunc(c.args, unsafePattern):
		c.fail("ERR the embedded Redis takes only * and ? in the patterns of PSUBSCRIBE")
	case cmd.has("pubsub") || cmd.has("blocking") || cmd.name == "quit":
		return false
	default:
		c.forward(words)
	}
	return true
}

// queue puts a substitute into the caller's transaction. miniredis queues only
// commands of its own, so the call is wrapped in one.
func (c *call) queue(words []string) {
	script := append([]string{"eval", "return redis.pcall(unpack(ARGV))", "0"}, words...)
	c.peer.WriteRaw(string(c.nativeRaw(script, false)))
}

// observe counts a command that is about to run and tells those who monitor.
func (s *Server) observe(c *call, cmd *command, words []string, state peerContext) {
	s.stats.commands.Add(1)
	if cmd.has("write") {
		s.stats.changes.Add(1)
	}
	if cmd.has("readonly") && !state.queuing {
		s.stats.look(c, cmd, words)
	}
	if !cmd.has("admin") && cmd.name != "select" {
		s.monitors.tell(c, words, state)
	}
}

// unsafePattern reports whether miniredis may panic on a pattern: it makes a
// regular expression of it without a look at what is in the brackets.
func unsafePattern(pattern string) bool { return strings.ContainsAny(pattern, "[\\") }
