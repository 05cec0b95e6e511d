package bot

import (
	"context"
	"net/http"
	"strings"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// revealPrefix begins the custom id of the button that shows what an answer
// hides. What was asked follows: a message, or one edit of it. The answer itself
// is kept nowhere, so the message is read and run once more, as the presser.
const revealPrefix = "reveal:"

// revealer is the button below an answer in which something is hidden; there is
// none below others.
func revealer(o occasion, reply commands.Reply) []button {
	id := revealPrefix + o.id
	if !reply.Hidden || o.message == "" && o.press == nil || width(id) > maxCustomID {
		return nil
	}
	return []button{{Type: componentButton, Style: styleSecondary, Label: "Reveal", CustomID: id}}
}

// reveal shows the presser alone what an answer hides, if they may see it.
func (b *Bot) reveal(work context.Context, p *press, asked string) {
	b.noteClick(p, "reveal of message "+asked)
	c, ok := b.confirmation(work, p, "")
	if !ok {
		return
	}
	req := c.Request
	if line, known := b.lines.get(asked); known {
		req.Text = line
	} else {
		m, ok := b.asking(work, p, asked)
		if !ok {
			return
		}
		req.Text, req.Mentioned = b.text(p.session, m)
	}
	reply := faulty(p.ID)
	b.guardedAs("reveal", func() { reply = b.options.Handler.Reveal(work, req) }, func() {})
	b.tellRevealed(work, p, reply)
}

// tellRevealed answers the presser alone with what was revealed. It is kept
// nowhere, so it has no pages to turn.
func (b *Bot) tellRevealed(work context.Context, p *press, reply commands.Reply) {
	ctx, cancel := lastWords(work)
	defer cancel()
	revealed := reply.Outcome == commands.OK
	a := composed(renderWithin(b.look.reply(reply, revealed), 1))
	a.revealed = revealed
	p.whisperAnswer(ctx, a)
}

// asking reads the message that an answer belongs to, as it stands now. Where it
// is another or gone it tells the presser, and ok is false.
func (b *Bot) asking(work context.Context, p *press, asked string) (m *discordgo.Message, ok bool) {
	id, _, _ := strings.Cut(asked, "@")
	m = &discordgo.Message{}
	err := b.rest.do(work, call{method: http.MethodGet, path: messagePath(p.ChannelID, id)}, m)
	m.GuildID = p.GuildID // which Discord leaves out here
	switch {
	case hasCode(err, codeUnknownMessage):
		p.whisper(work, "The message that asked for this was deleted, so it cannot be run once more. Type the command again.")
	case hasCode(err, codeMissingAccess, codeMissingRights):
		p.whisper(work, "To reveal an answer Helix reads the message that asked for it, and needs the right Read Message History in this channel for that.")
	case err != nil:
		b.log.Error("the message that asked for an answer could not be read", zap.String("message", id), zap.Error(err))
		p.whisper(work, "The message that asked for this could not be read from Discord. Press again in a moment.")
	case turnOf(m) != asked:
		p.whisper(work, "The message that asked for this was edited since, so this is not the answer to it any more.")
	default:
		return m, true
	}
	return nil, false
}
