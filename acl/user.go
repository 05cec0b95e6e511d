package acl

import (
	"slices"
	"strings"
	"unicode"
)

// NoPassword stands where the SHA-256 of the password belongs. Redis refuses it,
// so that a line that was pasted as it is makes no user whom anybody can be.
const NoPassword = "#SHA256-OF-THE-PASSWORD"

// Needs is what a user is to be able to do.
type Needs struct {
	Features []Name
	Read     []string // patterns of the keys that people may read; none: all
	Change   []string // the same for changing
	Plain    bool     // for servers before Redis 7, which know no selectors
}

// SetUser answers the command that makes the user.
func (n Needs) SetUser(user, password string) string {
	return "ACL SETUSER " + user + " reset on " + strings.Join(append([]string{password}, n.Rules()...), " ")
}

// Line answers the user as a line of an ACL file.
func (n Needs) Line(user, password string) string {
	return "user " + user + " on " + strings.Join(append([]string{password}, n.Rules()...), " ")
}

// Adding answers what gives a user whatever of these rights is missing, without
// taking any away: as selectors, and for a server before Redis 7 at the root.
func (n Needs) Adding(missing []Probe) []string {
	var words []string
	for _, place := range []Place{Keyless, OwnKeys, SessionKeys, ReadKeys, ChangedKeys} {
		p := &part{keys: n.keysOf(place)}
		var grants []Grant
		for _, m := range missing {
			if m.Grant.On == place && !slices.Contains(grants, m.Grant) {
				grants = append(grants, m.Grant)
				p.addCommands(n.words(m.Grant))
				p.addChannels(strings.Fields(m.Grant.Channels))
			}
		}
		switch {
		case len(p.commands) == 0:
		case n.Plain || place == Keyless && len(p.channels) == 0:
			words = addNew(words, p.words())
		default:
			words = append(words, "("+strings.Join(p.words(), " ")+")")
		}
	}
	return words
}

// keysOf answers the patterns of a place.
func (n Needs) keysOf(place Place) []string {
	switch place {
	case OwnKeys:
		return ownPatterns()
	case SessionKeys:
		return append(ownPatterns(), "~session:*")
	case ReadKeys:
		if n.Plain {
			return prefixed("~", patterns(n.Read))
		}
		return prefixed("%R~", patterns(n.Read))
	case ChangedKeys:
		return append(ownPatterns(), prefixed("~", patterns(n.Change))...)
	}
	return nil
}

// Rules answers the user's rights, one word of ACL SETUSER each, after a reset.
func (n Needs) Rules() []string {
	root, read, change, anywhere := &part{}, &part{}, &part{}, &part{}
	if n.Plain {
		read, change, anywhere = root, root, root
	}
	n.fill(root, read, change, anywhere)
	if n.Plain {
		return append([]string{"resetchannels"}, root.words()...)
	}
	words := append([]string{"resetchannels"}, root.words()...)
	for _, p := range []*part{read, change, anywhere} {
		if len(p.commands) > 0 {
			words = append(words, "("+strings.Join(p.words(), " ")+")")
		}
	}
	return words
}

// fill gives each grant to the part for its keys.
func (n Needs) fill(root, read, change, anywhere *part) {
	for _, g := range n.grants() {
		p := root
		switch {
		case g.On == ReadKeys:
			p = read
		case g.On == ChangedKeys:
			p = change
		case g.Channels == "*":
			p = anywhere
		}
		p.addKeys(n.keysOf(g.On))
		p.addCommands(n.words(g))
		p.addChannels(strings.Fields(g.Channels))
	}
}

func (n Needs) grants() []Grant {
	var all []Grant
	for _, f := range Features() {
		if slices.Contains(n.Features, f.Name) {
			all = append(all, f.Grants...)
		}
	}
	return all
}

// words answers a grant's commands as far as the server knows them.
func (n Needs) words(g Grant) []string {
	words := strings.Fields(g.Commands)
	if !n.Plain {
		return words
	}
	return slices.DeleteFunc(words, func(word string) bool { return slices.Contains(sinceSeven(), word) })
}

// sinceSeven lists the commands that servers before Redis 7 refuse as unknown.
// Sub-commands they do not look at.
func sinceSeven() []string { return []string{"sort_ro", "ssubscribe", "spublish"} }

func ownPatterns() []string { return []string{"~{helix}:*", "~helix:*"} }

// patterns answers what ACL can say of these patterns: blanks in them, which
// would end the word, stand for any character.
func patterns(list []string) []string {
	if len(list) == 0 {
		return []string{"*"}
	}
	var out []string
	for _, pattern := range list {
		out = append(out, strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`()"'`, r) {
				return '?'
			}
			return r
		}, pattern))
	}
	return out
}

func prefixed(prefix string, list []string) []string {
	var out []string
	for _, item := range list {
		out = append(out, prefix+item)
	}
	return out
}

// part is the root of a user's rights, or a selector.
type part struct{ keys, channels, commands []string }

func (p *part) addKeys(keys []string) { p.keys = addNew(p.keys, keys) }

func (p *part) addChannels(channels []string) {
	p.channels = addNew(p.channels, prefixed("&", channels))
}

// addCommands puts what names whole categories, and takes away from them, before
// what names commands: the later word holds.
func (p *part) addCommands(words []string) {
	for _, word := range words {
		signed := "+" + word
		if strings.HasPrefix(word, "-") {
			signed = word
		}
		if strings.HasPrefix(strings.TrimLeft(signed, "+-"), "@") {
			p.commands = slices.Insert(p.commands, categoriesOf(p.commands), signed)
			continue
		}
		p.commands = addNew(p.commands, []string{signed})
	}
}

// categoriesOf answers how many words at the beginning speak of categories.
func categoriesOf(commands []string) int {
	n := slices.IndexFunc(commands, func(word string) bool { return !strings.Contains(word, "@") })
	if n < 0 {
		return len(commands)
	}
	return n
}

func (p *part) words() []string {
	return slices.Concat(orAll(p.keys, "~*"), orAll(p.channels, "&*"), p.commands)
}

// orAll answers the pattern for everything alone where it is among the patterns:
// Redis refuses further ones beside it.
func orAll(patterns []string, all string) []string {
	if slices.Contains(patterns, all) {
		return []string{all}
	}
	return patterns
}

func addNew(list, items []string) []string {
	for _, item := range items {
		if !slices.Contains(list, item) {
			list = append(list, item)
		}
	}
	return list
}
