package discordtest

import (
	"strings"
	"time"
)

// Room is a channel as a reader sees it. Each of the bot's messages is seen
// once: a second Sees looks for a further one.
type Room struct {
	d       *Discord
	channel *channel
}

// In looks into a channel or thread.
func (g *Guild) In(channel string) *Room {
	g.d.t.Helper()
	g.d.mu.Lock()
	defer g.d.mu.Unlock()
	return &Room{g.d, g.mustChannel(channel)}
}

// Direct looks into the direct messages between a person and the bot.
func (p *Person) Direct() *Room {
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	return &Room{p.g.d, p.g.d.direct(p.m.user)}
}

// Sees waits for a message of the bot that nobody has seen yet and that
// contains all the parts, anywhere in its text, and answers it. The test fails
// if none comes.
func (r *Room) Sees(parts ...string) *Message {
	r.d.t.Helper()
	return r.d.sees(r.channel, func(*message) bool { return true }, parts)
}

// SeesNothing fails the test if an unseen message of the bot is there or comes
// within the time.
func (r *Room) SeesNothing(within time.Duration) {
	r.d.t.Helper()
	r.d.seesNothing(r.channel, func(*message) bool { return true }, within)
}

// Messages answers everything said in the channel, oldest first, ephemeral
// messages left out.
func (r *Room) Messages() []*Message {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	return copyMessages(r.channel.public())
}

// Transcript renders the channel as "author> text", a line break between
// messages.
func (r *Room) Transcript() string {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	return r.channel.transcript()
}

// Typings answers how often the bot showed that it types.
func (r *Room) Typings() int {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	return r.channel.typed
}

// AwaitTyping waits until the bot has shown at least n times that it types.
func (r *Room) AwaitTyping(n int) {
	r.d.t.Helper()
	if !r.d.await(r.d.opts.patience, func() bool { return r.channel.typed >= n }) {
		r.d.t.Fatalf("discordtest: the bot showed typing %d times, not %d", r.Typings(), n)
	}
}

// Sees waits for an answer of the bot to this message, as Room.Sees does.
func (m *Message) Sees(parts ...string) *Message {
	m.d.t.Helper()
	return m.d.sees(m.channel(), m.answeredBy, parts)
}

// SeesNothing fails the test if the bot answers this message within the time.
func (m *Message) SeesNothing(within time.Duration) {
	m.d.t.Helper()
	m.d.seesNothing(m.channel(), m.answeredBy, within)
}

// Becomes waits until the message's text contains all the parts, and answers it
// as it then is.
func (m *Message) Becomes(parts ...string) *Message {
	m.d.t.Helper()
	var now *Message
	ok := m.d.await(m.d.opts.patience, func() bool {
		kept := m.d.messages[m.ID]
		if kept == nil || !kept.contains(parts) {
			return false
		}
		now = kept.snapshot()
		return true
	})
	if !ok {
		m.d.t.Fatalf("discordtest: the message did not become %q; it is:\n%s", parts, m.Now())
	}
	return now
}

// Goes waits until the message is deleted.
func (m *Message) Goes() {
	m.d.t.Helper()
	if !m.d.await(m.d.opts.patience, func() bool { return m.d.messages[m.ID] == nil }) {
		m.d.t.Fatalf("discordtest: the message was not deleted: %s", m)
	}
}

// Now answers the message as it is now, deleted or not.
func (m *Message) Now() *Message {
	m.d.mu.Lock()
	defer m.d.mu.Unlock()
	if kept := m.d.messages[m.ID]; kept != nil {
		return kept.snapshot()
	}
	gone := *m
	gone.Deleted = true
	return &gone
}

func (m *Message) channel() *channel {
	m.d.mu.Lock()
	defer m.d.mu.Unlock()
	return m.d.channels[m.ChannelID]
}

func (m *Message) answeredBy(other *message) bool { return other.ReplyTo == m.ID }

func (d *Discord) sees(ch *channel, wanted func(*message) bool, parts []string) *Message {
	d.t.Helper()
	var found *Message
	ok := d.await(d.opts.patience, func() bool {
		m := ch.unseen(wanted, parts)
		if m == nil {
			return false
		}
		m.seen = true
		found = m.snapshot()
		return true
	})
	if !ok {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.t.Fatalf("discordtest: no new message of the bot in %s with %q within %v. What was said:\n%s",
			ch.label(), parts, d.opts.patience, ch.transcript())
	}
	return found
}

func (d *Discord) seesNothing(ch *channel, wanted func(*message) bool, within time.Duration) {
	d.t.Helper()
	var found *Message
	d.await(within, func() bool {
		m := ch.unseen(wanted, nil)
		if m != nil {
			found = m.snapshot()
		}
		return m != nil
	})
	if found != nil {
		d.t.Fatalf("discordtest: nothing was to be said in %s, but:\n%s", ch.label(), found)
	}
}

// unseen finds the oldest message of the bot that fits and that no Sees has
// claimed. A deferred answer counts from when it is there.
func (c *channel) unseen(wanted func(*message) bool, parts []string) *message {
	for _, m := range c.messages {
		if m.byBot() && !m.seen && !m.Ephemeral && !m.Loading && wanted(m) && m.contains(parts) {
			return m
		}
	}
	return nil
}

func (m *message) byBot() bool { return m.author == m.d.bot }

func (m *message) contains(parts []string) bool {
	all := m.Text()
	for _, part := range parts {
		if !strings.Contains(all, part) {
			return false
		}
	}
	return true
}

func (c *channel) public() []*message {
	var all []*message
	for _, m := range c.messages {
		if !m.Ephemeral {
			all = append(all, m)
		}
	}
	return all
}

func (c *channel) transcript() string {
	var lines []string
	for _, m := range c.public() {
		lines = append(lines, m.String())
	}
	return strings.Join(lines, "\n")
}
