package bot

import "github.com/helix-collective/helix/permissions"

// noteClick tells of a button that was pressed, and by whom, as far as that
// came with the press itself.
func (b *Bot) noteClick(p *press, what string) {
	if b.options.Clicked == nil {
		return
	}
	b.options.Clicked(permissions.Member{
		ID: p.Member.User.ID, Name: p.Member.User.Username, Roles: p.Member.Roles,
		Guild: p.GuildID, Channel: p.ChannelID,
	}, what)
}
