package discordtest

import (
	"slices"
	"strconv"
)

// auditBotAdd is the audit log's number for a bot that was let in.
const auditBotAdd = 28

// auditEntry is a line of a guild's audit log.
type auditEntry struct {
	id, by, target string
	action         int
}

func (e auditEntry) wire() object {
	return object{"id": e.id, "user_id": e.by, "target_id": e.target, "action_type": e.action}
}

// Invite lets the bot in, again if it was expelled, on a member's invitation,
// which the guild's audit log keeps.
func (g *Guild) Invite(by string) {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	inviter := g.mustMember(by).user.id
	g.botGone = false
	g.auditLog = append(g.auditLog, auditEntry{g.d.ids.at(g.d.now()), inviter, g.d.bot.id, auditBotAdd})
	g.d.tellGuild(g, "GUILD_CREATE", g.wireCreate)
}

// System names the channel that Discord's own words go to.
func (g *Guild) System(channel string) *Guild {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	g.system = g.mustChannel(channel)
	g.d.tell(intentGuilds, "GUILD_UPDATE", g.wire())
	return g
}

func (g *Guild) systemID() any {
	if g.system == nil {
		return nil
	}
	return g.system.id
}

// RefusesDirect closes a person's direct messages to the bot.
func (p *Person) RefusesDirect() {
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	p.g.d.direct(p.m.user).refused = true
}

// listAuditLog answers the newest entries first.
func (c *call) listAuditLog() (any, *apiError) {
	g, refused := c.guild()
	if refused != nil {
		return nil, refused
	}
	if !g.basePermissions(g.members[c.d.bot.id]).has(ViewAuditLog) {
		return nil, refusal(codeMissingPermissions)
	}
	entries := list{}
	for _, e := range slices.Backward(g.auditLog) {
		kind := c.query.Get("action_type")
		if (kind == "" || kind == strconv.Itoa(e.action)) && len(entries) < c.limit(50) {
			entries = append(entries, e.wire())
		}
	}
	return object{
		"audit_log_entries": entries, "users": list{}, "webhooks": list{}, "integrations": list{},
		"guild_scheduled_events": list{}, "threads": list{}, "application_commands": list{}, "auto_moderation_rules": list{},
	}, nil
}
