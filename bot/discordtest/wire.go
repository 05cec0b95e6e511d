package discordtest

import (
	"maps"
	"time"
)

// with answers the object with one more field.
func with(o object, key string, value any) object {
	o = maps.Clone(o)
	o[key] = value
	return o
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000-07:00")
}

// nilIfEmpty is for ids and texts that Discord sends as null when unset.
func nilIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func wireAll[T any](items []T, wire func(T) object) list {
	all := make(list, 0, len(items))
	for _, item := range items {
		all = append(all, wire(item))
	}
	return all
}

func (u *user) wire() object {
	o := object{
		"id": u.id, "username": u.name, "discriminator": "0", "global_name": u.name,
		"avatar": nil, "public_flags": 0, "flags": 0,
	}
	if u.bot {
		o["bot"] = true
	}
	return o
}

func (r *role) wire() object {
	return object{
		"id": r.id, "name": r.name, "color": 0, "hoist": false, "icon": nil,
		"unicode_emoji": nil, "position": r.position, "permissions": r.permissions.String(),
		"managed": r.managed, "mentionable": r.mentionable, "flags": 0,
	}
}

// wirePartial is the member as messages carry it: without its user.
func (m *member) wirePartial() object {
	roles := make(list, 0, len(m.roles))
	for _, id := range m.roles {
		roles = append(roles, id)
	}
	return object{
		"roles": roles, "nick": nilIfEmpty(m.nick), "avatar": nil, "joined_at": stamp(m.joined),
		"premium_since": nil, "deaf": false, "mute": false, "flags": 0, "pending": false,
		"communication_disabled_until": stamp(m.timedOutUntil),
	}
}

func (m *member) wire() object { return with(m.wirePartial(), "user", m.user.wire()) }

func (o overwrite) wire() object {
	kind := 0
	if o.member {
		kind = 1
	}
	return object{"id": o.id, "type": kind, "allow": o.allow.String(), "deny": o.deny.String()}
}

func (c *channel) wire() object {
	o := object{"id": c.id, "type": c.kind, "last_message_id": c.lastMessageID(), "flags": 0}
	switch {
	case c.guild == nil:
		o["recipients"] = list{c.recipient.wire()}
	case c.isThread():
		c.wireThread(o)
	default:
		o["guild_id"], o["name"], o["position"] = c.guild.ID, c.name, c.position
		o["permission_overwrites"] = wireAll(c.overwrites, overwrite.wire)
		o["parent_id"], o["topic"], o["nsfw"] = nil, nilIfEmpty(c.topic), false
		o["rate_limit_per_user"] = 0
	}
	return o
}

func (c *channel) wireThread(o object) {
	o["guild_id"], o["name"], o["parent_id"] = c.guild.ID, c.name, c.parent.id
	o["owner_id"], o["rate_limit_per_user"] = c.owner, 0
	o["message_count"], o["total_message_sent"] = len(c.messages), len(c.messages)
	o["member_count"] = len(c.invited)
	o["thread_metadata"] = object{
		"archived": c.archived, "locked": c.locked, "auto_archive_duration": 1440,
		"archive_timestamp": "2024-01-01T00:00:00.000000+00:00",
	}
}

func (g *Guild) wire() object {
	return object{
		"id": g.ID, "name": g.Name, "icon": nil, "splash": nil, "discovery_splash": nil,
		"owner_id": g.ownerID, "afk_channel_id": nil, "afk_timeout": 300,
		"verification_level": 0, "default_message_notifications": 1, "explicit_content_filter": 0,
		"roles": wireAll(g.roles, (*role).wire), "emojis": list{}, "stickers": list{},
		"features": list{}, "mfa_level": 0, "application_id": nil, "system_channel_id": g.systemID(),
		"system_channel_flags": 0, "rules_channel_id": nil, "vanity_url_code": nil,
		"description": nil, "banner": nil, "premium_tier": 0, "preferred_locale": "en-US",
		"public_updates_channel_id": nil, "nsfw_level": 0, "premium_progress_bar_enabled": false,
		"safety_alerts_channel_id": nil, "region": "deprecated",
	}
}

// wireCreate is the guild as the gateway introduces it to one connection:
// members beyond the bot itself only with their intent, threads only where the
// bot may look.
func (g *Guild) wireCreate(c *conn) object {
	self := g.members[g.d.bot.id]
	o := g.wire()
	members, channels, threads := list{}, list{}, list{}
	for _, m := range g.order {
		if m == self || c.intents&IntentGuildMembers != 0 {
			members = append(members, m.wire())
		}
	}
	for _, ch := range g.channels {
		switch {
		case !ch.isThread():
			channels = append(channels, ch.wire())
		case !ch.archived && g.permissionsIn(ch, self).has(ViewChannel):
			threads = append(threads, ch.wire())
		}
	}
	o["joined_at"], o["large"], o["unavailable"] = stamp(self.joined), false, false
	o["member_count"], o["members"], o["channels"], o["threads"] = len(g.order), members, channels, threads
	o["voice_states"], o["presences"], o["stage_instances"] = list{}, list{}, list{}
	o["guild_scheduled_events"], o["soundboard_sounds"] = list{}, list{}
	return o
}
