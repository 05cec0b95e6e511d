package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"go.uber.org/zap"
)

// ErrNoOpsChannel says that there is nowhere to announce anything.
var ErrNoOpsChannel = errors.New("no ops channel is configured (discord.ops_channel)")

// Announce says something in the ops channel. The text is shown as words alone:
// it rings nobody, and nothing in it is a link or a mention. What has been said
// under the same id in the last minutes is not said again, whoever of several
// instances said it. The error is ErrNoOpsChannel, Discord's refusal, or why ctx
// ended.
func (b *Bot) Announce(ctx context.Context, id, text string) error {
	if b.options.OpsChannel == "" {
		return ErrNoOpsChannel
	}
	text = string(b.look.clean(false)([]byte(text)))
	return b.tellOps(ctx, nonce("announcement "+id), brief(visible(text), maxContent))
}

// announce says something in the ops channel, unless that is the channel which
// it is about.
func (b *Bot) announce(ctx context.Context, text, about string) {
	ops := b.options.OpsChannel
	if ops == "" || ops == about {
		return
	}
	ctx, cancel := lastWords(ctx)
	defer cancel()
	if err := b.tellOps(ctx, nonce(rand.Text()), text); err != nil {
		b.log.Error("the ops channel cannot be written to", zap.String("channel", ops), zap.Error(err))
	}
}

func (b *Bot) tellOps(ctx context.Context, nonce, text string) error {
	err := b.post(ctx, b.options.OpsChannel, outgoing{
		Content: clip(text, maxContent), Mentions: nobody(), Flags: flagNoEmbeds,
		Nonce: nonce, EnforceNonce: true,
	}, nil)
	if err != nil {
		return fmt.Errorf("post to the ops channel: %w", err)
	}
	return nil
}
