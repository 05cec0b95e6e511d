package discordtest

import "time"

// Person is a member of a guild who acts.
type Person struct {
	g       *Guild
	m       *member
	channel *channel // only for a webhook
}

// As lets a member act, a bot as well as a person.
func (g *Guild) As(name string) *Person {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	return &Person{g: g, m: g.mustMember(name)}
}

// Says posts a message in a channel. @name, @role and #channel are left as they
// stand; Mention makes one that rings.
func (p *Person) Says(channel, content string) *Message {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	return p.post(&message{channel: p.g.mustChannel(channel)}, content)
}

// Replies answers a message.
func (p *Person) Replies(to *Message, content string) *Message {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	parent := p.must(to)
	m := &message{channel: parent.channel}
	m.replyTo(parent)
	return p.post(m, content)
}

// Forwards passes a message on to another channel.
func (p *Person) Forwards(original *Message, channel string) *Message {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	from := p.must(original)
	m := &message{channel: p.g.mustChannel(channel), forwarded: from}
	m.reference = object{"type": 1, "message_id": from.ID, "channel_id": from.ChannelID, "guild_id": from.GuildID}
	return p.post(m, "")
}

// Whispers sends the bot a direct message.
func (p *Person) Whispers(content string) *Message {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	return p.post(&message{channel: p.g.d.direct(p.m.user)}, content)
}

// Edits changes what the person said and answers the message as it is now.
func (p *Person) Edits(said *Message, content string) *Message {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	m := p.must(said)
	m.Content, m.EditedAt = content, p.g.d.now()
	m.mentionWithin(allowAll())
	p.g.d.changedMessage(m)
	return m.snapshot()
}

// Deletes takes a message away.
func (p *Person) Deletes(said *Message) {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	p.g.d.remove(p.must(said))
}

// Reacts adds an emoji to a message.
func (p *Person) Reacts(to *Message, emoji string) {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	p.g.d.react(p.must(to), reaction{emoji, p.m.user})
}

// Types shows the typing indicator in a channel.
func (p *Person) Types(channel string) {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	ch := p.g.mustChannel(channel)
	p.g.d.tellIn(ch, typingIntent(ch), "TYPING_START", object{
		"channel_id": ch.id, "guild_id": p.g.ID, "user_id": p.m.user.id,
		"timestamp": p.g.d.now().Unix(), "member": p.m.wire(),
	})
}

// Mention is the text that mentions a user or role of the guild, by name.
func (g *Guild) Mention(name string) string {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	if r := g.roleNamed(name); r != nil && !r.managed {
		return "<@&" + r.id + ">"
	}
	return "<@" + g.mustMember(name).user.id + ">"
}

// Webhook makes a webhook of a channel, which can only say things there.
func (g *Guild) Webhook(channel, name string) *Person {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	hook := &user{id: g.d.ids.next(), name: name, bot: true}
	return &Person{g: g, m: &member{user: hook, joined: time.Time{}}, channel: g.mustChannel(channel)}
}

// post fails the test if the person may not speak there: a test that does not
// mean to try that should not pass for the wrong reason.
func (p *Person) post(m *message, content string) *Message {
	p.g.d.t.Helper()
	d := p.g.d
	m.d, m.author, m.Content, m.allowed = d, p.m.user, content, allowAll()
	switch {
	case p.channel != nil:
		m.webhookID = p.m.user.id
	case !d.mayIn(m.channel, p.m.user).has(ViewChannel | m.channel.speak()):
		d.t.Fatalf("discordtest: %s may not speak in %s", p.m.user.name, m.channel.label())
	}
	return d.store(m).snapshot()
}

// must finds a message that still exists.
func (p *Person) must(seen *Message) *message {
	p.g.d.t.Helper()
	m := p.g.d.messages[seen.ID]
	if m == nil {
		p.g.d.t.Fatalf("discordtest: the message %s is gone", seen)
	}
	return m
}
