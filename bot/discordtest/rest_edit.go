package discordtest

import "slices"

func (c *call) updateMessage() (any, *apiError) {
	m, refused := c.message(ViewChannel)
	if refused != nil {
		return nil, refused
	}
	if m.author != c.d.bot {
		return nil, refusal(codeForeignMessage)
	}
	if m.channel.archived {
		return nil, refusal(codeThreadArchived)
	}
	return c.edit(m)
}

// edit changes what the body names of a message and leaves the rest.
func (c *call) edit(m *message) (any, *apiError) {
	changed := *m
	if _, given := c.body["content"]; given {
		changed.Content = text(c.body["content"])
	}
	if _, given := c.body["embeds"]; given {
		changed.embeds = items(c.body["embeds"])
	}
	if _, given := c.body["components"]; given {
		changed.Components = objects(c.body["components"])
	}
	if _, given := c.body["flags"]; given {
		changed.Flags = m.Flags&(flagEphemeral|flagComponentsV2) | number(c.body["flags"])
	}
	if refused := c.retain(&changed); refused != nil {
		return nil, refused
	}
	if refused := c.attach(&changed); refused != nil {
		return nil, refused
	}
	if changed.blank() {
		return nil, refusal(codeEmptyMessage)
	}
	if refused := changed.checkFiles(); refused != nil {
		return nil, refused
	}
	if changed.Flags&flagComponentsV2 != 0 && (changed.Content != "" || len(changed.embeds) > 0) {
		return nil, invalidForm("MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Not beside components v2", "content")
	}
	changed.EditedAt, changed.Loading = c.d.now(), false
	changed.Flags &^= flagLoading
	changed.allowed = readAllowance(c.body)
	changed.mentionWithin(changed.allowed)
	*m = changed
	c.d.changedMessage(m)
	return m.wire(), nil
}

// retain keeps the old attachments that the body lists; all of them if it lists
// none at all.
func (c *call) retain(m *message) *apiError {
	listed, given := c.body["attachments"]
	if !given {
		return nil
	}
	kept := []Attachment{}
	for _, a := range objects(listed) {
		for _, old := range m.Attachments {
			if old.ID == text(a["id"]) {
				kept = append(kept, old)
			}
		}
	}
	m.Attachments = kept
	return nil
}

func (c *call) deleteMessage() (any, *apiError) {
	m, refused := c.message(ViewChannel)
	if refused != nil {
		return nil, refused
	}
	if m.author != c.d.bot && !c.d.mayIn(m.channel, c.d.bot).has(ManageMessages) {
		return nil, refusal(codeMissingPermissions)
	}
	c.d.remove(m)
	return nil, nil
}

func (c *call) addReaction() (any, *apiError) {
	m, refused := c.message(ReadMessageHistory)
	if refused != nil {
		return nil, refused
	}
	mine := reaction{c.params["emoji_name"], c.d.bot}
	if slices.Contains(m.reactions, mine) {
		return nil, nil
	}
	if !c.d.mayIn(m.channel, c.d.bot).has(AddReactions) {
		return nil, refusal(codeMissingPermissions)
	}
	c.d.react(m, mine)
	return nil, nil
}

func (c *call) deleteReaction() (any, *apiError) {
	m, refused := c.message(ReadMessageHistory)
	if refused != nil {
		return nil, refused
	}
	m.reactions = slices.DeleteFunc(m.reactions, func(r reaction) bool {
		return r.by == c.d.bot && r.emoji == c.params["emoji_name"]
	})
	c.d.touch()
	return nil, nil
}

// react adds a reaction and tells it.
func (d *Discord) react(m *message, r reaction) {
	m.reactions = append(m.reactions, r)
	o := object{
		"user_id": r.by.id, "channel_id": m.ChannelID, "message_id": m.ID, "message_author_id": m.AuthorID,
		"emoji": object{"id": nil, "name": r.emoji}, "burst": false, "type": 0,
	}
	if m.GuildID != "" {
		o["guild_id"] = m.GuildID
	}
	d.tellIn(m.channel, reactionIntent(m.channel), "MESSAGE_REACTION_ADD", o)
	d.touch()
}
