package discordtest

import (
	"regexp"
	"slices"
	"strings"
)

// mentions are those whom a message names and is allowed to ring.
type mentions struct {
	users    []*user
	roles    []*role
	everyone bool
	here     bool
}

func (m mentions) roleIDs() list {
	ids := make(list, 0, len(m.roles))
	for _, r := range m.roles {
		ids = append(ids, r.id)
	}
	return ids
}

// names lists the pings as Message.Pings shows them.
func (m mentions) names() []string {
	var all []string
	for _, u := range m.users {
		all = append(all, u.name)
	}
	for _, r := range m.roles {
		all = append(all, "@"+r.name)
	}
	if m.everyone {
		all = append(all, "@everyone")
	}
	if m.here {
		all = append(all, "@here")
	}
	return all
}

// allowance is a request's allowed_mentions.
type allowance struct {
	everyone, users, roles bool
	userIDs, roleIDs       []string
	replied                bool
}

// allowAll is what holds when a request does not say.
func allowAll() allowance {
	return allowance{everyone: true, users: true, roles: true, replied: true}
}

// readAllowance reads allowed_mentions. A parse list that is null is read as
// not given, which is the reading that rings the most.
func readAllowance(body object) allowance {
	given, ok := body["allowed_mentions"].(object)
	if !ok {
		return allowAll()
	}
	parse := texts(given["parse"])
	a := allowance{
		everyone: slices.Contains(parse, "everyone"),
		users:    slices.Contains(parse, "users"),
		roles:    slices.Contains(parse, "roles"),
		userIDs:  texts(given["users"]),
		roleIDs:  texts(given["roles"]),
		replied:  given["replied_user"] == true,
	}
	if unset, named := given["parse"]; named && unset == nil {
		a.everyone, a.users, a.roles = true, true, true
	}
	return a
}

func (a allowance) user(id string) bool { return a.users || slices.Contains(a.userIDs, id) }
func (a allowance) role(id string) bool { return a.roles || slices.Contains(a.roleIDs, id) }

// contradiction answers what Discord refuses: all of a kind and some of it.
func (a allowance) contradiction() bool {
	return a.users && len(a.userIDs) > 0 || a.roles && len(a.roleIDs) > 0
}

var mentionForm = regexp.MustCompile(`<@(!|&)?(\d+)>`)

// mentionWithin works out whom the message rings. Code blocks are not looked
// at: whoever relies on a fence alone is one backtick away from ringing
// everybody.
func (m *message) mentionWithin(allowed allowance) {
	m.mentions = mentions{}
	for _, found := range mentionForm.FindAllStringSubmatch(m.pingable(), -1) {
		if found[1] == "&" {
			m.mentionRole(found[2], allowed)
		} else {
			m.mentionUser(found[2], allowed)
		}
	}
	if m.parent != nil && allowed.replied && m.parent.author != nil && m.parent.author != m.author {
		m.addUser(m.parent.author)
	}
	if allowed.everyone && m.mayRingEveryone() {
		m.mentions.everyone = strings.Contains(m.pingable(), "@everyone")
		m.mentions.here = strings.Contains(m.pingable(), "@here")
	}
	m.Pings = m.mentions.names()
}

// pingable is the text whose mentions ring: content and text components, never
// an embed's.
func (m *message) pingable() string {
	all := m.Content
	walkComponents(m.Components, func(c map[string]any) {
		if number(c["type"]) == componentText {
			all += "\n" + text(c["content"])
		}
	})
	return all
}

func (m *message) mentionUser(id string, allowed allowance) {
	if u := m.d.usersByID[id]; u != nil && allowed.user(id) {
		m.addUser(u)
	}
}

func (m *message) addUser(u *user) {
	if !slices.Contains(m.mentions.users, u) {
		m.mentions.users = append(m.mentions.users, u)
	}
}

func (m *message) mentionRole(id string, allowed allowance) {
	g := m.channel.guild
	if g == nil || !allowed.role(id) {
		return
	}
	r := g.rolesByID[id]
	if r == nil || r == g.everyone || !r.mentionable && !m.mayRingEveryone() {
		return
	}
	if !slices.Contains(m.mentions.roles, r) {
		m.mentions.roles = append(m.mentions.roles, r)
	}
}

func (m *message) mayRingEveryone() bool {
	return m.channel.guild != nil && (m.webhookID != "" || m.d.mayIn(m.channel, m.author).has(MentionEveryone))
}
