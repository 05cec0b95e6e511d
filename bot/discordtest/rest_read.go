package discordtest

import "slices"

// message finds the message of the path.
func (c *call) message(needed Permission) (*message, *apiError) {
	ch, refused := c.channel(needed)
	if refused != nil {
		return nil, refused
	}
	m := c.d.messages[c.params["message_id"]]
	if m == nil || m.channel != ch || m.Ephemeral {
		return nil, refusal(codeUnknownMessage)
	}
	return m, nil
}

func (c *call) getMessage() (any, *apiError) {
	m, refused := c.message(ReadMessageHistory)
	if refused != nil {
		return nil, refused
	}
	return c.legible(m), nil
}

// legible is a message as REST shows it: blanked, as on the gateway, if the
// application may not read content.
func (c *call) legible(m *message) object {
	open := m.author == c.d.bot || m.channel.guild == nil || m.namesBot()
	if open || c.d.opts.disallowed&IntentMessageContent == 0 {
		return m.wire()
	}
	return conceal(m.wire())
}

// listMessages answers the newest first, whichever way the window lies; nothing
// without the permission to read history.
func (c *call) listMessages() (any, *apiError) {
	ch, refused := c.channel(ViewChannel)
	if refused != nil {
		return nil, refused
	}
	found := list{}
	if !c.d.mayIn(ch, c.d.bot).has(ReadMessageHistory) {
		return found, nil
	}
	for _, m := range c.window(ch) {
		found = append(found, c.legible(m))
	}
	slices.Reverse(found)
	return found, nil
}

// window picks the messages that before, after or limit ask for, oldest first.
func (c *call) window(ch *channel) []*message {
	limit := c.limit(50)
	before, after := c.query.Get("before"), c.query.Get("after")
	if around := c.query.Get("around"); around != "" {
		return c.around(ch, around, limit)
	}
	var all []*message
	for _, m := range ch.messages {
		if !m.Ephemeral && (before == "" || later(before, m.ID)) && (after == "" || later(m.ID, after)) {
			all = append(all, m)
		}
	}
	if after != "" {
		return all[:min(limit, len(all))]
	}
	return all[max(len(all)-limit, 0):]
}

func (c *call) around(ch *channel, id string, limit int) []*message {
	at := 0
	for at < len(ch.messages) && later(id, ch.messages[at].ID) {
		at++
	}
	return ch.messages[max(at-limit/2, 0):min(at+limit/2+1, len(ch.messages))]
}
