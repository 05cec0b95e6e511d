package discordtest

import (
	"slices"
	"strconv"
)

// Permission is a set of Discord's permission bits.
type Permission uint64

// The permissions that this Discord enforces or that Discord computes with.
const (
	Administrator          Permission = 1 << 3
	ManageChannels         Permission = 1 << 4
	ManageGuild            Permission = 1 << 5
	AddReactions           Permission = 1 << 6
	ViewAuditLog           Permission = 1 << 7
	ViewChannel            Permission = 1 << 10
	SendMessages           Permission = 1 << 11
	ManageMessages         Permission = 1 << 13
	EmbedLinks             Permission = 1 << 14
	AttachFiles            Permission = 1 << 15
	ReadMessageHistory     Permission = 1 << 16
	MentionEveryone        Permission = 1 << 17
	ManageRoles            Permission = 1 << 28
	ManageWebhooks         Permission = 1 << 29
	UseApplicationCommands Permission = 1 << 31
	ManageThreads          Permission = 1 << 34
	CreatePublicThreads    Permission = 1 << 35
	CreatePrivateThreads   Permission = 1 << 36
	SendMessagesInThreads  Permission = 1 << 38
	ModerateMembers        Permission = 1 << 40

	everyPermission Permission = 1<<53 - 1
)

// memberPermissions is what @everyone may in a fresh guild.
const memberPermissions = ViewChannel | SendMessages | EmbedLinks | AttachFiles |
	ReadMessageHistory | AddReactions | UseApplicationCommands |
	CreatePublicThreads | SendMessagesInThreads

// directPermissions is what both sides of a direct channel may.
const directPermissions = ViewChannel | SendMessages | EmbedLinks | AttachFiles |
	ReadMessageHistory | AddReactions | UseApplicationCommands

// timedOutPermissions is what is left to a member in a time-out.
const timedOutPermissions = ViewChannel | ReadMessageHistory

func (p Permission) has(all Permission) bool { return p&all == all }

func (p Permission) String() string { return strconv.FormatUint(uint64(p), 10) }

// overwrite is a channel's exception for a role or a member.
type overwrite struct {
	id          string
	member      bool
	allow, deny Permission
}

func (o overwrite) apply(p Permission) Permission { return p&^o.deny | o.allow }

// basePermissions computes what the member may in the guild, channels apart:
// the owner and administrators everything, others the union of their roles.
func (g *Guild) basePermissions(m *member) Permission {
	if m.user.id == g.ownerID {
		return everyPermission
	}
	p := g.everyone.permissions
	for _, id := range m.roles {
		p |= g.rolesByID[id].permissions
	}
	if p.has(Administrator) {
		return everyPermission
	}
	return p
}

// permissionsIn computes what the member may in the channel, in Discord's
// order: base, the overwrite of @everyone, those of the member's roles
// together, the member's own. A thread has its parent's overwrites.
func (g *Guild) permissionsIn(c *channel, m *member) Permission {
	p := g.basePermissions(m)
	if p == everyPermission {
		return p
	}
	p = g.overwritten(p, c.rules(), m)
	private := c.kind == channelPrivateThread && !slices.Contains(c.invited, m.user.id) && !p.has(ManageThreads)
	if !p.has(ViewChannel) || private {
		return 0
	}
	if m.timedOutUntil.After(g.d.now()) {
		p &= timedOutPermissions
	}
	return p.implied(c)
}

func (g *Guild) overwritten(p Permission, rules []overwrite, m *member) Permission {
	roles := overwrite{}
	own := overwrite{}
	for _, o := range rules {
		switch {
		case o.id == g.ID && !o.member:
			p = o.apply(p)
		case o.member && o.id == m.user.id:
			own = o
		case !o.member && m.hasRole(o.id):
			roles.allow |= o.allow
			roles.deny |= o.deny
		}
	}
	return own.apply(roles.apply(p))
}

// implied takes away what Discord denies with the right to speak: without it
// there is nothing to embed, attach or mention.
func (p Permission) implied(c *channel) Permission {
	speak := SendMessages
	if c.isThread() {
		speak = SendMessagesInThreads
	}
	if !p.has(speak) {
		p &^= MentionEveryone | AttachFiles | EmbedLinks | speak
	}
	return p
}

// mayIn computes what a user may in a channel, direct ones included; nothing if
// they are not there at all.
func (d *Discord) mayIn(c *channel, u *user) Permission {
	if c.guild == nil {
		if c.recipient == u || u == d.bot {
			return directPermissions
		}
		return 0
	}
	m := c.guild.members[u.id]
	if m == nil {
		return 0
	}
	return c.guild.permissionsIn(c, m)
}
