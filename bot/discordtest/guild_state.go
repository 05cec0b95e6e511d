package discordtest

// ChannelID answers the id of a channel or thread.
func (g *Guild) ChannelID(name string) string {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	return g.mustChannel(name).id
}

// RoleID answers the id of a role.
func (g *Guild) RoleID(name string) string {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	return g.mustRole(name).id
}

// UserID answers the id of a member.
func (g *Guild) UserID(name string) string {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	return g.mustMember(name).user.id
}

// Permissions answers what a member may in a channel, as Discord computes it.
func (g *Guild) Permissions(name, channel string) Permission {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	return g.permissionsIn(g.mustChannel(channel), g.mustMember(name))
}

func (g *Guild) addChannel(c *channel) *channel {
	c.id, c.guild = g.d.ids.next(), g
	g.channels = append(g.channels, c)
	g.d.channels[c.id] = c
	return c
}

func (g *Guild) thread(parent *channel, name string, kind int, owner string) *channel {
	return g.addChannel(&channel{name: name, kind: kind, parent: parent, owner: owner, invited: []string{owner}})
}

func (g *Guild) role(name string) *role {
	r := &role{id: g.d.ids.next(), name: name, position: len(g.roles)}
	g.roles = append(g.roles, r)
	g.rolesByID[r.id] = r
	return r
}

func (g *Guild) join(u *user) *member {
	if m := g.members[u.id]; m != nil {
		return m
	}
	m := &member{user: u, joined: g.d.now()}
	g.members[u.id] = m
	g.order = append(g.order, m)
	return m
}

func (g *Guild) admit(u *user, roles []string) {
	g.d.t.Helper()
	known := g.members[u.id] != nil
	m := g.join(u)
	for _, name := range roles {
		if id := g.mustRole(name).id; !m.hasRole(id) {
			m.roles = append(m.roles, id)
		}
	}
	if known {
		g.tellMember(m)
		return
	}
	g.d.tell(IntentGuildMembers, "GUILD_MEMBER_ADD", with(m.wire(), "guild_id", g.ID))
}

func (g *Guild) tellMember(m *member) {
	g.d.tell(IntentGuildMembers, "GUILD_MEMBER_UPDATE", with(m.wire(), "guild_id", g.ID))
}

// mustChannel fails the test for a channel that was never built. Like its
// siblings it is called with mu held by a function that unlocks by defer.
func (g *Guild) mustChannel(name string) *channel {
	g.d.t.Helper()
	c := g.channelNamed(name)
	if c == nil {
		g.d.t.Fatalf("discordtest: guild %s has no channel %s", g.Name, name)
	}
	return c
}

func (g *Guild) mustRole(name string) *role {
	g.d.t.Helper()
	r := g.roleNamed(name)
	if r == nil {
		g.d.t.Fatalf("discordtest: guild %s has no role %s", g.Name, name)
	}
	return r
}

func (g *Guild) mustMember(name string) *member {
	g.d.t.Helper()
	m := g.memberNamed(name)
	if m == nil {
		g.d.t.Fatalf("discordtest: %s is not a member of %s", name, g.Name)
	}
	return m
}
