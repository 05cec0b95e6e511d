package discordtest

import "strings"

// botGuilds answers the guilds that the bot is in.
func (d *Discord) botGuilds() []*Guild {
	var all []*Guild
	for _, g := range d.guilds {
		if !g.botGone {
			all = append(all, g)
		}
	}
	return all
}

// tell sends an event to every session with the intent, one of a guild's to
// those that have the guild. The caller holds mu.
func (d *Discord) tell(intent Intent, event string, data object) {
	g := d.guildByID(text(data["guild_id"]))
	if g != nil && (g.outage || g.botGone) {
		return
	}
	if g == nil && strings.HasPrefix(event, "GUILD_") {
		g = d.guildByID(text(data["id"]))
	}
	for _, c := range d.gateway.conns {
		if c.ready && c.intents&intent == intent && c.shard.has(g) {
			c.dispatch(event, data)
		}
	}
}

// tellGuild sends every session its own view of a guild.
func (d *Discord) tellGuild(g *Guild, event string, view func(*conn) object) {
	for _, c := range d.gateway.conns {
		if c.ready && c.intents&intentGuilds != 0 && c.shard.has(g) && !g.outage {
			c.dispatch(event, view(c))
		}
	}
}

// tellIn sends an event of a channel if the bot may look there.
func (d *Discord) tellIn(ch *channel, intent Intent, event string, data object) {
	if d.mayIn(ch, d.bot).has(ViewChannel) {
		d.tell(intent, event, data)
	}
}

// tellThread tells of a thread itself.
func (d *Discord) tellThread(c *channel, event string) {
	d.tellIn(c, intentGuilds, event, c.wire())
}

// tellMessage sends a message event, blanked for sessions without the
// message-content intent unless the message is the bot's own, direct, or
// mentions the bot.
func (d *Discord) tellMessage(m *message, event string, data object) {
	intent := messageIntent(m.channel)
	if !d.mayIn(m.channel, d.bot).has(ViewChannel) || m.channel.guild != nil && m.channel.guild.outage {
		return
	}
	open := m.author == d.bot || m.channel.guild == nil || m.namesBot()
	for _, c := range d.gateway.conns {
		switch {
		case !c.ready || c.intents&intent != intent || !c.shard.has(m.channel.guild):
		case open || c.intents&IntentMessageContent != 0:
			c.dispatch(event, data)
		default:
			c.dispatch(event, conceal(data))
		}
	}
}

func (m *message) namesBot() bool {
	for _, u := range m.mentions.users {
		if u == m.d.bot {
			return true
		}
	}
	return false
}
