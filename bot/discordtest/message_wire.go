package discordtest

// wire is the message as REST answers it.
func (m *message) wire() object {
	o := object{
		"id": m.ID, "channel_id": m.ChannelID, "type": m.kind, "content": m.Content,
		"author": m.author.wire(), "timestamp": stamp(m.At), "edited_timestamp": stamp(m.EditedAt),
		"tts": false, "mention_everyone": m.mentions.everyone, "pinned": false, "flags": m.Flags,
		"mentions": wireAll(m.mentions.users, (*user).wire), "mention_roles": m.mentions.roleIDs(),
		"attachments": wireAll(m.Attachments, m.wireAttachment), "embeds": orEmpty(m.embeds),
		"components": componentsOf(m.Components),
	}
	if m.Nonce != "" {
		o["nonce"] = m.Nonce
	}
	if m.webhookID != "" {
		o["webhook_id"] = m.webhookID
	}
	if m.author.bot && m.webhookID == "" {
		o["application_id"] = m.author.id
	}
	if m.origin != nil {
		o["interaction_metadata"] = m.origin.metadata()
	}
	if len(m.reactions) > 0 {
		o["reactions"] = m.wireReactions()
	}
	m.wireReference(o)
	return o
}

func (m *message) wireReference(o object) {
	if m.reference == nil {
		return
	}
	o["message_reference"] = m.reference
	switch {
	case m.forwarded != nil:
		o["message_snapshots"] = list{object{"message": object{
			"type": 0, "content": m.forwarded.Content, "embeds": orEmpty(m.forwarded.embeds),
			"attachments": list{}, "timestamp": stamp(m.forwarded.At), "edited_timestamp": nil,
			"flags": 0, "mentions": list{}, "mention_roles": list{}, "components": list{},
		}}}
	case m.parent != nil && !m.parent.Deleted:
		parent := m.parent.wire()
		delete(parent, "referenced_message")
		o["referenced_message"] = parent
	default:
		o["referenced_message"] = nil
	}
}

func (m *message) wireAttachment(a Attachment) object {
	url := m.d.server.URL + "/attachments/" + a.path
	o := object{
		"id": a.ID, "filename": a.Name, "size": len(a.Data), "url": url, "proxy_url": url,
		"content_type": a.ContentType,
	}
	if a.Description != "" {
		o["description"] = a.Description
	}
	return o
}

func (m *message) wireReactions() list {
	counts := map[string]int{}
	all := list{}
	for _, r := range m.reactions {
		counts[r.emoji]++
	}
	for _, r := range m.reactions {
		if n := counts[r.emoji]; n > 0 {
			counts[r.emoji] = 0
			all = append(all, object{"emoji": object{"id": nil, "name": r.emoji}, "count": n, "me": r.by.bot})
		}
	}
	return all
}

// wireEvent is the message as the gateway tells it: with guild and member.
func (m *message) wireEvent() object {
	o := m.wire()
	if g := m.channel.guild; g != nil {
		o["guild_id"] = g.ID
		if author := g.members[m.author.id]; author != nil && m.webhookID == "" {
			o["member"] = author.wirePartial()
		}
	}
	return o
}

// conceal blanks what a bot without the message-content intent does not get to
// read.
func conceal(o object) object {
	o = with(o, "content", "")
	for _, key := range []string{"embeds", "attachments", "components"} {
		o[key] = list{}
	}
	delete(o, "poll")
	return o
}
