package bot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// ErrNoOpsChannel says that there is nowhere to announce anything.
var ErrNoOpsChannel = errors.New("no ops channel is configured (discord.ops_channel)")

// SpeakIn names the channel where Helix speaks up by itself from now on, which it
// says there; "" is none.
func (b *Bot) SpeakIn(channel string) {
	if before := b.ops.Swap(channel); before == channel || channel == "" {
		return
	}
	b.queues.apart(func() {
		ctx, cancel := context.WithTimeout(context.Background(), announceWithin)
		defer cancel()
		if err := b.tellOps(ctx, nonce("ops channel "+channel), "Helix speaks up in this channel from now on."); err != nil {
			b.log.Error("the ops channel cannot be written to", zap.String("channel", channel), zap.Error(err))
		}
	})
}

// announceWithin bounds how long it is tried to say so.
const announceWithin = 10 * time.Second

func (b *Bot) opsChannel() string { return b.ops.Load().(string) }

// Announce says something in the ops channel. The text is shown as words alone:
// it rings nobody, and nothing in it is a link or a mention. What has been said
// under the same id in the last minutes is not said again, whoever of several
// instances said it. The error is ErrNoOpsChannel, Discord's refusal, or why ctx
// ended.
func (b *Bot) Announce(ctx context.Context, id, text string) error {
	if b.opsChannel() == "" {
		return ErrNoOpsChannel
	}
	text = string(b.look.clean(false)([]byte(text)))
	return b.tellOps(ctx, nonce("announcement "+id), brief(visible(text), maxContent))
}

// announce says something in the ops channel, unless that is the channel which
// it is about.
func (b *Bot) announce(ctx context.Context, text, about string) {
	ops := b.opsChannel()
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
	err := b.post(ctx, b.opsChannel(), outgoing{
		Content: clip(text, maxContent), Mentions: nobody(), Flags: flagNoEmbeds,
		Nonce: nonce, EnforceNonce: true,
	}, nil)
	if err != nil {
		return fmt.Errorf("post to the ops channel: %w", err)
	}
	return nil
}
