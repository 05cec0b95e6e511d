package shadow

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

// call is one command that is run on the copies.
type call struct {
	*Shadow
	command
	db   int
	name string // in lower case
	argv []string
	keys []string // each once
}

// Run runs a command on the copies and answers its reply in RESP2, byte for
// byte as a Redis 7 would send it; an error reply is a reply too. Its errors
// are *UnpredictableError where nobody can tell, *NotHeldError where Load comes
// first, *TooLargeError where the copies have grown too much, and ctx's own;
// with any of them the copies stay as they are.
//
// A reply that tells a remaining time counts by the shadow's clock. What lies
// outside the keys is not looked at: a server may still refuse the command for
// want of memory or rights, or because the keys are in different slots.
func (s *Shadow) Run(ctx context.Context, db int, argv []string) (reply []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, refusal, err := s.prepare(db, argv)
	if err != nil || refusal != nil {
		return refusal, err
	}
	if c.early && c.mistyped() {
		return errorReply(wrongType), nil
	}
	if c.check != nil {
		if why := c.check(c); why != "" {
			return nil, c.unpredictable(why)
		}
	}
	if reply, err = c.carryOut(); err != nil {
		return nil, err
	}
	c.settle(reply)
	return reply, nil
}

// prepare finds out what is called. refusal is the server's reply to a call
// that has the wrong number of words.
func (s *Shadow) prepare(db int, argv []string) (c *call, refusal []byte, err error) {
	if s.closed {
		return nil, nil, errClosed
	}
	if len(argv) == 0 {
		return nil, nil, &UnpredictableError{Why: "it has no name"}
	}
	c = &call{Shadow: s, db: db, argv: argv, name: strings.ToLower(argv[0])}
	known := false
	if c.command, known = s.commands[c.name]; !known {
		return nil, nil, c.unpredictable("it is not among the commands whose effect is known exactly")
	}
	if !c.fits() {
		return nil, errorReply(wrongNumber, c.name), nil
	}
	if c.keys, err = c.held(); err != nil {
		return nil, nil, err
	}
	if c.alters && s.bytes > maxBytes {
		return nil, nil, &TooLargeError{Bytes: s.bytes}
	}
	return c, nil, s.open()
}

// open starts the library before its first use.
func (s *Shadow) open() (err error) {
	if s.library == nil {
		s.library, err = openLibrary()
	}
	return err
}

func (c *call) unpredictable(why string) error {
	name := c.name
	if _, known := c.commands[name]; !known {
		name = "the command" // which may be anything, a secret that was pasted too
	}
	return &UnpredictableError{Command: name, Why: why}
}

// fits reports whether the command takes so many words; a negative arity is the
// least number.
func (c *call) fits() bool {
	return len(c.argv) == c.arity || c.arity < 0 && len(c.argv) >= -c.arity
}

// held answers the keys of the call, once all of them are known and those that
// are over have ended.
func (c *call) held() ([]string, error) {
	named, ok := c.command.keys(c.argv)
	if !ok {
		return nil, c.unpredictable("the number of keys is not the one that it names")
	}
	keys := unique(named)
	var missing []string
	for _, key := range keys {
		c.lapse(c.at(key))
		if c.known[c.at(key)] == nil {
			missing = append(missing, key)
		}
	}
	if missing != nil {
		return nil, &NotHeldError{DB: c.db, Keys: missing}
	}
	return keys, nil
}

func (c *call) at(key string) place { return place{c.db, key} }

// entry answers what is known of a key of the call.
func (c *call) entry(key string) *entry { return c.known[c.at(key)] }

func (c *call) typeOf(key string) string { return c.library.typeOf(c.at(key)) }

// ask runs a command of the library's on the call's database.
func (c *call) ask(words ...string) []byte { return c.library.run(c.db, words...) }

// carryOut answers the reply, or why it cannot be told.
func (c *call) carryOut() (reply []byte, err error) {
	if c.run != nil {
		reply = c.run(c)
	} else {
		reply = c.ask(c.words()...)
	}
	switch {
	case len(reply) == 0:
		return nil, c.unpredictable(whyForm)
	case reply[0] == '-' && c.run == nil:
		return c.judge(reply)
	case c.unordered:
		return c.inOrder(reply)
	}
	return reply, nil
}

// reviewed reports whether an error of the library is Redis' own, word for word.
func (c *call) reviewed(text string) bool {
	switch text {
	case wrongType, notInteger,
		noSuchKey,
		"ERR syntax error",
		"ERR value is not a valid float",
		"ERR index out of range",
		"ERR value is out of range, must be positive",
		"ERR min or max is not a float",
		"ERR min or max not valid string range item",
		"ERR bit offset is not an integer or out of range",
		"ERR bit is not an integer or out of range",
		"ERR offset is out of range",
		"ERR BITOP NOT must be called with a single source key.",
		"ERR GT, LT, and/or NX options at the same time are not compatible",
		"ERR Invalid stream ID specified as stream command argument":
		return true
	}
	return text == fmt.Sprintf(wrongNumber, c.name)
}

const (
	wrongNumber = "ERR wrong number of arguments for '%s' command"
	noSuchKey   = "ERR no such key"
	wrongType   = "WRONGTYPE Operation against a key holding the wrong kind of value"
	notInteger  = "ERR value is not an integer or out of range"
)

// judge decides whether an error of the library is Redis' own. Where a call has
// several faults the two may differ in which they name.
func (c *call) judge(reply []byte) ([]byte, error) {
	text := string(bytes.TrimSuffix(reply[1:], []byte("\r\n")))
	switch {
	case !c.reviewed(text):
		return nil, c.unpredictable("it is refused, in words that are not known")
	case (text == wrongType) != c.mistyped():
		return nil, c.unpredictable("it has more than one fault")
	case text == wrongType && c.faulty():
		return nil, c.unpredictable("it has more than one fault")
	}
	return reply, nil
}

// mistyped reports whether a key is of a type that the command does not take.
func (c *call) mistyped() bool {
	sources := c.sources
	if sources == nil {
		sources = c.command.keys
	}
	keys, _ := sources(c.argv)
	return slices.ContainsFunc(keys, func(key string) bool {
		t := c.typeOf(key)
		return t != typeNone && t != c.of && c.of != "" && !(c.orSet && t == typeSet)
	})
}

// nowhere is a database that stays empty.
const nowhere = 1 << 30

// faulty reports whether the call would be refused even if its keys did not
// exist, for another reason than that.
func (c *call) faulty() bool {
	reply := c.library.run(nowhere, c.words()...)
	c.library.run(nowhere, "FLUSHDB")
	return len(reply) == 0 || reply[0] == '-' && !bytes.Equal(reply, errorReply(noSuchKey))
}

// text answers the value of a string, "" if there is none.
func (c *call) text(key string) string {
	text, _ := c.library.mini.DB(c.db).Get(key)
	return text
}
