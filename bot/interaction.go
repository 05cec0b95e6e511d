package bot

import (
	"context"
	"strings"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"
)

// onInteraction hands a pressed button, a form that was handed in or a command
// that was chosen to what it is for. One that did not come from a known member of
// a server is let be.
func (b *Bot) onInteraction(s *discordgo.Session, i *discordgo.Interaction, work context.Context) {
	if i == nil || b.foreign(i.GuildID) || i.Member == nil || i.Member.User == nil {
		return
	}
	act := b.acts(i)
	if act == nil || !b.seen.add(i.ID) {
		return
	}
	p := b.newPress(s, i)
	attend := func() {
		b.guarded("interaction", func() {
			if b.awaitDecision(work) && b.serves(i.GuildID) {
				b.attend(work, p, act)
			}
		})
	}
	taken := true
	switch {
	case !p.runs():
		taken = b.queues.aside(attend)
	case !b.queues.beside(attend):
		taken = b.queues.aside(func() {
			p.whisper(work, "Too many commands are running at once, so this one was not taken. Try again in a moment.")
		})
	}
	if !taken { // and Discord tells who pressed
		b.log.Error("a press was not taken: too many are seen to at a time", zap.String("interaction", i.ID))
	}
}

// action is what a button or a form does; rest is its custom id without the
// prefix that stands for the action.
type action func(ctx context.Context, p *press, rest string)

// acts answers what an interaction does; nil if it is none of ours.
func (b *Bot) acts(i *discordgo.Interaction) func(context.Context, *press) {
	var id string
	var actions map[string]action
	switch data := i.Data.(type) {
	case discordgo.ApplicationCommandInteractionData:
		return b.actsOn(i, data)
	case discordgo.MessageComponentInteractionData:
		id, actions = data.CustomID, map[string]action{
			pagePrefix:    b.turnPage,
			revealPrefix:  b.reveal,
			filePrefix:    b.giveFile,
			filterPrefix:  b.askForFilter,
			stopPrefix:    b.stopProgram,
			unwatchPrefix: b.unwatch,
			yesPrefix:     b.confirmPlan,
			wordPrefix:    b.askForWord,
			noPrefix:      b.cancelPlan,
			agreedPrefix:  b.approvePlan,
			sayPrefix:     b.sayOffer,
			tryPrefix:     b.tryOffer,
			askPrefix:     b.askForOffer,
		}
	case discordgo.ModalSubmitInteractionData:
		id, actions = data.CustomID, map[string]action{wordPrefix: b.takeWord, askPrefix: b.takeOffer, filterPrefix: b.takeFilter}
		if b.options.Slash != nil {
			actions[longPrefix] = b.takeLong
		}
	}
	for prefix, act := range actions {
		if rest, ok := strings.CutPrefix(id, prefix); ok {
			return func(ctx context.Context, p *press) { act(ctx, p, rest) }
		}
	}
	return nil
}

// actsOn answers what a command does; nil if it is none of ours.
func (b *Bot) actsOn(i *discordgo.Interaction, data discordgo.ApplicationCommandInteractionData) func(context.Context, *press) {
	switch {
	case b.options.Slash == nil:
		return nil
	case i.Type == discordgo.InteractionApplicationCommandAutocomplete:
		return b.suggest
	case data.CommandType == discordgo.MessageApplicationCommand:
		return b.takeFromMenu
	case data.CommandType == discordgo.ChatApplicationCommand:
		return b.takeCommand
	}
	return nil
}
