package bot

import (
	"context"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// callbackSuggest answers what could stand in an option.
const callbackSuggest = 8

// suggestions is what Discord shows below an option: at most 25.
type suggestions struct {
	Choices []slashChoice `json:"choices"`
}

// suggest answers somebody who fills in an option. Where nothing can be said there
// is nothing to choose from.
func (b *Bot) suggest(work context.Context, p *press) {
	use, option := used(p.ApplicationCommandData())
	offered := suggestions{Choices: []slashChoice{}}
	member, err := b.member(work, p.session, seat{p.GuildID, p.ChannelID}, p.Member.User, p.Member)
	if err != nil {
		b.log.Warn("who fills in a command could not be read", zap.String("interaction", p.ID), zap.Error(err))
	} else {
		ctx, cancel := context.WithDeadline(work, p.until)
		defer cancel()
		found := b.options.Slash.Suggest(ctx, commands.Typing{SlashUse: use, Option: option, Caller: member, Redact: b.options.Redact})
		for _, s := range found {
			offered.Choices = append(offered.Choices, slashChoice{clip(visible(s.Label), maxSuggested), s.Value})
		}
	}
	p.first(work, callback{Type: callbackSuggest, Data: offered})
}

// maxSuggested is how long a suggestion may be.
const maxSuggested = 100
