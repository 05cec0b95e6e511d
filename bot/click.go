package bot

import (
	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/permissions"
)

// noteClick tells of a button that was pressed, and by whom, as far as that
// came with the press itself.
func (b *Bot) noteClick(i *discordgo.Interaction, what string) {
	if b.options.Clicked == nil || i.Member == nil || i.Member.User == nil {
		return
	}
	b.options.Clicked(permissions.Member{
		ID: i.Member.User.ID, Name: i.Member.User.Username, Roles: i.Member.Roles,
		Guild: i.GuildID, Channel: i.ChannelID,
	}, what)
}
