package guard

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/suggest"
)

// command is what the server says about one command or sub-command, and what
// Helix makes of it.
type command struct {
	name    string // as people type it: "get", "config get"
	arity   int    // words, the name's included; negative: at least so many
	flags   []string
	groups  []string // ACL categories, without their @
	specs   []keySpec
	subs    map[string]*command // by their own word; nil unless it is a container
	listed  bool                // the server itself lists the sub-commands
	rule    rule
	movable bool // its keys are not where its specs say, or it has none
}

func (c *command) has(flag string) bool { return slices.Contains(c.flags, flag) }

func (c *command) in(group string) bool { return slices.Contains(c.groups, group) }

// shown is the name as messages have it.
func (c *command) shown() string { return "redis " + c.name }

// fits reports whether a call of n words can be right.
func (c *command) fits(n int) bool {
	return n == c.arity || c.arity < 0 && n >= -c.arity
}

// arityError is what the server itself says where fits is false.
func (c *command) arityError() reply {
	return failure("ERR wrong number of arguments for '%s' command", strings.Replace(c.name, " ", "|", 1))
}

// table is what one server says about its commands. It never changes.
type table struct{ commands map[string]*command }

// parseTable reads a reply to COMMAND.
func parseTable(r reply, now func() time.Time) (*table, error) {
	if r.kind != arrayReply || len(r.elems) == 0 {
		return nil, fmt.Errorf("%w to COMMAND: %.100q", errMalformed, r.text)
	}
	t := &table{commands: make(map[string]*command, len(r.elems))}
	for _, e := range r.elems {
		c, err := parseCommand(e)
		if err != nil {
			return nil, err
		}
		t.commands[c.name] = c
	}
	t.apply(reviewed(now))
	return t, nil
}

// parseCommand reads one entry: name, arity, flags, first key, last key, step,
// and since Redis 6 categories, since Redis 7 tips, key specs, sub-commands.
func parseCommand(e reply) (*command, error) {
	if len(e.elems) < 6 {
		return nil, fmt.Errorf("%w to COMMAND: an entry of %d fields", errMalformed, len(e.elems))
	}
	arity, ok := e.elems[1].integer()
	if !ok {
		return nil, fmt.Errorf("%w to COMMAND: an arity of %q", errMalformed, e.elems[1].text)
	}
	c := &command{
		name:  strings.Replace(strings.ToLower(string(e.elems[0].text)), "|", " ", 1),
		arity: int(arity),
		flags: e.elems[2].strings(),
	}
	if len(e.elems) > 6 {
		for _, group := range e.elems[6].strings() {
			c.groups = append(c.groups, strings.TrimPrefix(group, "@"))
		}
	}
	if len(e.elems) > 8 && len(e.elems[8].elems) > 0 {
		c.specs = parseSpecs(e.elems[8])
	} else {
		c.specs = legacySpecs(e.elems[3:6], c.has("write"))
	}
	c.movable = c.has("movablekeys") && len(c.specs) == 0 || slices.ContainsFunc(c.specs, func(s keySpec) bool { return s.unclear })
	if len(e.elems) > 9 && len(e.elems[9].elems) > 0 {
		return c, c.addSubs(e.elems[9])
	}
	return c, nil
}

func (c *command) addSubs(list reply) error {
	c.listed = true
	c.subs = make(map[string]*command, len(list.elems))
	for _, e := range list.elems {
		sub, err := parseCommand(e)
		if err != nil {
			return err
		}
		_, word, _ := strings.Cut(sub.name, " ")
		c.subs[word] = sub
	}
	return nil
}

// find answers the command that argv calls. A container without a known
// sub-command is answered itself, unless the sub-command is wrong.
func (t *table) find(argv []string) (*command, *UnknownCommand) {
	name := strings.ToLower(argv[0])
	c, ok := t.commands[name]
	if !ok {
		return nil, t.unknown(name, slices.Sorted(maps.Keys(t.commands)))
	}
	if len(c.subs) == 0 || len(argv) < 2 {
		return c, nil
	}
	word := strings.ToLower(argv[1])
	if sub, ok := c.subs[word]; ok {
		return sub, nil
	}
	if !c.listed {
		return c, nil
	}
	err := t.unknown(word, slices.Sorted(maps.Keys(c.subs)))
	err.Name = "redis " + name + " " + clip(word)
	if err.Suggestion != "" {
		err.Suggestion = "redis " + name + strings.TrimPrefix(err.Suggestion, "redis")
	}
	return nil, err
}

// unknown words a name that is none of the known.
func (t *table) unknown(name string, known []string) *UnknownCommand {
	e := &UnknownCommand{Name: "redis " + clip(name)}
	if near, ok := suggest.Nearest(name, known); ok {
		e.Suggestion = "redis " + near
	}
	return e
}

// clip keeps a word that somebody typed from filling a message.
func clip(word string) string {
	if len(word) > 60 {
		return strings.ToValidUTF8(word[:60], "") + "…"
	}
	return word
}

// names lists all commands; of a container its sub-commands.
func (t *table) names() []string {
	var names []string
	for _, c := range t.commands {
		if len(c.subs) == 0 {
			names = append(names, c.name)
		}
		for _, sub := range c.subs {
			names = append(names, sub.name)
		}
	}
	slices.Sort(names)
	return names
}

// apply gives every command its rule. Servers before Redis 7 do not list
// sub-commands; those that a row names are made from their container then.
func (t *table) apply(rows []row) {
	sizes := sizings()
	t.each(func(c *command) { c.rule = derive(c, sizes) })
	for _, row := range rows {
		if c := t.reviewed(row.name); c != nil {
			c.rule = row.rule
			c.movable = c.movable && !row.rule.ownKeys
		}
	}
	changed := changeSizings()
	t.each(func(c *command) {
		if size, known := changed[c.name]; known {
			c.rule.size = size
		} else if c.rule.kind == changing {
			c.rule.size = unknownSizing(c)
		}
	})
}

// reviewed answers the command of a row; nil where the server has none.
func (t *table) reviewed(name string) *command {
	first, word, isSub := strings.Cut(name, " ")
	c := t.commands[first]
	if c == nil || !isSub {
		return c
	}
	if sub := c.subs[word]; sub != nil || c.listed {
		return sub
	}
	if c.subs == nil {
		c.subs = map[string]*command{}
	}
	sub := *c
	sub.name, sub.subs = name, nil
	c.subs[word] = &sub
	return &sub
}

// each visits every command and sub-command.
func (t *table) each(visit func(*command)) {
	for _, c := range t.commands {
		visit(c)
		for _, sub := range c.subs {
			visit(sub)
		}
	}
}
