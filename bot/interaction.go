package bot

import (
	"context"
	"net/http"
	"strings"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"
)

// onInteraction hands a pressed button to what it is for.
func (b *Bot) onInteraction(i *discordgo.Interaction, work context.Context) {
	if i == nil || i.Type != discordgo.InteractionMessageComponent || b.foreign(i.GuildID) {
		return
	}
	press := b.presses(i.MessageComponentData().CustomID)
	if press == nil || !b.seen.add(i.ID) {
		return
	}
	b.queues.aside(func() {
		b.guarded("interaction", func() {
			if b.awaitDecision(work) && b.serves(i.GuildID) {
				press(work, i)
			}
		})
	})
}

// presses answers what a button does; nil if it is none of ours.
func (b *Bot) presses(customID string) func(context.Context, *discordgo.Interaction) {
	for prefix, press := range map[string]func(context.Context, *discordgo.Interaction, string){
		pagePrefix: b.turnPage,
		stopPrefix: b.stopProgram,
	} {
		if rest, ok := strings.CutPrefix(customID, prefix); ok {
			return func(ctx context.Context, i *discordgo.Interaction) { press(ctx, i, rest) }
		}
	}
	return nil
}

// whisper answers an interaction with a sentence that only the presser sees.
func (b *Bot) whisper(ctx context.Context, i *discordgo.Interaction, text string) {
	b.callBack(ctx, i, callback{Type: callbackMessage, Data: outgoing{Content: text, Mentions: nobody(), Flags: flagEphemeral}})
}

func (b *Bot) callBack(ctx context.Context, i *discordgo.Interaction, answer callback) {
	err := b.rest.do(ctx, call{
		method: http.MethodPost, path: "/interactions/" + i.ID + "/" + i.Token + "/callback",
		body: answer, once: true, anonymous: true,
	}, nil)
	if err != nil && !hasCode(err, codeAlreadyAnswered, codeUnknownInteract) {
		b.log.Warn("an interaction could not be answered", zap.String("interaction", i.ID), zap.Error(err))
	}
}
