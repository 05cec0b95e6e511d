package guard

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/redact"
)

// Shown remembers which keys stand behind the short forms that somebody was
// shown. Its methods may be called from several goroutines.
type Shown interface {
	// Add is told a key and its short form. Both slices are the caller's.
	Add(short, key []byte)
	// Find answers the keys that were shown in this form; several where it is
	// ambiguous.
	Find(short string) []string
}

// WithRedaction returns a Guard that shares everything with g and lets out keys
// and values only as r shows them, in every format. A key's record still stands
// for the whole key, and where a command takes a key it takes a short form too.
func (g *Guard) WithRedaction(r *redact.Redactor, shown Shown) *Guard {
	redacting := *g
	redacting.redaction = &redaction{Redactor: r, shown: shown}
	return &redacting
}

// Revealing returns a Guard that shares everything with g, which redacts, and
// hides nothing of what the caller's right reveal covers: whole keys, and what
// a call reads of keys that it all covers. Live views it refuses, since they
// cannot be shown again.
func (g *Guard) Revealing() *Guard {
	revealing := *g
	revealing.redaction = &redaction{Redactor: g.redaction.Redactor, shown: g.redaction.shown, reveals: true}
	return &revealing
}

// Hid reports whether anything was hidden, but in live views, since g was told
// to redact.
func (g *Guard) Hid() bool { return g.redaction != nil && g.redaction.hid.Load() }

// Revealed reports whether anything was shown for the right reveal.
func (g *Guard) Revealed() bool { return g.redaction != nil && g.redaction.revealed.Load() }

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

// instead answers the words that are sent in the place of a call's, so that
// what is read can be judged: the fields' names beside their values.
func (c *call) instead() []string {
	if c.cmd != nil && c.cmd.name == "hvals" && c.curtain() != nil {
		return append([]string{"HGETALL"}, c.argv[1:]...)
	}
	return c.argv
}

// piecewise are commands that show a string by pieces too small to be judged,
// and whether they answer a range of it.
func piecewise() map[string]bool {
	return map[string]bool{
		"getrange": true, "substr": true,
		"getbit": false, "bitcount": false, "bitpos": false, "bitfield": false, "bitfield_ro": false, "lcs": false, "stralgo": false, "dump": false,
	}
}

// veil has calls run whole that would show a value by pieces.
func (c *call) veil() {
	if c.rule.kind != reading || len(c.keys) == 0 {
		return
	}
	if _, ok := piecewise()[c.cmd.name]; ok && c.curtain() != nil {
		c.rule.run = runPiece
	}
}

// runPiece serves commands that read pieces of strings. Where nothing of the
// strings is hidden they run as they are; else a range is one of what may be
// shown, and the others are refused.
func runPiece(ctx context.Context, c *call, p *printer) (int, error) {
	var whole []byte
	hidden := c.cmd.name == "dump" || p.curtain.all
	for _, w := range c.keys {
		value, err := c.wholeString(ctx, w.key)
		if err != nil {
			return 0, err
		}
		shown := p.curtain.reply(value)
		hidden = hidden || string(shown.text) != string(value.text)
		whole = shown.text
	}
	switch {
	case !hidden:
		r, err := c.ask(ctx, c.argv, c.firstKey())
		if err != nil {
			return 0, err
		}
		return p.reply(r)
	case piecewise()[c.cmd.name] && len(c.argv) == 4:
		from, to := span(c.argv[2], c.argv[3], int64(len(whole)))
		return p.show(reply{kind: bulkReply, text: whole[from:to]})
	}
	return 0, &Refused{Command: c.cmd.shown(),
		Reason: "what it reads has parts that may not be shown, and it would show them piece by piece; `redis get` shows the rest"}
}

// wholeString reads a string to judge it by. One that is too large is refused,
// and what is none is left to the command.
func (c *call) wholeString(ctx context.Context, key string) (reply, error) {
	length, err := c.ask(ctx, []string{"STRLEN", key}, key)
	if err != nil {
		return reply{}, err
	}
	if n, _ := length.integer(); n > maxBytes {
		return reply{}, &Refused{Command: c.cmd.shown(), Reason: "the value is too large to tell which parts of it may be shown; `redis get` shows them"}
	}
	if length.kind == errorReply {
		return length, nil
	}
	return c.ask(ctx, []string{"GET", key}, key)
}
