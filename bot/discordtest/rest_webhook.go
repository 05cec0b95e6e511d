package discordtest

import "slices"

// answerable finds the interaction whose token the path carries, if it still
// takes follow-ups.
func (c *call) answerable() (*interaction, *apiError) {
	i := c.d.tokens[c.params["webhook_token"]]
	switch {
	case i == nil || c.params["webhook_id"] != c.d.bot.id:
		return nil, refusal(codeUnknownWebhook)
	case c.d.now().Sub(i.at) > followUpsWithin:
		return nil, refusal(codeInvalidToken)
	case !i.acknowledged:
		return nil, refusal(codeUnknownWebhook)
	}
	return i, nil
}

// executeWebhook is a follow-up message. The first one after a deferral takes
// the place of its "thinking…".
func (c *call) executeWebhook() (any, *apiError) {
	i, refused := c.answerable()
	if refused != nil {
		return nil, refused
	}
	m := i.draft()
	if refused := c.fill(m); refused != nil {
		return nil, refused
	}
	if i.original != nil && i.original.Loading && !i.original.Deleted {
		return c.edit(i.original)
	}
	i.post(m)
	return m.wire(), nil
}

// hooked finds the message of the path among the interaction's own.
func (c *call) hooked() (*message, *apiError) {
	i, refused := c.answerable()
	if refused != nil {
		return nil, refused
	}
	id, named := c.params["message_id"]
	if !named {
		if i.original == nil || i.original.Deleted {
			return nil, refusal(codeUnknownMessage)
		}
		return i.original, nil
	}
	at := slices.IndexFunc(i.messages, func(m *message) bool { return m.ID == id && !m.Deleted })
	if at < 0 {
		return nil, refusal(codeUnknownMessage)
	}
	return i.messages[at], nil
}

func (c *call) getWebhookMessage() (any, *apiError) {
	m, refused := c.hooked()
	if refused != nil {
		return nil, refused
	}
	return m.wire(), nil
}

func (c *call) updateWebhookMessage() (any, *apiError) {
	m, refused := c.hooked()
	if refused != nil {
		return nil, refused
	}
	return c.edit(m)
}

func (c *call) deleteWebhookMessage() (any, *apiError) {
	m, refused := c.hooked()
	if refused != nil {
		return nil, refused
	}
	c.d.remove(m)
	return nil, nil
}
