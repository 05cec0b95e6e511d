package bot

import "slices"

// channelFacts is what decides over rights in a channel.
type channelFacts struct {
	Type       channelType `json:"type"`
	Parent     string      `json:"parent_id"` // of a thread, whose rights it has
	Guild      string      `json:"guild_id"`
	Overwrites []overwrite `json:"permission_overwrites"`
}

// channelType is Discord's number for a kind of channel.
type channelType int

// thread reports whether it is one of the three kinds of thread.
func (t channelType) thread() bool { return t >= 10 && t <= 12 }

// overwrite changes the rights of a role or a member in one channel.
type overwrite struct {
	ID    string        `json:"id"`
	Allow permissions64 `json:"allow"`
	Deny  permissions64 `json:"deny"`
}

// rightsOf computes a member's rights in the channel in the order that Discord
// documents: the roles' rights together, then the channel's overwrites for
// everyone, for the roles together, and for the member.
func (c channelFacts) rightsOf(g guildFacts, user string, roles []string) permissions64 {
	var rights permissions64
	for _, r := range g.Roles {
		if r.ID == g.ID || slices.Contains(roles, r.ID) {
			rights |= r.Permissions
		}
	}
	if g.Owner == user || rights.has(administrator) {
		return everything
	}
	var ofRoles, ofMember overwrite
	for _, o := range c.Overwrites {
		switch {
		case o.ID == g.ID: // everyone's, below all others
			rights = rights&^o.Deny | o.Allow
		case o.ID == user:
			ofMember = o
		case slices.Contains(roles, o.ID):
			ofRoles.Allow |= o.Allow
			ofRoles.Deny |= o.Deny
		}
	}
	rights = rights&^ofRoles.Deny | ofRoles.Allow
	return rights&^ofMember.Deny | ofMember.Allow
}
