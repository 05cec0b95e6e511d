package bot

import (
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/permissions"
)

// occasion is what an answer belongs to: a message, one edit of it, a press below
// a plan, or a command.
type occasion struct {
	id      string // names it in nonces, for pages, and for the button that stops it
	channel string
	message string             // that the answer is a reply to; may be empty
	caller  permissions.Member // who asked; before that is known in full, the id alone
	press   *press             // the command whose own answer it is; nil: it is a message
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

// inChannel is the same, to be answered by a message in the channel whatever asked.
func (o occasion) inChannel() occasion {
	o.press = nil
	return o
}

// edit is the call that changes a message of ours which belongs to the occasion.
func (o occasion) edit(message string) call {
	if o.press != nil && o.press.lasts() {
		return call{method: http.MethodPatch, path: o.press.messagePath(message), anonymous: true}
	}
	return call{method: http.MethodPatch, path: messagePath(o.channel, message)}
}

// reference points at the message that is answered, if there is one.
func (o occasion) reference() *reference {
	if o.message == "" {
		return nil
	}
	return &reference{MessageID: o.message}
}
