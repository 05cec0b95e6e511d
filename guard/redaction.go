package guard

import (
	"context"

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
