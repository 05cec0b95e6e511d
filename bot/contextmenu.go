package bot

import (
	"cmp"
	"context"
	"net/http"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/commands"
)

// What the menu of a message has.
const (
	menuRun     = "Run as Helix command"
	menuExplain = "Explain this result"
)

// takeFromMenu does something with a message, in the name of whoever chose so.
func (b *Bot) takeFromMenu(work context.Context, p *press) {
	data := p.ApplicationCommandData()
	var m *discordgo.Message
	if data.Resolved != nil {
		m = data.Resolved.Messages[data.TargetID]
	}
	if m == nil || m.Author == nil {
		p.whisper(work, "Discord did not say what stands in that message. Type the command instead.")
		return
	}
	m.GuildID = p.GuildID // which Discord leaves out here
	switch data.Name {
	case menuRun:
		b.runMessage(work, p, m)
	case menuExplain:
		b.explainMessage(work, p, m)
	}
}

// runMessage runs what a message says. Its reader may have overlooked something in
// it, so every change is planned.
func (b *Bot) runMessage(work context.Context, p *press, m *discordgo.Message) {
	text, _ := b.text(p.session, m)
	if text == "" {
		p.whisper(work, "There is nothing to run in that message.")
		return
	}
	b.run(work, p, commands.Request{Text: text, AlwaysPlan: true})
}

// explainMessage explains, to whoever chose so alone, what a message asks of
// Helix, or what the answer that it is belongs to.
func (b *Bot) explainMessage(work context.Context, p *press, m *discordgo.Message) {
	text, ok := b.lineBehind(work, p, m)
	if !ok {
		p.whisper(work, "What was asked for this is not known any more. Explain the message that asked, or see `/help`.")
		return
	}
	v, _, _ := b.slashVerb(commands.SlashUse{Verb: explainVerb})
	b.runUse(work, p, v, commands.SlashUse{Verb: explainVerb, Values: map[string]string{explainOption: text}})
}

// What explains a line.
const (
	explainVerb   = "explain"
	explainOption = "line"
)

// lineBehind answers what a message asks, or what an answer of ours was asked.
func (b *Bot) lineBehind(work context.Context, p *press, m *discordgo.Message) (text string, ok bool) {
	if m.Author.ID != b.Status().UserID {
		text, _ = b.text(p.session, m)
		return text, text != ""
	}
	if line, known := b.lines.get(interactionOf(m)); known {
		return line, true
	}
	if m.MessageReference == nil {
		return "", false
	}
	asked := &discordgo.Message{}
	err := b.rest.do(work, call{method: http.MethodGet, path: messagePath(p.ChannelID, m.MessageReference.MessageID)}, asked)
	if err != nil || asked.Author == nil || asked.Author.ID == m.Author.ID {
		return "", false
	}
	asked.GuildID = p.GuildID
	text, _ = b.text(p.session, asked)
	return text, text != ""
}

// interactionOf answers the command that a message answers; "" if it is none.
func interactionOf(m *discordgo.Message) string {
	var id string
	if m.InteractionMetadata != nil {
		id = m.InteractionMetadata.ID
	}
	if m.Interaction != nil {
		id = cmp.Or(id, m.Interaction.ID)
	}
	return id
}
