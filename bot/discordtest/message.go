package discordtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Message is what a test sees of a message, as it was when looked at: a later
// edit does not change it.
type Message struct {
	ID        string
	ChannelID string
	GuildID   string // "" in a direct one
	Author    string // the author's name
	AuthorID  string
	Content   string
	Nonce     string
	Flags     int
	ReplyTo   string    // id of the message this one answers, or ""
	At        time.Time // by Discord's clock
	EditedAt  time.Time // zero if never edited
	Deleted   bool
	// Ephemeral tells that only one person sees it.
	Ephemeral bool
	// Loading tells that it is the "thinking…" of a deferred answer.
	Loading bool
	// Pings names whom the message rings: people, "@role", "@everyone", "@here".
	Pings       []string
	Attachments []Attachment
	Embeds      []Embed
	// Components are the raw components as sent.
	Components []map[string]any

	d *Discord
}

// Attachment is a file that came with a message.
type Attachment struct {
	ID          string
	Name        string
	Description string
	ContentType string
	Data        []byte

	path string // below /attachments/
}

// Embed is the text of an embed.
type Embed struct {
	Title       string `json:"title"`
	Description string `json:"description"`
	URL         string `json:"url"`
	Color       int    `json:"color"`
	Footer      struct {
		Text string `json:"text"`
	} `json:"footer"`
	Author struct {
		Name string `json:"name"`
	} `json:"author"`
	Fields []struct {
		Name   string `json:"name"`
		Value  string `json:"value"`
		Inline bool   `json:"inline"`
	} `json:"fields"`
	Image struct {
		URL string `json:"url"`
	} `json:"image"`
}

// Button is a button on a message.
type Button struct {
	Label    string
	CustomID string
	URL      string
	Style    int
	Disabled bool
}

// message is a message as Discord keeps it.
type message struct {
	Message
	kind      int
	author    *user
	channel   *channel
	webhookID string
	embeds    list
	reference object   // message_reference as sent on
	parent    *message // what it answers, if that still exists
	forwarded *message
	allowed   allowance
	mentions  mentions
	viewer    *user        // who alone sees it, if ephemeral
	origin    *interaction // what it answers, if an interaction
	reactions []reaction
	seen      bool // claimed by a Sees
}

type reaction struct {
	emoji string
	by    *user
}

// Text answers all text that a reader sees: content, embeds, text components
// and the text of attachments, a line break between each.
func (m *Message) Text() string {
	parts := []string{}
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	add(m.Content)
	for _, e := range m.Embeds {
		add(e.Author.Name)
		add(e.Title)
		add(e.Description)
		for _, f := range e.Fields {
			add(f.Name)
			add(f.Value)
		}
		add(e.Footer.Text)
	}
	walkComponents(m.Components, func(c map[string]any) { add(text(c["content"])) })
	for _, a := range m.Attachments {
		if strings.HasPrefix(a.ContentType, "text/") || strings.HasSuffix(a.Name, ".txt") {
			add(string(a.Data))
		}
	}
	return strings.Join(parts, "\n")
}

// Buttons answers the message's buttons in reading order.
func (m *Message) Buttons() []Button {
	var all []Button
	walkComponents(m.Components, func(c map[string]any) {
		if number(c["type"]) != componentButton {
			return
		}
		all = append(all, Button{
			Label: text(c["label"]), CustomID: text(c["custom_id"]), URL: text(c["url"]),
			Style: number(c["style"]), Disabled: c["disabled"] == true,
		})
	})
	return all
}

// File answers the attachment of that name; ok is false if there is none.
func (m *Message) File(name string) (Attachment, bool) {
	for _, a := range m.Attachments {
		if a.Name == name {
			return a, true
		}
	}
	return Attachment{}, false
}

func (m *Message) String() string {
	said := m.Text()
	if len(said) > longestShown {
		said = strings.ToValidUTF8(said[:longestShown], "") + "…"
	}
	for _, a := range m.Attachments {
		said += fmt.Sprintf(" [%s, %d bytes]", a.Name, len(a.Data))
	}
	return m.Author + "> " + said
}

// longestShown is how many bytes of a message a failure shows: all that fits
// into one, but not a file.
const longestShown = 4000

// snapshot copies the message for a test to keep. The caller holds mu.
func (m *message) snapshot() *Message {
	s := m.Message
	s.Pings = slices.Clone(m.Pings)
	s.Attachments = slices.Clone(m.Attachments)
	s.Embeds = slices.Clone(m.Embeds)
	s.Components = slices.Clone(m.Components)
	return &s
}

// store puts a new message into its channel and tells it to the bot.
func (d *Discord) store(m *message) *message {
	m.d = d
	m.ID = d.ids.at(d.now())
	m.At = d.now()
	m.ChannelID = m.channel.id
	if m.channel.guild != nil {
		m.GuildID = m.channel.guild.ID
	}
	if m.author != nil {
		m.Author, m.AuthorID = m.author.name, m.author.id
	}
	m.readEmbeds()
	m.mentionWithin(m.allowed)
	d.messages[m.ID] = m
	m.channel.messages = append(m.channel.messages, m)
	if !m.Ephemeral {
		m.channel.archived = m.channel.archived && m.channel.locked
		d.tellMessage(m, "MESSAGE_CREATE", m.wireEvent())
	}
	d.touch()
	return m
}

// changedMessage tells the bot that a message was edited.
func (d *Discord) changedMessage(m *message) {
	m.readEmbeds()
	if !m.Ephemeral {
		d.tellMessage(m, "MESSAGE_UPDATE", m.wireEvent())
	}
	d.touch()
}

// remove deletes a message for everyone.
func (d *Discord) remove(m *message) {
	m.Deleted = true
	delete(d.messages, m.ID)
	m.channel.messages = slices.DeleteFunc(m.channel.messages, func(o *message) bool { return o == m })
	o := object{"id": m.ID, "channel_id": m.ChannelID}
	if m.GuildID != "" {
		o["guild_id"] = m.GuildID
	}
	if !m.Ephemeral {
		d.tellIn(m.channel, messageIntent(m.channel), "MESSAGE_DELETE", o)
	}
	d.touch()
}

func (m *message) readEmbeds() {
	m.Embeds = nil
	raw, err := json.Marshal(m.embeds)
	if err != nil {
		return
	}
	_ = json.Unmarshal(raw, &m.Embeds) // what does not fit was refused before
}

// copyMessages answers snapshots of messages. The caller holds mu.
func copyMessages(all []*message) []*Message {
	out := make([]*Message, 0, len(all))
	for _, m := range all {
		out = append(out, m.snapshot())
	}
	return out
}
