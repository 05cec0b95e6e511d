package embedded

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// commandText is what a Redis 7.0 answers to COMMAND, as far as the commands
// are answered here too: one to a line, in the notation of value.
// `go test ./embedded -run TestCommandTable -update` writes it anew, from the
// redis-server on the PATH.
//
//go:embed commands.txt
var commandText string

// commandTable says what commands there are.
type commandTable struct {
	commands []*command // by name
	byName   map[string]*command
}

// command is a command or a sub-command, as COMMAND describes it.
type command struct {
	name  string // in lower case; of a sub-command "config|get"
	arity int    // words with the name; negative: at least so many
	flags []string
	subs  map[string]*command // by their own word
	entry value
}

func parseCommands(text string) (*commandTable, error) {
	list, err := parseNotation(text)
	if err != nil {
		return nil, err
	}
	t := &commandTable{byName: make(map[string]*command, len(list))}
	for _, entry := range list {
		c, err := parseCommand(entry)
		if err != nil {
			return nil, err
		}
		t.commands = append(t.commands, c)
		t.byName[c.name] = c
	}
	return t, nil
}

// The fields of an entry.
const (
	fieldName = iota
	fieldArity
	fieldFlags
	fieldFirst
	fieldLast
	fieldStep
	fieldGroups
	fieldTips
	fieldSpecs
	fieldSubs
	fields
)

func parseCommand(entry value) (*command, error) {
	if len(entry.elems) != fields {
		return nil, fmt.Errorf("%w: a command of %d fields", errNotation, len(entry.elems))
	}
	arity, err := strconv.Atoi(entry.elems[fieldArity].text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotation, err)
	}
	c := &command{name: entry.elems[fieldName].text, arity: arity, entry: entry, subs: map[string]*command{}}
	for _, f := range entry.elems[fieldFlags].elems {
		c.flags = append(c.flags, f.text)
	}
	for _, e := range entry.elems[fieldSubs].elems {
		sub, err := parseCommand(e)
		if err != nil {
			return nil, err
		}
		_, word, _ := strings.Cut(sub.name, "|")
		c.subs[word] = sub
	}
	return c, nil
}

func (c *command) has(flag string) bool { return slices.Contains(c.flags, flag) }

// fits reports whether a call of so many words can be right.
func (c *command) fits(words int) bool {
	return words == c.arity || c.arity < 0 && words >= -c.arity
}

// find answers the command that words call, or the server's words of refusal.
func (t *commandTable) find(words []string) (c *command, refusal string) {
	name := strings.ToLower(words[0])
	c, ok := t.byName[name]
	if !ok {
		return nil, unknownCommand(words)
	}
	if len(c.subs) > 0 && len(words) > 1 {
		sub, ok := c.subs[strings.ToLower(words[1])]
		if !ok {
			return nil, fmt.Sprintf("ERR unknown subcommand '%.128s'. Try %s HELP.", words[1], strings.ToUpper(name))
		}
		c = sub
	}
	if !c.fits(len(words)) {
		return nil, wrongNumber(c.name)
	}
	return c, ""
}

func wrongNumber(name string) string {
	return fmt.Sprintf("ERR wrong number of arguments for '%s' command", name)
}

// unknownCommand quotes the arguments as the server does, up to 128 bytes.
func unknownCommand(words []string) string {
	var args strings.Builder
	for _, a := range words[1:] {
		if args.Len() >= 128 {
			break
		}
		fmt.Fprintf(&args, "'%.*s' ", 128-args.Len(), a)
	}
	return fmt.Sprintf("ERR unknown command '%.128s', with args beginning with: %s", strings.ToLower(words[0]), args.String())
}
