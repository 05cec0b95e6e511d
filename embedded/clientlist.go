package embedded

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// CLIENT LIST [TYPE type | ID id …]
func (c *call) clientList() {
	keep, refusal := clientFilter(c.args)
	if refusal != "" {
		c.fail(refusal)
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

func clientFilter(args []string) (keep func(*client) bool, refusal string) {
	switch {
	case len(args) == 0:
		return func(*client) bool { return true }, ""
	case len(args) == 2 && strings.EqualFold(args[0], "TYPE"):
		kind := strings.ToLower(args[1])
		if !slices.Contains([]string{"normal", "master", "replica", "slave", "pubsub"}, kind) {
			return nil, fmt.Sprintf("ERR Unknown client type '%s'", args[1])
		}
		return func(*client) bool { return kind == "normal" }, ""
	case len(args) > 1 && strings.EqualFold(args[0], "ID"):
		ids := args[1:]
		if !slices.ContainsFunc(ids, func(id string) bool { return !isInteger(id) }) {
			return func(cl *client) bool { return slices.Contains(ids, strconv.FormatInt(cl.id, 10)) }, ""
		}
		return nil, "ERR Invalid client ID"
	}
	return nil, syntaxError
}

// CLIENT KILL addr | ID id | ADDR addr
func (c *call) clientKill() {
	meant, ok := c.victims()
	if !ok {
		c.fail(syntaxError)
		return
	}
	killed := 0
	for _, cl := range c.clients.all() {
		if meant(cl) {
			killed++
			c.kill(cl)
		}
	}
	switch {
	case len(c.args) > 1:
		c.reply(integer(killed))
	case killed == 0:
		c.fail("ERR No such client")
	default:
		c.ok()
	}
}

// victims answers who is meant. Only the old form, a bare address, can mean the
// caller, as in Redis where SKIPME is yes by default.
func (c *call) victims() (meant func(*client) bool, ok bool) {
	switch {
	case len(c.args) == 1:
		return func(cl *client) bool { return cl.RemoteAddr().String() == c.args[0] }, true
	case len(c.args) == 2 && strings.EqualFold(c.args[0], "ADDR"):
		return func(cl *client) bool { return cl.RemoteAddr().String() == c.args[1] && cl != c.from }, true
	case len(c.args) == 2 && strings.EqualFold(c.args[0], "ID"):
		return func(cl *client) bool { return strconv.FormatInt(cl.id, 10) == c.args[1] && cl != c.from }, true
	}
	return nil, false
}

// kill ends a connection; the caller's own after the reply.
func (c *call) kill(cl *client) {
	if cl == c.from {
		c.peer.Close()
		return
	}
	_ = cl.Close() // it may have ended already
}
