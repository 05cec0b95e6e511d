package embedded

import (
	"bufio"
	"bytes"
	"reflect"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// call is one command that somebody sent.
type call struct {
	*Server
	peer *server.Peer
	from *client // nil inside a script
	name string  // in lower case: "get", "config|get"
	args []string
}

const (
	syntaxError = "ERR syntax error"
	notInteger  = "ERR value is not an integer or out of range"
	wrongType   = "WRONGTYPE Operation against a key holding the wrong kind of value"
)

func (c *call) reply(v value) {
	var b strings.Builder
	v.resp(&b, c.peer.Resp3)
	c.peer.WriteRaw(b.String())
}

func (c *call) ok() { c.peer.WriteOK() }

// fail answers an error. One in a transaction lets its EXEC fail.
func (c *call) fail(text string) {
	c.stats.failed.Add(1)
	if contextOf(c.peer).queuing {
		c.native("echo") // whose lack of an argument miniredis remembers
	}
	c.peer.WriteError(text)
}

// innerPeer names the peers of our own, by a name that no client can have.
const innerPeer = "embedded\n"

// native runs a command of miniredis's own on the caller's database and answers
// its reply: nil, a string, an int, a server.Simple, an error, or a list of
// these. It works inside a script too, where miniredis is locked.
func (c *call) native(words ...string) any {
	return parsed(c.nativeRaw(words, false))
}

func parsed(raw []byte) any {
	reply, err := server.ParseReply(bufio.NewReaderSize(bytes.NewReader(raw), min(len(raw), 4096)))
	if err != nil {
		return err
	}
	return reply
}

// nativeRaw answers the reply as miniredis wrote it. Nothing is written to the
// client meanwhile, since a slow one would hold up time itself.
func (c *call) nativeRaw(words []string, three bool) []byte {
	if !contextOf(c.peer).nested {
		c.still.RLock()
		defer c.still.RUnlock()
	}
	return c.dispatch(words, three)
}

// smallReply is what most inner replies fit into, in bytes.
const smallReply = 64

func (c *call) dispatch(words []string, three bool) []byte {
	var b bytes.Buffer
	w := bufio.NewWriterSize(&b, smallReply)
	inner := server.NewPeer(w)
	inner.ClientName, inner.Ctx, inner.Resp3 = innerPeer, c.peer.Ctx, three
	c.dispatcher.Dispatch(inner, words)
	c.peer.Ctx = inner.Ctx
	inner.Flush()
	return b.Bytes()
}

// nativeStrings answers a list of strings, nil if the reply is none.
func (c *call) nativeStrings(words ...string) []string {
	list, _ := c.native(words...).([]any)
	texts := make([]string, 0, len(list))
	for _, e := range list {
		text, _ := e.(string)
		texts = append(texts, text)
	}
	return texts
}

func (c *call) nativeInt(words ...string) int {
	n, _ := c.native(words...).(int)
	return n
}

// typeOf answers "none" for a key that does not exist.
func (c *call) typeOf(key string) string {
	t, _ := c.native("type", key).(server.Simple)
	return typeName(string(t))
}

// typeName is a type as Redis calls it: it keeps a HyperLogLog in a string.
func typeName(native string) string {
	if native == "hll" {
		return "string"
	}
	return native
}

// peerContext is what miniredis knows of a connection.
type peerContext struct {
	db         int
	nested     bool // a script's call
	queuing    bool // after MULTI
	subscribed bool
}

// contextOf reads it from miniredis's own record, which has no other access.
func contextOf(peer *server.Peer) peerContext {
	if peer.Ctx == nil {
		return peerContext{}
	}
	record := reflect.ValueOf(peer.Ctx).Elem()
	return peerContext{
		db:         int(record.FieldByName("selectedDB").Int()),
		nested:     record.FieldByName("nested").Bool(),
		queuing:    !record.FieldByName("transaction").IsNil(),
		subscribed: !record.FieldByName("subscriber").IsNil(),
	}
}
