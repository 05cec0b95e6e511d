package embedded

import (
	"slices"
	"strconv"
	"strings"
)

// COMMAND
func (c *call) commandAll() {
	list := make([]value, 0, len(c.table.commands))
	for _, cmd := range c.table.commands {
		list = append(list, cmd.entry)
	}
	c.reply(array(list...))
}

// COMMAND COUNT
func (c *call) commandCount() { c.reply(integer(len(c.table.commands))) }

// COMMAND INFO [name …]
func (c *call) commandInfo() {
	if len(c.args) == 0 {
		c.commandAll()
		return
	}
	list := make([]value, len(c.args))
	for i, name := range c.args {
		list[i] = null('$')
		if cmd := c.table.named(name); cmd != nil {
			list[i] = cmd.entry
		}
	}
	c.reply(array(list...))
}

// named answers the command of a name as "get" or "config|get".
func (t *commandTable) named(name string) *command {
	first, word, isSub := strings.Cut(strings.ToLower(name), "|")
	cmd := t.byName[first]
	if cmd == nil || !isSub {
		return cmd
	}
	return cmd.subs[word]
}

// COMMAND LIST [FILTERBY MODULE m | ACLCAT c | PATTERN p]
func (c *call) commandList() {
	keep, ok := listFilter(c.args)
	if !ok {
		c.fail(syntaxError)
		return
	}
	c.reply(strs(c.table.names(keep)))
}

func listFilter(args []string) (keep func(*command) bool, ok bool) {
	if len(args) == 0 {
		return func(*command) bool { return true }, true
	}
	if len(args) != 3 || !strings.EqualFold(args[0], "FILTERBY") {
		return nil, false
	}
	what := strings.ToLower(args[2])
	switch strings.ToUpper(args[1]) {
	case "MODULE":
		return func(*command) bool { return false }, true
	case "ACLCAT":
		return func(cmd *command) bool {
			return slices.ContainsFunc(cmd.entry.elems[fieldGroups].elems, func(g value) bool { return g.text == "@"+what })
		}, true
	case "PATTERN":
		return func(cmd *command) bool { return glob(what, cmd.name) }, true
	}
	return nil, false
}

// names lists the commands to keep and, as the server does, their
// sub-commands.
func (t *commandTable) names(keep func(*command) bool) []string {
	var names []string
	for _, cmd := range t.commands {
		if keep(cmd) {
			names = append(names, cmd.name)
		}
		for _, e := range cmd.entry.elems[fieldSubs].elems {
			if sub := t.named(e.elems[fieldName].text); keep(sub) {
				names = append(names, sub.name)
			}
		}
	}
	return names
}

// COMMAND GETKEYS name [argument …]
func (c *call) commandGetKeys() {
	cmd, refusal := c.table.find(c.args)
	switch {
	case cmd == nil && strings.HasPrefix(refusal, "ERR wrong number"):
		c.fail("ERR Invalid number of arguments specified for command")
		return
	case cmd == nil:
		c.fail("ERR Invalid command specified")
		return
	case len(cmd.entry.elems[fieldSpecs].elems) == 0:
		c.fail("ERR The command has no key arguments")
		return
	}
	keys, ok := cmd.keys(c.args)
	if !ok || len(keys) == 0 {
		c.fail("ERR Invalid arguments specified for command")
		return
	}
	c.reply(strs(keys))
}

// keys picks the keys out of a call's words, as the key specs say; ok is false
// if the words do not fit them.
func (cmd *command) keys(words []string) (keys []string, ok bool) {
	for _, spec := range cmd.entry.elems[fieldSpecs].elems {
		begin, find := spec.field("begin_search"), spec.field("find_keys")
		first := begins(begin, words)
		if first == 0 {
			continue
		}
		if first >= len(words) {
			return nil, false
		}
		found, ok := ranged(find, words, first)
		if !ok {
			return nil, false
		}
		keys = append(keys, found...)
	}
	return keys, true
}

// field answers the value of a key in a map.
func (v value) field(key string) value {
	for i := 0; i+1 < len(v.elems); i += 2 {
		if v.elems[i].text == key {
			return v.elems[i+1]
		}
	}
	return value{}
}

func (v value) number(key string) int {
	n, _ := strconv.Atoi(v.field(key).text) // 0 where there is no such field
	return n
}

// begins answers where the keys of a spec begin, 0 if nowhere.
func begins(begin value, words []string) int {
	spec := begin.field("spec")
	switch begin.field("type").text {
	case "index":
		return spec.number("index")
	case "keyword":
		from, step := spec.number("startfrom"), 1
		if from < 0 {
			from, step = len(words)+from, -1
		}
		for i := from; i > 0 && i < len(words); i += step {
			if strings.EqualFold(words[i], spec.field("keyword").text) {
				return i + 1
			}
		}
	}
	return 0
}

// ranged answers the keys that lie from first on; ok is false if there are
// fewer words than that takes.
func ranged(find value, words []string, first int) (keys []string, ok bool) {
	spec := find.field("spec")
	step := max(spec.number("keystep"), 1)
	last := 0
	switch find.field("type").text {
	case "range":
		last = lastOf(spec, len(words), first)
	case "keynum":
		at := first + spec.number("keynumidx")
		if at >= len(words) {
			return nil, false
		}
		n, err := strconv.Atoi(words[at])
		if err != nil || n < 0 || n > len(words) {
			return nil, false
		}
		first += spec.number("firstkey")
		last = first + (n-1)*step
	default:
		return nil, true // the server does not say where they are
	}
	if last >= len(words) {
		return nil, false
	}
	for i := first; i <= last; i += step {
		keys = append(keys, words[i])
	}
	return keys, true
}

// lastOf answers where the last key of a range is: counted from the first, or
// from the end; with a limit only that part of what follows holds keys.
func lastOf(spec value, words, first int) int {
	last, limit := spec.number("lastkey"), spec.number("limit")
	switch {
	case last == -1 && limit > 1:
		return first + (words-first)/limit - 1
	case last < 0:
		return words + last
	}
	return first + last
}
