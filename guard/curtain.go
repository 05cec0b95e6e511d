package guard

import (
	"bytes"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/redact"
)

// redaction is how a Guard hides; nil hides nothing.
type redaction struct {
	*redact.Redactor
	shown   Shown
	reveals bool         // what the caller's right reveal covers is not hidden
	scans   atomic.Int32 // short forms that were looked for among all keys

	hid, revealed atomic.Bool // something was
}

// holds is what the strings of a reply are.
type holds int

const (
	holdValues holds = iota
	holdFacts        // of the server; nothing that anybody stored
	holdKeys
	holdPairs      // names of fields, each with its value
	holdPairValues // the same, of which only the values are shown: HVALS
	holdWords      // of commands, in which a value may follow a field's name
)

// curtain hides what must not be seen of one call's reply. A nil curtain hides
// nothing.
type curtain struct {
	*redaction
	holds holds
	all   bool              // what was asked for is secret by its name
	names []string          // the name of each element, as the call has them: HMGET, MGET
	seen  permissions.Scope // keys that are shown whole nevertheless
	live  bool              // the reply is one of a live view
	buf   []byte
}

// curtain answers what hides the call's reply.
func (c *call) curtain() *curtain {
	if c.redaction == nil {
		return nil
	}
	k := &curtain{redaction: c.redaction, holds: holdKeys, live: c.in.viewing > 0}
	if c.redaction.reveals {
		if k.seen = c.policy.Scope(c.caller, permissions.Reveal); c.isRevealed(k.seen) {
			c.redaction.revealed.Store(true)
			return nil
		}
	}
	if c.cmd == nil { // --scan
		return k
	}
	k.holds = holding(c.argv)
	switch {
	case k.holds != holdValues && k.holds != holdWords:
	case c.cmd.name == "mget":
		for _, key := range c.keys {
			k.names = append(k.names, key.key)
		}
	case c.cmd.name == "hmget" || c.cmd.name == "hget":
		k.names = c.argv[min(2, len(c.argv)):]
	case c.cmd.name != "hkeys" && c.cmd.name != "hrandfield" && c.cmd.name != "hscan":
		k.all = slices.ContainsFunc(c.argv[1:], k.named)
	}
	return k
}

// isRevealed reports whether the right reveal on a part of the keys covers all
// that the call reads.
func (c *call) isRevealed(on permissions.Scope) bool {
	if on.All() {
		return true
	}
	return len(c.keys) > 0 && !c.rule.whole &&
		!slices.ContainsFunc(c.keys, func(k keyUse) bool { return !on.Allows(k.key) })
}

// holding tells what a command's reply holds.
func holding(argv []string) holds {
	name := strings.ToLower(argv[0])
	sub := ""
	if len(argv) > 1 {
		sub = strings.ToLower(argv[1])
	}
	switch name {
	case "keys", "scan", "randomkey":
		return holdKeys
	case "hgetall", "xrange", "xrevrange", "xread", "xinfo":
		return holdPairs
	case "hscan":
		if !hasWord(argv, 3, "novalues") {
			return holdPairs
		}
	case "hrandfield":
		if hasWord(argv, 3, "withvalues") {
			return holdPairs
		}
	case "hvals":
		return holdPairValues
	case "slowlog":
		return holdWords
	case "cluster", "command", "pubsub":
		if strings.HasPrefix(sub, "getkeys") || strings.HasSuffix(sub, "channels") || sub == "numsub" || sub == "shardnumsub" {
			return holdKeys
		}
		return holdFacts
	case "info", "config", "client", "memory", "latency", "role", "acl", "object", "type", "lolwut", "time", "lastsave", "dbsize":
		return holdFacts
	}
	if strings.Contains(name, ".") { // of a module
		return holdWords
	}
	return holdValues
}

// named reports whether a word of a call names a secret: a field, a path into
// a document, a pattern of SORT, or a key such as otp:42.
func (k *curtain) named(word string) bool {
	parts := strings.FieldsFunc(word, func(c rune) bool { return strings.ContainsRune(":/.>[]'\"$*{}", c) })
	return slices.ContainsFunc(parts, k.Secret)
}

// key answers a key as it may be shown, until the next call.
func (k *curtain) key(key []byte) []byte {
	if k == nil {
		return key
	}
	short := k.Key(k.buf, key)
	if len(short) == len(key) && string(short) == string(key) {
		return key
	}
	if k.reveals && k.seen.Allows(string(key)) {
		k.revealed.Store(true)
		return key
	}
	k.buf = short
	if k.shown != nil {
		k.shown.Add(short, key)
	}
	k.note()
	return short
}

// note notes that something was hidden.
func (k *curtain) note() {
	if !k.live {
		k.hid.Store(true)
	}
}

// value answers a value as it may be shown.
func (k *curtain) value(text []byte) []byte {
	shown := k.Value(text)
	if !bytes.Equal(shown, text) {
		k.note()
	}
	return shown
}

// mask stands for what is hidden whole.
func (k *curtain) mask() []byte {
	k.note()
	return []byte(redact.Mask)
}

// text answers a string of a reply as it may be shown.
func (k *curtain) text(text []byte) []byte {
	switch {
	case k.holds == holdKeys || looksLikeKey(text):
		return slices.Clone(k.key(text))
	case k.all && len(text) > 0:
		return k.mask()
	}
	return k.value(text)
}

// pieces redacts a string that comes in pieces.
type pieces interface {
	Next(piece []byte) []byte
	End() []byte
}

// nothing hides a string whose key says that it is secret.
type nothing struct{ *curtain }

func (nothing) Next([]byte) []byte { return nil }
func (n nothing) End() []byte      { return n.mask() }

// watched notes whether a stream hides something.
type watched struct {
	*redact.Stream
	curtain *curtain
}

func (n watched) Next(piece []byte) []byte { return n.out(n.Stream.Next(piece)) }
func (n watched) End() []byte              { return n.out(n.Stream.End()) }

func (n watched) out(shown []byte) []byte {
	if n.Hid() {
		n.curtain.note()
	}
	return shown
}

// stream answers what redacts a long string; nil where nothing is hidden.
func (k *curtain) stream() pieces {
	switch {
	case k == nil:
		return nil
	case k.all:
		return nothing{k}
	}
	return watched{k.ValueStream(), k}
}

// listed answers one element of a list as it may be shown.
func (k *curtain) listed(i int, e reply) reply {
	if k == nil || e.aggregate() || e.kind == errorReply {
		return k.reply(e)
	}
	return k.element(i, e)
}

// looksLikeKey reports whether a value is the name of a session's key.
func looksLikeKey(text []byte) bool {
	return bytes.HasPrefix(text, []byte(sessionPrefix)) && !bytes.ContainsAny(text, " \t\r\n\"'")
}

// field answers the value of a field as it may be shown.
func (k *curtain) field(name, value reply) reply {
	if k == nil {
		return value
	}
	if !value.aggregate() && len(value.text) > 0 && k.named(string(name.text)) {
		value.text = k.mask()
		return value
	}
	return k.reply(value)
}

// reply answers a whole reply as it may be shown.
func (k *curtain) reply(r reply) reply {
	if k == nil {
		return r
	}
	switch r.kind {
	case statusReply: // the server's own word, such as OK
		r.text = k.value(r.text)
	case bulkReply, verbatimReply:
		if k.holds != holdFacts {
			r = k.element(0, r)
		}
	case errorReply:
		r.text = k.value(r.text)
	case arrayReply, setReply, mapReply, pushReply:
		if k.holds != holdFacts {
			r.elems = k.elements(r)
		}
	}
	return r
}

// element answers one string of a reply, at its place among the others.
func (k *curtain) element(i int, e reply) reply {
	if len(e.text) > 0 && i < len(k.names) && k.named(k.names[i]) {
		e.text = k.mask()
		return e
	}
	e.text = k.text(e.text)
	return e
}

func (k *curtain) elements(r reply) []reply {
	pairs := r.kind == mapReply || (k.holds == holdPairs || k.holds == holdPairValues) && isFlat(r.elems) && len(r.elems)%2 == 0
	var out []reply
	for i, e := range r.elems {
		follows := i > 0 && (pairs && i%2 == 1 || k.holds == holdWords && !r.elems[i-1].aggregate())
		switch {
		case k.holds == holdPairValues && pairs && i%2 == 0:
			continue
		case follows:
			e = k.field(r.elems[i-1], e)
		case e.kind == bulkReply || e.kind == statusReply || e.kind == verbatimReply:
			e = k.element(i, e)
		default:
			e = k.reply(e)
		}
		out = append(out, e)
	}
	return out
}

// isFlat reports whether no element is itself an aggregate.
func isFlat(elems []reply) bool {
	return !slices.ContainsFunc(elems, reply.aggregate)
}
