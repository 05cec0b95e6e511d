package embedded

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// version is the Redis that this one behaves like.
const version = "7.0.15"

// SELECT index. Those who monitor see it in the database that it chose.
func (c *call) selectDB() {
	n, err := strconv.Atoi(c.args[0])
	switch {
	case err != nil:
		c.fail(notInteger)
	case n < 0 || n >= databases:
		c.fail("ERR DB index is out of range")
	default:
		c.forward([]string{"select", c.args[0]})
	}
	state := contextOf(c.peer)
	c.clients.note(c.from, c.name, state.db)
	c.monitors.tell(c, []string{"SELECT", c.args[0]}, state)
}

// change changes a client; nil is none.
func (cs *clients) change(c *client, how func(*client)) {
	if c == nil {
		return
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	how(c)
}

// HELLO [version [AUTH user password] [SETNAME name]]
func (c *call) hello() {
	three, name := c.peer.Resp3, ""
	if len(c.args) > 0 {
		switch c.args[0] {
		case "2", "3":
			three = c.args[0] == "3"
		default:
			c.fail(helloRefusal(c.args[0]))
			return
		}
		for rest := c.args[1:]; len(rest) > 0; {
			switch option := strings.ToUpper(rest[0]); {
			case option == "AUTH" && len(rest) > 2 && rest[1] == "default":
				rest = rest[3:] // any password does, as with a Redis that has none
			case option == "AUTH" && len(rest) > 2:
				c.fail("WRONGPASS invalid username-password pair or user is disabled.")
				return
			case option == "SETNAME" && len(rest) > 1:
				name, rest = rest[1], rest[2:]
			default:
				c.fail(fmt.Sprintf("ERR Syntax error in HELLO option '%s'", rest[0]))
				return
			}
		}
	}
	if !c.rename(name, name != "") {
		return
	}
	c.peer.Resp3 = three
	id, protocol := int64(0), 2
	if three {
		protocol = 3
	}
	c.clients.change(c.from, func(cl *client) { id, cl.three = cl.id, three })
	c.reply(dict(
		str("server"), str("redis"), str("version"), str(version), str("proto"), integer(protocol),
		str("id"), integer(id), str("mode"), str("standalone"), str("role"), str("master"), str("modules"), array(),
	))
}

func helloRefusal(version string) string {
	if isInteger(version) {
		return "NOPROTO unsupported protocol version"
	}
	return "ERR Protocol version is not an integer or out of range"
}

// rename names the client if it is to be named; it answers false after an error.
func (c *call) rename(name string, wanted bool) bool {
	if strings.ContainsFunc(name, func(r rune) bool { return r < '!' || r > '~' }) {
		c.fail("ERR Client names cannot contain spaces, newlines or special characters.")
		return false
	}
	if wanted {
		c.clients.change(c.from, func(cl *client) { cl.name = name })
	}
	return true
}

// CLIENT SETNAME name
func (c *call) clientSetName() {
	if c.rename(c.args[0], true) {
		c.ok()
	}
}

// CLIENT GETNAME
func (c *call) clientGetName() {
	name := ""
	c.clients.change(c.from, func(cl *client) { name = cl.name })
	if name == "" {
		c.reply(null('$'))
		return
	}
	c.reply(str(name))
}

// CLIENT ID
func (c *call) clientID() {
	var id int64
	if c.from != nil {
		id = c.from.id
	}
	c.reply(integer(id))
}

// CLIENT INFO
func (c *call) clientInfo() {
	if c.from == nil {
		c.reply(prose(""))
		return
	}
	c.reply(prose(c.clients.describe(c.from) + "\n"))
}

// CLIENT LIST [TYPE type | ID id …]
func (c *call) clientList() {
	keep := func(*client) bool { return true }
	switch {
	case len(c.args) == 0:
	case len(c.args) == 2 && strings.EqualFold(c.args[0], "TYPE"):
		kind := strings.ToLower(c.args[1])
		if !slices.Contains([]string{"normal", "master", "replica", "slave", "pubsub"}, kind) {
			c.fail(fmt.Sprintf("ERR Unknown client type '%s'", c.args[1]))
			return
		}
		keep = func(*client) bool { return kind == "normal" }
	case len(c.args) > 1 && strings.EqualFold(c.args[0], "ID"):
		for _, id := range c.args[1:] {
			if !isInteger(id) {
				c.fail("ERR Invalid client ID")
				return
			}
		}
		keep = func(cl *client) bool { return slices.Contains(c.args[1:], strconv.FormatInt(cl.id, 10)) }
	default:
		c.fail(syntaxError)
		return
	}
	var b strings.Builder
	for _, cl := range c.clients.all() {
		if keep(cl) {
			b.WriteString(c.clients.describe(cl) + "\n")
		}
	}
	c.reply(prose(b.String()))
}

// CLIENT KILL addr | ID id | ADDR addr
func (c *call) clientKill() {
	matches, oldForm := func(*client) bool { return false }, len(c.args) == 1
	switch {
	case oldForm:
		matches = func(cl *client) bool { return cl.RemoteAddr().String() == c.args[0] }
	case len(c.args) == 2 && strings.EqualFold(c.args[0], "ADDR"):
		matches = func(cl *client) bool { return cl.RemoteAddr().String() == c.args[1] }
	case len(c.args) == 2 && strings.EqualFold(c.args[0], "ID"):
		matches = func(cl *client) bool { return strconv.FormatInt(cl.id, 10) == c.args[1] && cl != c.from }
	default:
		c.fail(syntaxError)
		return
	}
	killed := 0
	for _, cl := range c.clients.all() {
		if matches(cl) {
			killed++
			c.kill(cl)
		}
	}
	switch {
	case !oldForm:
		c.reply(integer(killed))
	case killed == 0:
		c.fail("ERR No such client")
	default:
		c.ok()
	}
}

// kill ends a connection; the caller's own after the reply.
func (c *call) kill(cl *client) {
	if cl == c.from {
		c.peer.Close()
		return
	}
	_ = cl.Close() // it may have ended already
}
