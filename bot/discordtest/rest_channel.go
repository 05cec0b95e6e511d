package discordtest

import "slices"

// channel finds the channel of the path and holds the bot's permissions there
// against those needed.
func (c *call) channel(needed Permission) (*channel, *apiError) {
	ch := c.d.channels[c.params["channel_id"]]
	if ch == nil {
		return nil, refusal(codeUnknownChannel)
	}
	may := c.d.mayIn(ch, c.d.bot)
	switch {
	case !may.has(ViewChannel) || ch.guild != nil && ch.guild.botGone:
		return nil, refusal(codeMissingAccess)
	case !may.has(needed):
		return nil, refusal(codeMissingPermissions)
	}
	return ch, nil
}

// speak is the permission that saying something in a channel needs.
func (c *channel) speak() Permission {
	if c.isThread() {
		return SendMessagesInThreads
	}
	return SendMessages
}

// speaking finds the channel of the path if the bot may say something there.
func (c *call) speaking() (*channel, *apiError) {
	ch, refused := c.channel(ViewChannel)
	if refused != nil {
		return nil, refused
	}
	if ch.refused {
		return nil, refusal(codeCannotMessageUser)
	}
	if !c.d.mayIn(ch, c.d.bot).has(ch.speak()) {
		return nil, refusal(codeMissingPermissions)
	}
	if ch.archived && ch.locked {
		return nil, refusal(codeThreadArchived)
	}
	return ch, nil
}

func (c *call) getChannel() (any, *apiError) {
	ch, refused := c.channel(ViewChannel)
	if refused != nil {
		return nil, refused
	}
	return ch.wire(), nil
}

func (c *call) triggerTyping() (any, *apiError) {
	ch, refused := c.speaking()
	if refused != nil {
		return nil, refused
	}
	ch.typed++
	c.d.touch()
	return nil, nil
}

// updateChannel serves what bots do with threads: rename, archive, lock.
func (c *call) updateChannel() (any, *apiError) {
	ch, refused := c.channel(ViewChannel)
	if refused != nil {
		return nil, refused
	}
	needed := ManageChannels
	if ch.isThread() {
		needed = ManageThreads
	}
	if ch.owner != c.d.bot.id && !c.d.mayIn(ch, c.d.bot).has(needed) {
		return nil, refusal(codeMissingPermissions)
	}
	if name := text(c.body["name"]); name != "" {
		ch.name = name
	}
	if archived, ok := c.body["archived"].(bool); ok {
		ch.archived = archived
	}
	if locked, ok := c.body["locked"].(bool); ok {
		ch.locked = locked
	}
	c.d.tellThread(ch, updateEvent(ch))
	return ch.wire(), nil
}

func updateEvent(c *channel) string {
	if c.isThread() {
		return "THREAD_UPDATE"
	}
	return "CHANNEL_UPDATE"
}

func (c *call) threadFromMessage() (any, *apiError) {
	ch, refused := c.channel(CreatePublicThreads)
	if refused != nil {
		return nil, refused
	}
	m := c.d.messages[c.params["message_id"]]
	switch {
	case m == nil || m.channel != ch:
		return nil, refusal(codeUnknownMessage)
	case c.d.channels[m.ID] != nil:
		return nil, refusal(codeThreadAlreadyForThis)
	}
	t := ch.guild.thread(ch, text(c.body["name"]), channelPublicThread, c.d.bot.id)
	delete(c.d.channels, t.id)
	t.id = m.ID // a message's thread has the message's id
	c.d.channels[t.id] = t
	return c.started(t), nil
}

func (c *call) createThread() (any, *apiError) {
	kind, needed := channelPublicThread, CreatePublicThreads
	if number(c.body["type"]) == channelPrivateThread {
		kind, needed = channelPrivateThread, CreatePrivateThreads
	}
	ch, refused := c.channel(needed)
	if refused != nil {
		return nil, refused
	}
	return c.started(ch.guild.thread(ch, text(c.body["name"]), kind, c.d.bot.id)), nil
}

func (c *call) started(t *channel) object {
	c.created()
	c.d.tellThread(t, "THREAD_CREATE")
	c.d.touch()
	return t.wire()
}

func (c *call) joinThread() (any, *apiError) {
	ch, refused := c.channel(ViewChannel)
	if refused != nil {
		return nil, refused
	}
	if ch.isThread() && !slices.Contains(ch.invited, c.d.bot.id) {
		ch.invited = append(ch.invited, c.d.bot.id)
	}
	return nil, nil
}
