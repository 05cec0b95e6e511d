package bot

import (
	"context"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/lease"
)

// tellInterrupted tells those whose work was interrupted by the end of another
// instance, once. Until Redis says whose that was it is tried again.
func (b *Bot) tellInterrupted(work context.Context) {
	if b.options.Claims == nil || !b.awaitDecision(work) {
		return
	}
	for {
		found, err := b.options.Claims.Interrupted(work)
		for _, w := range found {
			b.tellOf(work, w)
		}
		if err == nil {
			return
		}
		if clock.Sleep(work, settleRetry) != nil {
			return
		}
	}
}

// interruptedText is said once, below what asked for it.
const interruptedText = "This was interrupted: the Helix that had begun it came to its end. It is not run again by itself. " +
	"If it changed something, `undo list` shows how far it came."

// isAnswered reports whether a message has an answer of ours in its channel: that
// it was done may be all that could not be noted. What cannot be read is none, nor is
// what shows a program that runs.
func (b *Bot) isAnswered(ctx context.Context, w lease.Work) bool {
	if w.Message == "" || w.ID != w.Message { // an edit is answered in the place of what stood there
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, doneWithin)
	defer cancel()
	since, err := b.messagesAfter(ctx, missedIn{channel: w.Channel, after: w.Message})
	if err != nil {
		b.log.Debug("whether it was answered cannot be read", zap.String("id", w.ID), zap.Error(err))
		return false
	}
	me := b.Status().UserID
	return slices.ContainsFunc(since, func(m *discordgo.Message) bool {
		return m.Author != nil && m.Author.ID == me && m.MessageReference != nil && m.MessageReference.MessageID == w.Message && !showsProgram(m)
	})
}

// showsProgram reports whether a message has the button that stops a program.
func showsProgram(m *discordgo.Message) bool {
	for _, c := range m.Components {
		r, ok := c.(*discordgo.ActionsRow)
		if ok && slices.ContainsFunc(r.Components, func(c discordgo.MessageComponent) bool {
			b, ok := c.(*discordgo.Button)
			return ok && strings.HasPrefix(b.CustomID, stopPrefix)
		}) {
			return true
		}
	}
	return false
}

func (b *Bot) tellOf(work context.Context, w lease.Work) {
	if !b.serves(w.Guild) || b.isAnswered(work, w) {
		return
	}
	o := occasion{id: w.ID, channel: w.Channel, message: w.Message}
	out := outgoing{
		Content: interruptedText, Mentions: nobody(), Flags: flagNoEmbeds, Reference: o.reference(),
		Nonce: nonce(o.id), EnforceNonce: true, // that of the answer, which may be on its way
	}
	if err := b.postFor(work, w.Channel, out, nil, nil); err != nil {
		b.log.Warn("what was interrupted could not be told", zap.String("id", w.ID), zap.Error(err))
	}
}
