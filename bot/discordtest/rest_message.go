package discordtest

import (
	"net/url"
	"slices"
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
	if refused := c.attach(m); refused != nil {
		return refused
	}
	if m.blank() {
		return refusal(codeEmptyMessage)
	}
	return m.checkFiles()
}

func (m *message) blank() bool {
	return strings.TrimSpace(m.Content) == "" && len(m.embeds) == 0 && len(m.Attachments) == 0 && len(m.Components) == 0
}

// attach takes the request's files in, with the names and descriptions that
// the body's list of attachments gives them.
func (c *call) attach(m *message) *apiError {
	described := map[string]object{}
	for _, a := range objects(c.body["attachments"]) {
		described[text(a["id"])] = a
	}
	for _, up := range c.files {
		file := up.file
		if a := described[up.index]; a != nil {
			file.Description = text(a["description"])
			if name := text(a["filename"]); name != "" {
				file.Name = name
			}
		}
		file.ID = c.d.ids.at(c.d.now())
		file.path = m.channel.id + "/" + file.ID + "/" + url.PathEscape(file.Name)
		c.d.files[m.channel.id+"/"+file.ID+"/"+file.Name] = file
		m.Attachments = append(m.Attachments, file)
	}
	return nil
}

// checkFiles refuses references to files that did not come along.
func (m *message) checkFiles() *apiError {
	for _, name := range m.fileReferences() {
		if _, ok := m.File(name); !ok {
			return invalidForm("REFERENCED_ATTACHMENT_NOT_FOUND", "The referenced attachment was not found", "embeds")
		}
	}
	return nil
}

// fileReferences answers the names behind attachment:// addresses.
func (m *message) fileReferences() []string {
	var names []string
	walkStrings(append(slices.Clone(m.embeds), componentsOf(m.Components)...), func(s string) {
		if name, ok := strings.CutPrefix(s, "attachment://"); ok {
			names = append(names, name)
		}
	})
	return names
}

// walkStrings visits every string in a JSON value.
func walkStrings(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case list:
		for _, item := range v {
			walkStrings(item, visit)
		}
	case object:
		for _, item := range v {
			walkStrings(item, visit)
		}
	}
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
