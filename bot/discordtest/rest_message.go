package discordtest

import (
	"strings"
	"time"
)

// nonceMemory is how long Discord remembers a nonce: "a few minutes".
const nonceMemory = 3 * time.Minute

// Discord's message types and flags.
const (
	messageDefault = 0
	messageReply   = 19
	messageCommand = 20

	flagEphemeral    = 1 << 6
	flagLoading      = 1 << 7
	flagComponentsV2 = 1 << 15
)

// nonceKey is what a nonce is unique within.
type nonceKey struct{ author, channel, nonce string }

func (c *call) createMessage() (any, *apiError) {
	ch, refused := c.speaking()
	if refused != nil {
		return nil, refused
	}
	key := nonceKey{c.d.bot.id, ch.id, nonceText(c.body["nonce"])}
	if known := c.d.nonces[key]; known != nil && c.body["enforce_nonce"] == true && c.d.now().Sub(known.At) < nonceMemory {
		return known.wire(), nil
	}
	m := &message{author: c.d.bot, channel: ch}
	m.d, m.Nonce = c.d, key.nonce
	if refused := c.fill(m); refused != nil {
		return nil, refused
	}
	if refused := c.refer(m); refused != nil {
		return nil, refused
	}
	if refused := c.mayPost(m); refused != nil {
		return nil, refused
	}
	c.d.store(m)
	if key.nonce != "" {
		c.d.nonces[key] = m
	}
	return m.wire(), nil
}

// nonceText reads a nonce, which may be a number.
func nonceText(v any) string {
	if s, ok := v.(interface{ String() string }); ok {
		return s.String()
	}
	return text(v)
}

// fill takes content, embeds, components, files and mentions from the body.
func (c *call) fill(m *message) *apiError {
	m.Content = text(c.body["content"])
	m.embeds = items(c.body["embeds"])
	m.Components = objects(c.body["components"])
	m.Flags = number(c.body["flags"])
	m.allowed = readAllowance(c.body)
	if m.allowed.contradiction() {
		return invalidForm("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", "Parse and users/roles are mutually exclusive", "allowed_mentions")
	}
	c.attach(m)
	return m.acceptable()
}

func (m *message) blank() bool {
	return strings.TrimSpace(m.Content) == "" && len(m.embeds) == 0 && len(m.Attachments) == 0 && len(m.Components) == 0
}

// refer works out what the message answers.
func (c *call) refer(m *message) *apiError {
	ref := fields(c.body["message_reference"])
	if ref == nil {
		return nil
	}
	if !c.d.mayIn(m.channel, c.d.bot).has(ReadMessageHistory) {
		return refusal(codeReplyWithoutHistory)
	}
	parent := c.d.messages[text(ref["message_id"])]
	if parent == nil || parent.channel != m.channel {
		if ref["fail_if_not_exists"] == false {
			return nil
		}
		return invalidForm("REPLIES_UNKNOWN_MESSAGE", "Unknown message", "message_reference")
	}
	m.replyTo(parent)
	return nil
}

func (m *message) replyTo(parent *message) {
	m.kind, m.parent, m.ReplyTo = messageReply, parent, parent.ID
	m.reference = object{"type": 0, "message_id": parent.ID, "channel_id": parent.ChannelID}
	if parent.GuildID != "" {
		m.reference["guild_id"] = parent.GuildID
	}
}

// mayPost holds what a message carries against the bot's permissions.
func (c *call) mayPost(m *message) *apiError {
	may := c.d.mayIn(m.channel, c.d.bot)
	if len(m.embeds) > 0 && !may.has(EmbedLinks) || len(m.Attachments) > 0 && !may.has(AttachFiles) {
		return refusal(codeMissingPermissions)
	}
	return nil
}
