package discordtest

import (
	"slices"
	"strings"
	"time"
)

// Guild is a Discord server being built or lived in. Everything said of it is
// told to the connected bot as Discord would. Methods that build answer the
// guild itself, so that they chain.
type Guild struct {
	// ID is the guild's snowflake; its @everyone role has the same.
	ID   string
	Name string

	d         *Discord
	ownerID   string
	everyone  *role
	roles     []*role
	rolesByID map[string]*role
	members   map[string]*member // by user id
	order     []*member          // in the order of joining
	channels  []*channel
	system    *channel // may be nil
	auditLog  []auditEntry
	outage    bool
	botGone   bool
}

// Guild makes a guild that the bot is a member of, with its own managed role of
// the rights that an invite would give it. It belongs to somebody called
// "owner" until Owner says otherwise.
func (d *Discord) Guild(name string) *Guild {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := &Guild{ID: d.ids.nextGuild(), Name: name, d: d, rolesByID: map[string]*role{}, members: map[string]*member{}}
	g.everyone = &role{id: g.ID, name: "@everyone", permissions: memberPermissions}
	g.roles = []*role{g.everyone}
	g.rolesByID[g.ID] = g.everyone
	g.ownerID = g.join(d.user("owner")).user.id
	own := g.role(d.bot.name)
	own.managed, own.permissions = true, memberPermissions
	g.join(d.bot).roles = []string{own.id}
	d.guilds = append(d.guilds, g)
	d.tellGuild(g, "GUILD_CREATE", g.wireCreate)
	return g
}

// Text adds a text channel. The name's leading # does not matter anywhere.
func (g *Guild) Text(name string) *Guild {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	c := g.addChannel(&channel{name: strings.TrimPrefix(name, "#"), kind: channelText, position: len(g.channels)})
	g.d.tell(intentGuilds, "CHANNEL_CREATE", c.wire())
	return g
}

// Thread adds a public thread to a channel, known by its own name.
func (g *Guild) Thread(parent, name string) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	c := g.thread(g.mustChannel(parent), name, channelPublicThread, g.ownerID)
	g.d.tellThread(c, "THREAD_CREATE")
	return g
}

// Role adds a role with permissions beyond those of @everyone.
func (g *Guild) Role(name string, permissions ...Permission) *Guild {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	r := g.role(name)
	for _, p := range permissions {
		r.permissions |= p
	}
	g.d.tell(intentGuilds, "GUILD_ROLE_CREATE", object{"guild_id": g.ID, "role": r.wire()})
	return g
}

// Join lets a person in, known by name in every guild, with roles by name. One
// who is a member already gets the roles too.
func (g *Guild) Join(name string, roles ...string) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.admit(g.d.user(name), roles)
	return g
}

// Bot lets another bot in, which people's methods make speak.
func (g *Guild) Bot(name string, roles ...string) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	u := g.d.user(name)
	u.bot = true
	g.admit(u, roles)
	return g
}

// Owner makes a person the guild's owner, letting them in if needed.
func (g *Guild) Owner(name string) *Guild {
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.ownerID = g.join(g.d.user(name)).user.id
	g.d.tell(intentGuilds, "GUILD_UPDATE", g.wire())
	return g
}

// Admin lets a person in with the role "administrators", which has the
// Administrator permission.
func (g *Guild) Admin(name string) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	if g.roleNamed("administrators") == nil {
		g.role("administrators").permissions = Administrator
	}
	g.admit(g.d.user(name), []string{"administrators"})
	return g
}

// Leave takes a person out of the guild.
func (g *Guild) Leave(name string) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	m := g.mustMember(name)
	delete(g.members, m.user.id)
	g.order = slices.DeleteFunc(g.order, func(o *member) bool { return o == m })
	g.d.tell(IntentGuildMembers, "GUILD_MEMBER_REMOVE", object{"guild_id": g.ID, "user": m.user.wire()})
	return g
}

// Take takes roles away from a member.
func (g *Guild) Take(name string, roles ...string) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	m := g.mustMember(name)
	for _, title := range roles {
		id := g.mustRole(title).id
		m.roles = slices.DeleteFunc(m.roles, func(has string) bool { return has == id })
	}
	g.tellMember(m)
	return g
}

// Timeout silences a member for a while.
func (g *Guild) Timeout(name string, lasting time.Duration) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	m := g.mustMember(name)
	m.timedOutUntil = g.d.now().Add(lasting)
	g.tellMember(m)
	return g
}

// Grant sets a role's permissions, also that of "@everyone" and the bot's own,
// which has the bot's name.
func (g *Guild) Grant(name string, permissions Permission) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	r := g.mustRole(name)
	r.permissions = permissions
	g.d.tell(intentGuilds, "GUILD_ROLE_UPDATE", object{"guild_id": g.ID, "role": r.wire()})
	return g
}

// Allow gives a role or a member, by name, permissions in one channel.
func (g *Guild) Allow(channel, who string, permissions Permission) *Guild {
	g.d.t.Helper()
	return g.except(channel, who, permissions, 0)
}

// Deny takes permissions from a role or a member, by name, in one channel.
func (g *Guild) Deny(channel, who string, permissions Permission) *Guild {
	g.d.t.Helper()
	return g.except(channel, who, 0, permissions)
}

// Archive closes a thread; a locked one can only be opened again by those who
// manage threads.
func (g *Guild) Archive(thread string, locked bool) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	c := g.mustChannel(thread)
	c.archived, c.locked = true, locked
	g.d.tellThread(c, "THREAD_UPDATE")
	return g
}

func (g *Guild) except(channelName, who string, allow, deny Permission) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	c := g.mustChannel(channelName)
	subject := overwrite{}
	if r := g.roleNamed(who); r != nil {
		subject.id = r.id
	} else {
		subject.id, subject.member = g.mustMember(who).user.id, true
	}
	at := slices.IndexFunc(c.overwrites, func(o overwrite) bool { return o.id == subject.id })
	if at < 0 {
		c.overwrites = append(c.overwrites, subject)
		at = len(c.overwrites) - 1
	}
	o := &c.overwrites[at]
	o.allow, o.deny = o.allow&^deny|allow, o.deny&^allow|deny
	g.d.tell(intentGuilds, "CHANNEL_UPDATE", c.wire())
	return g
}
