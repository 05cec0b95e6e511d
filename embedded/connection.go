package embedded

import (
	"fmt"
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
	three, name, refusal := parseHello(c.args, c.peer.Resp3)
	if refusal != "" {
		c.fail(refusal)
		return
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

func parseHello(args []string, now bool) (three bool, name, refusal string) {
	if len(args) == 0 {
		return now, "", ""
	}
	switch args[0] {
	case "2", "3":
		three = args[0] == "3"
	default:
		if isInteger(args[0]) {
			return now, "", "NOPROTO unsupported protocol version"
		}
		return now, "", "ERR Protocol version is not an integer or out of range"
	}
	for rest := args[1:]; len(rest) > 0; {
		switch option := strings.ToUpper(rest[0]); {
		case option == "AUTH" && len(rest) > 2 && rest[1] == "default":
			rest = rest[3:] // any password does, as with a Redis that has none
		case option == "AUTH" && len(rest) > 2:
			return now, "", "WRONGPASS invalid username-password pair or user is disabled."
		case option == "SETNAME" && len(rest) > 1:
			name, rest = rest[1], rest[2:]
		default:
			return now, "", fmt.Sprintf("ERR Syntax error in HELLO option '%s'", rest[0])
		}
	}
	return three, name, ""
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
