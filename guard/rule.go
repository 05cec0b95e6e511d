package guard

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/helix-collective/helix/permissions"
)

// kind is what becomes of a command in principle.
type kind int

const (
	undecided kind = iota
	reading        // runs
	changing       // needs a plan
	refused        // never runs, or not yet
)

// rule is what Helix makes of a command.
type rule struct {
	kind   kind
	why    string              // refused: the reason, as a clause
	rights []permissions.Right // beyond what the keys ask for
	whole  bool                // names or shows keys that are not among its words
	use    *use                // of every key, in place of what the server says
	keys   []keyUse            // beside those that the server's key specs find
	exact  bool                // keys are all there are
	late   bool                // is never asked for before its turn

	// ownKeys says that Helix knows the keys better than the server's specs,
	// which leave some of them open.
	ownKeys bool

	refine func(rule, []string) rule
	run    handler
	size   sizing
}

// handler carries out calls that are not simply sent on.
type handler func(context.Context, *call, *printer) (int, error)

// derive answers the rule of a command that is not in the reviewed table.
func derive(c *command, sizes map[string]sizing) rule {
	switch why := closed(c); {
	case strings.HasSuffix(c.name, " help"):
		return rule{kind: reading, size: bounded()}
	case why != "":
		return rule{kind: refused, why: why}
	case c.has("write"):
		return rule{kind: changing}
	case c.has("readonly"):
		size, known := sizes[c.name]
		if !known {
			size = unknownSizing(c)
		}
		return rule{kind: reading, size: size}
	}
	return rule{kind: refused, why: "the server does not say that it only reads, and Helix has no rule for it"}
}

// closed answers why a command does not run unless the reviewed table names it.
func closed(c *command) string {
	switch {
	case c.has("blocking"):
		return "it waits on the connection, which others share"
	case c.has("pubsub"), c.in("pubsub"):
		return "Helix keeps no subscriptions for chat"
	case c.in("transaction"), c.in("connection"), c.has("no_auth"):
		return "it changes the state of a connection, and connections are shared; each command runs for itself"
	case c.in("scripting"):
		return "scripts can do anything, for any length of time, while the server serves nobody else"
	}
	for _, group := range []string{"admin", "dangerous"} {
		if c.has(group) || c.in(group) {
			return fmt.Sprintf("the server counts it among the %s commands, and of those Helix runs only the ones that it has a rule for", group)
		}
	}
	return ""
}

// refined answers the rule for a call with these words.
func (r rule) refined(argv []string) rule {
	if r.refine == nil {
		return r
	}
	return r.refine(r, argv)
}

// demand is one right that a call needs, on which keys.
type demand struct {
	right permissions.Right
	keys  []string
}

// demands lists what a call needs, the graver first.
func (r rule) demands(keys []keyUse) []demand {
	if r.kind == reading {
		return r.readDemands(keys)
	}
	var read, write, destroy, mint []string
	for _, k := range keys {
		if k.use.removes || k.use.deletes {
			destroy = appendOneOf(destroy, k.key, len(keys))
		}
		if k.use.inserts || k.use.updates || k.use.conserves {
			write = appendOneOf(write, k.key, len(keys))
		}
		if k.use.alters() && isSession(k.key) {
			mint = appendOneOf(mint, k.key, len(keys))
		}
		if k.use.reads {
			read = appendOneOf(read, k.key, len(keys))
		}
	}
	var list []demand
	list = appendDemand(list, permissions.Destroy, destroy)
	list = appendDemand(list, permissions.Write, write)
	list = appendDemand(list, permissions.Mint, mint)
	for _, right := range r.rights {
		list = append(list, demand{right, nil})
	}
	list = appendDemand(list, permissions.Read, read)
	if len(list) == 0 || len(keys) == 0 && len(r.rights) == 0 {
		list = append(list, demand{permissions.Destroy, nil})
	}
	return list
}

// appendOneOf appends one of so many keys that list has room for all of them.
func appendOneOf(list []string, key string, keys int) []string {
	if list == nil {
		list = make([]string, 0, keys)
	}
	return append(list, key)
}

func (r rule) readDemands(keys []keyUse) []demand {
	read := demand{right: permissions.Read, keys: make([]string, 0, len(keys))}
	for _, k := range keys {
		read.keys = append(read.keys, k.key)
	}
	list := []demand{read}
	for _, right := range r.rights {
		list = append(list, demand{right, nil})
	}
	return list
}

func appendDemand(list []demand, right permissions.Right, keys []string) []demand {
	if len(keys) == 0 {
		return list
	}
	return append(list, demand{right, keys})
}

// overwritten lists the keys that lose what they hold, if they hold anything.
func overwritten(keys []keyUse) []string {
	var list []string
	for _, k := range keys {
		if k.use.updates && !k.use.removes && !k.use.deletes {
			list = append(list, k.key)
		}
	}
	return list
}

// sessionPrefix begins the keys whose values sign people in.
const sessionPrefix = "session:"

func isSession(key string) bool { return strings.HasPrefix(key, sessionPrefix) }

// isOwn reports whether a key, or a channel, belongs to Helix.
func isOwn(name string) bool {
	return strings.HasPrefix(name, "{helix}:") || strings.HasPrefix(name, "helix:")
}

// hasWord reports whether one of the words from the given place on is word, in
// any case.
func hasWord(argv []string, from int, word string) bool {
	return wordAt(argv, from, word) >= 0
}

// wordAt answers the place of word among the words from the given place on, or
// -1.
func wordAt(argv []string, from int, word string) int {
	if from >= len(argv) {
		return -1
	}
	i := slices.IndexFunc(argv[from:], func(w string) bool { return strings.EqualFold(w, word) })
	if i < 0 {
		return -1
	}
	return from + i
}
