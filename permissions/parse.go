package permissions

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/helix-collective/helix/suggest"
)

// Problem is one entry of the configuration that cannot be used.
type Problem struct {
	Role  string
	Field string // discord, channels, allow, deny, or "" for the role's name
	Entry string // as written
	Why   string // what is wrong, and what to write instead
}

func (p Problem) String() string {
	path := "permissions.roles." + p.Role
	if p.Field != "" {
		path += "." + p.Field
	}
	return fmt.Sprintf("%s: %q: %s", path, p.Entry, p.Why)
}

// ConfigError lists everything that is wrong with the configured roles, in
// the order of their names.
type ConfigError struct{ Problems []Problem }

func (e *ConfigError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// parser reads one role and collects what is wrong with it.
type parser struct {
	role     string
	settings []string // known names; nil: any pattern will do
	problems []Problem
}

func (p *parser) wrong(field, entry, format string, args ...any) {
	why := fmt.Sprintf(format, args...)
	p.problems = append(p.problems, Problem{Role: p.role, Field: field, Entry: entry, Why: why})
}

func (p *parser) parse(c Role) *role {
	p.checkName()
	r := &role{name: p.role}
	r.discord, r.people = p.who(c.Discord)
	r.channels = p.channels(c.Channels)
	r.allow = p.grants("allow", c.Allow)
	r.deny = p.grants("deny", c.Deny)
	return r
}

// checkName keeps names to what can stand in a message behind an @.
func (p *parser) checkName() {
	bad := strings.IndexFunc(p.role, func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '-' && c != '_'
	})
	if p.role == "" || bad >= 0 || len(p.role) > 64 {
		p.wrong("", p.role, "a role's name has letters, digits, - and _, and at most 64 bytes")
	}
}

func (p *parser) who(entries []string) (roles, people map[string]bool) {
	roles, people = map[string]bool{}, map[string]bool{}
	for _, entry := range entries {
		id, isUser := strings.CutPrefix(strings.TrimSpace(entry), "user:")
		switch {
		case !isSnowflake(id):
			p.wrong("discord", entry, "%s", adviseID(id, isUser))
		case isUser:
			people[id] = true
		default:
			roles[id] = true
		}
	}
	return roles, people
}

func (p *parser) channels(entries []string) map[string]bool {
	ids := map[string]bool{}
	for _, entry := range entries {
		id := strings.TrimSpace(entry)
		if !isSnowflake(id) {
			p.wrong("channels", entry, "a channel is given by its id, a number such as \"4444444444\"%s", mended(id, ""))
			continue
		}
		ids[id] = true
	}
	return ids
}

func (p *parser) grants(field string, entries []string) []grant {
	var list []grant
	for _, entry := range entries {
		g, why := p.grant(entry)
		if why != "" {
			p.wrong(field, entry, "%s", why)
			continue
		}
		list = append(list, g)
	}
	return list
}

// grant reads one entry, and answers why not if it cannot.
func (p *parser) grant(entry string) (g grant, why string) {
	words := strings.Fields(entry)
	if len(words) == 0 {
		return g, "an entry names a right, and may name a pattern behind it"
	}
	right := Right(words[0])
	if !right.Known() {
		return g, adviseRight(words)
	}
	if len(words) > 2 {
		return g, fmt.Sprintf("one pattern an entry: write %q, %q … (for a space inside a key write ?)",
			words[0]+" "+words[1], words[0]+" "+words[2])
	}
	if len(words) == 1 {
		return grant{right, compileGlob("*")}, ""
	}
	return p.narrowed(right, words[1])
}

func (p *parser) narrowed(right Right, pattern string) (g grant, why string) {
	if right.Subject() == "" {
		return g, fmt.Sprintf("%s cannot be narrowed to a pattern: write %q", right, string(right))
	}
	if len(pattern) > maxPattern {
		return g, fmt.Sprintf("a pattern has at most %d bytes, this one %d", maxPattern, len(pattern))
	}
	g = grant{right, compileGlob(pattern)}
	if right == Configure && p.settings != nil && !slices.ContainsFunc(p.settings, g.on.match) {
		return g, "no setting matches " + pattern + suggestion(pattern, p.settings, "")
	}
	return g, ""
}

func adviseRight(words []string) string {
	word, rest := words[0], strings.Join(words[1:], " ")
	if right, pattern, ok := strings.Cut(word, ":"); ok && Right(right).Known() && rest == "" {
		return fmt.Sprintf("a space parts the right from the pattern: write %q", right+" "+pattern)
	}
	var names []string
	for _, r := range AllRights() {
		names = append(names, string(r))
	}
	if rest != "" {
		rest = " " + rest
	}
	if s := suggestion(word, names, rest); s != "" {
		return fmt.Sprintf("%q is not a right%s", word, s)
	}
	return fmt.Sprintf("%q is not a right; the rights are %s", word, strings.Join(names, ", "))
}

// suggestion ends a sentence with the known word nearest to the one given,
// followed by rest, or with nothing if none is near.
func suggestion(word string, known []string, rest string) string {
	nearest, ok := suggest.Nearest(word, known)
	if !ok {
		return ""
	}
	return fmt.Sprintf(". Did you mean %q?", nearest+rest)
}

func adviseID(id string, isUser bool) string {
	if isUser {
		return "user: is followed by the id of a person, a number such as \"user:2222222222\"" + mended(id, "user:")
	}
	if strings.HasPrefix(id, "<@&") {
		return "a role is given by its id" + mended(id, "")
	}
	if strings.HasPrefix(id, "<@") {
		return "a person is given as user:ID" + mended(id, "user:")
	}
	return "a role is given by its id, a number such as \"1111111111\" (in quotes), and a person by user:ID; names can be changed on Discord and give no rights"
}

// mended suggests the id inside a pasted mention such as <@&1111111111>.
func mended(text, prefix string) string {
	id := strings.Trim(text, "<@&!#>")
	if id == text || !isSnowflake(id) {
		return ""
	}
	return fmt.Sprintf(": write %q", prefix+id)
}

// isSnowflake reports whether id is a Discord id: a positive number of 64
// bits, written without sign or leading zeros.
func isSnowflake(id string) bool {
	n, err := strconv.ParseUint(id, 10, 64)
	return err == nil && n > 0 && id[0] != '0' && id[0] != '+'
}
