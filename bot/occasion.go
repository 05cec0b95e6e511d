package bot

import (
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/permissions"
)

// occasion is what an answer belongs to: a message, one edit of it, or a press
// below a plan.
type occasion struct {
	id      string // names it in nonces, for pages, and for the button that stops it
	channel string
	message string             // that the answer is a reply to; may be empty
	caller  permissions.Member // who asked; before that is known in full, the id alone
}

// occasionOf is a message as what is to be answered.
func occasionOf(m *discordgo.Message) occasion {
	return occasion{id: turnOf(m), channel: m.ChannelID, message: m.ID, caller: permissions.Member{ID: m.Author.ID}}
}

// turnOf names what is answered: a message, or one edit of it.
func turnOf(m *discordgo.Message) string {
	if m.EditedTimestamp == nil {
		return m.ID
	}
	return m.ID + "@" + m.EditedTimestamp.UTC().Format(time.RFC3339Nano)
}

// reference points at the message that is answered, if there is one.
func (o occasion) reference() *reference {
	if o.message == "" {
		return nil
	}
	return &reference{MessageID: o.message}
}
