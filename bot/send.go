package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// send answers a message. Where a right is missing in the channel it makes do
// with less, and says which one it was.
func (b *Bot) send(ctx context.Context, asked *discordgo.Message, reply commands.Reply) {
	r := render(reply)
	out := outgoing{
		Content: r.pages[0], Mentions: nobody(),
		Reference: &reference{MessageID: asked.ID},
		Nonce:     asked.ID, EnforceNonce: true,
	}
	if len(r.pages) > 1 {
		b.pages.keep(asked.ID, r.pages)
		out.Rows = turners(asked.ID, 0, len(r.pages))
	}
	var files []file
	if r.file != nil {
		files = []file{*r.file}
		out.Attachments = []attachment{{ID: "0", Filename: r.file.name}}
	}
	err := b.post(ctx, asked.ChannelID, out, files)
	switch {
	case err == nil:
		return
	case r.file != nil && refusesFile(err):
		out.Attachments = nil
		out.Content = clip(out.Content, maxContent-len(noFile)) + noFile
		out.Nonce = "f" + out.Nonce
		err = b.post(ctx, asked.ChannelID, out, nil)
	}
	if err != nil {
		b.unsent(ctx, asked, err)
	}
}

const noFile = "\n**The file could not be attached:** Helix needs the right Attach Files in this channel."

func refusesFile(err error) bool {
	var refused *apiError
	return hasCode(err, codeMissingRights, codeTooLarge) ||
		errors.As(err, &refused) && refused.Status == http.StatusRequestEntityTooLarge
}

// post sends a message, without the reference where the right to read the
// channel's history is missing.
func (b *Bot) post(ctx context.Context, channel string, out outgoing, files []file) error {
	c := call{method: http.MethodPost, path: "/channels/" + channel + "/messages", body: out, files: files}
	err := b.rest.do(ctx, c, nil)
	if out.Reference != nil && hasCode(err, codeNoHistory) {
		out.Reference = nil
		c.body = out
		err = b.rest.do(ctx, c, nil)
	}
	return err
}

// unsent says that an answer did not reach its channel: in the log, and in the
// ops channel if the cause is a right that somebody can give.
func (b *Bot) unsent(ctx context.Context, asked *discordgo.Message, err error) {
	b.log.Error("an answer could not be sent",
		zap.String("message", asked.ID), zap.String("channel", asked.ChannelID), zap.Error(err))
	if !hasCode(err, codeMissingAccess, codeMissingRights) || !b.complained.add(asked.ChannelID+time.Now().Format("@2006-01-02T15")) {
		return
	}
	b.announce(ctx, fmt.Sprintf("Helix was asked something in <#%s> but may not answer there: it needs the rights View Channel and Send Messages (in threads: Send Messages in Threads).", asked.ChannelID), asked.ChannelID)
}

// announce says something in the ops channel, unless that is the channel which
// it is about.
func (b *Bot) announce(ctx context.Context, text, about string) {
	ops := b.options.OpsChannel
	if ops == "" || ops == about {
		return
	}
	if err := b.post(ctx, ops, outgoing{Content: clip(text, maxContent), Mentions: nobody()}, nil); err != nil {
		b.log.Error("the ops channel cannot be written to", zap.String("channel", ops), zap.Error(err))
	}
}
