package permissions

import (
	"slices"
	"strings"
)

// Role is one role of the configuration, as permissions.roles.NAME holds it.
type Role struct {
	// Discord lists who has the role: ids of Discord roles, and people by
	// user:ID. The id of the guild itself means everyone in it, as on Discord.
	Discord []string

	// Channels narrows the whole role, its denials included, to these channel
	// ids; a thread counts as the channel it hangs on. None means everywhere.
	// A local caller is in no channel, and no channel narrows them.
	Channels []string

	// Allow and Deny list grants: a right, or a right and one Redis glob
	// pattern of keys ("destroy session:user:*") or settings ("configure
	// redis.session_*"). Several patterns take several entries.
	Allow, Deny []string
}

// role is a Role whose entries have been read.
type role struct {
	name        string
	discord     map[string]bool // ids of Discord roles
	people      map[string]bool // ids of users
	channels    map[string]bool // empty: everywhere
	allow, deny []grant
}

// grant is one entry of allow or deny.
type grant struct {
	right Right
	on    glob // everything, where the entry has no pattern
}

func (g grant) String() string {
	if g.on.all {
		return string(g.right)
	}
	return string(g.right) + " " + g.on.text
}

// NamesChannel reports whether a role is narrowed to the channel, which so is
// one where Helix is configured to be.
func (p *Policy) NamesChannel(id string) bool {
	for _, r := range p.now().roles {
		if r.channels[id] {
			return true
		}
	}
	return false
}

// inForce reports whether the role's channels let it speak for m.
func (r *role) inForce(m Member) bool {
	if m.Local || len(r.channels) == 0 {
		return true
	}
	return r.channels[m.Channel] || m.Parent != "" && r.channels[m.Parent]
}

// heldBy answers how m comes to have the role, or "" if m has it not.
func (r *role) heldBy(m Member) string {
	if m.Local {
		if slices.Contains(m.LocalRoles, r.name) {
			return "by choice"
		}
		return ""
	}
	if r.people[m.ID] {
		return "as user:" + m.ID
	}
	if r.discord[m.Guild] {
		return "as everyone in the server"
	}
	for _, id := range m.Roles {
		if r.discord[id] {
			return "by Discord role " + id
		}
	}
	return ""
}

// scope answers the role's own allowances and denials of right.
func (r *role) scope(right Right) Scope {
	var s Scope
	s.add(right, r)
	return s.settled()
}

// where names the role's channels as Discord links them.
func (r *role) where() string {
	links := make([]string, 0, len(r.channels))
	for _, id := range sortedKeys(r.channels) {
		links = append(links, "<#"+id+">")
	}
	return strings.Join(links, ", ")
}
