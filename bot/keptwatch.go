package bot

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/permissions"
)

// Watches remembers which answers are kept up to date, so that none stands as if it
// were after the process that did so has crashed. There is one in a channel.
type Watches interface {
	// Keep remembers one, in the place of another in its channel.
	Keep(ctx context.Context, w KeptWatch) error
	// Drop forgets it, unless another is remembered in its place.
	Drop(ctx context.Context, w KeptWatch) error
	// All answers those that are remembered.
	All(ctx context.Context) ([]KeptWatch, error)
}

// KeptWatch is an answer that is kept up to date. What is asked is no part of it:
// nobody has somebody else say a line by writing it where this is kept.
type KeptWatch struct {
	Guild   string    `json:"guild"`
	Channel string    `json:"channel"`
	Message string    `json:"message"`
	Asker   string    `json:"asker"` // under whose rights it is renewed
	Until   time.Time `json:"until"` // UTC
}

// kept is a watch as it is remembered.
func (w *watched) kept() KeptWatch {
	return KeptWatch{
		Guild: w.occasion.caller.Guild, Channel: w.occasion.channel, Message: w.message, Asker: w.occasion.caller.ID,
		Until: w.until.UTC().Truncate(time.Millisecond),
	}
}

// remember has a watch outlive the process. What cannot be remembered goes on all
// the same.
func (b *Bot) remember(ctx context.Context, w *watched) {
	if b.options.Watches == nil {
		return
	}
	if err := b.options.Watches.Keep(ctx, w.kept()); err != nil {
		b.log.Warn("an answer that is kept up to date would not outlive a crash", zap.Error(err))
	}
}

// forgetWatch is called when a watch is over.
func (b *Bot) forgetWatch(ctx context.Context, w *watched) {
	if b.options.Watches == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := b.options.Watches.Drop(ctx, w.kept()); err != nil {
		b.log.Warn("an answer that is kept up to date no more is still remembered", zap.Error(err))
	}
}

// goOn goes on with the watches of a process that crashed: it renews each at once,
// and one whose time is over for the last time. serving ends when the bot stops.
func (b *Bot) goOn(serving, work context.Context) {
	if b.options.Watches == nil {
		return
	}
	b.queues.apart(func() {
		all, err := b.options.Watches.All(serving)
		if err != nil && serving.Err() == nil {
			b.log.Warn("which answers were kept up to date is not known", zap.Error(err))
		}
		for _, k := range all {
			b.guarded("watch", func() { b.goOnWith(serving, work, k) })
		}
	})
}

func (b *Bot) goOnWith(serving, work context.Context, k KeptWatch) {
	w := &watched{
		occasion: occasion{id: k.Message, channel: k.Channel, caller: permissions.Member{ID: k.Asker, Guild: k.Guild}},
		message:  k.Message, how: commands.StatusWatch(time.Until(k.Until)), until: k.Until, goesOn: true,
	}
	if !b.serving(serving, k.Guild) {
		return // another process may
	}
	if w.how.For > 0 {
		b.keepUpAs(work, w)
		return
	}
	defer b.forgetWatch(serving, w)
	if reply, ok := b.askAgain(serving, w); ok {
		b.show(serving, w, reply, overState, false)
	}
}

// serving waits until it is decided which servers are served, and answers whether
// one of them is.
func (b *Bot) serving(ctx context.Context, guild string) bool {
	return b.awaitDecision(ctx) && b.serves(guild)
}
