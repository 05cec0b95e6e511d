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

// edit changes what the body names of a message and leaves the rest; or nothing
// at all.
func (c *call) edit(m *message) (any, *apiError) {
	changed := *m
	c.overwrite(&changed)
	c.retain(&changed)
	c.attach(&changed)
	if refused := changed.acceptable(); refused != nil {
		return nil, refused
	}
	changed.EditedAt, changed.Loading = c.d.now(), false
	changed.Flags &^= flagLoading
	changed.allowed = readAllowance(c.body)
	changed.mentionWithin(changed.allowed)
	*m = changed
	c.d.changedMessage(m)
	return m.wire(), nil
}

// overwrite takes the fields that the body names.
func (c *call) overwrite(m *message) {
	if content, given := c.body["content"]; given {
		m.Content = text(content)
	}
	if embeds, given := c.body["embeds"]; given {
		m.embeds = items(embeds)
	}
	if components, given := c.body["components"]; given {
		m.Components = objects(components)
	}
	if flags, given := c.body["flags"]; given {
		m.Flags = m.Flags&(flagEphemeral|flagComponentsV2) | number(flags)
	}
}

// acceptable refuses what a message cannot be, however it came to be so.
func (m *message) acceptable() *apiError {
	switch {
	case m.blank():
		return refusal(codeEmptyMessage)
	case m.Flags&flagComponentsV2 != 0 && (m.Content != "" || len(m.embeds) > 0):
		return invalidForm("MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Not beside components v2", "content")
	}
	return m.checkFiles()
}

// retain keeps the old attachments that the body lists; all of them if it lists
// none at all.
func (c *call) retain(m *message) {
	listed, given := c.body["attachments"]
	if !given {
		return
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
