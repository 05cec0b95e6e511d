package bot

import (
	"context"
	"errors"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/lease"
)

// Claims has each message and each interaction acted on once, whichever of several
// instances hears of it.
type Claims interface {
	// Claim answers whether a work is ours. The error is that nobody knows.
	Claim(ctx context.Context, w lease.Work) (lease.Claimed, error)
	// Done says that a work that was ours has been answered.
	Done(ctx context.Context, w lease.Work) error
	// Interrupted answers what instances that are gone never answered, each once.
	Interrupted(ctx context.Context) ([]lease.Work, error)
	// Heard answers the channels where somebody asked lately, each with its guild.
	Heard(ctx context.Context) (guildOf map[string]string, err error)
}

const (
	// claimWithin bounds a claim: a press has to be answered within three seconds.
	claimWithin = 1500 * time.Millisecond
	doneWithin  = 2 * time.Second
	speaksAgain = 20 * time.Millisecond // between two looks whether we may speak
)

// speaks reports whether we may speak at this moment.
func (b *Bot) speaks() bool { return b.options.Speaks == nil || b.options.Speaks() }

// awaitSpeaks waits until we may speak. The error is why ctx ended before.
func (b *Bot) awaitSpeaks(ctx context.Context) error {
	for !b.speaks() {
		if err := clock.Sleep(ctx, speaksAgain); err != nil {
			return err
		}
	}
	return nil
}

// claimed is what became of a claim.
type claimed int

const (
	theirs  claimed = iota // somebody else's, or nobody's any more: nothing is to be said
	ours                   // to be answered, and to be done
	passed                 // ours, but what was said after it was answered before: it changes nothing
	unknown                // Redis could not be asked: it is answered, but changes nothing
)

// claim claims a work before it is acted on.
func (b *Bot) claim(work context.Context, w lease.Work) claimed {
	if b.options.Claims == nil {
		return ours
	}
	ctx, cancel := lastWords(work)
	defer cancel()
	for {
		if b.awaitSpeaks(ctx) != nil {
			return theirs // the right is lost: whoever has it now hears this too
		}
		asking, cancel := context.WithTimeout(ctx, claimWithin)
		whose, err := b.options.Claims.Claim(asking, w)
		cancel()
		switch {
		case errors.Is(err, lease.ErrSilent), err != nil && !b.speaks():
			continue
		case err != nil:
			b.log.Warn("what was asked could not be claimed, so it changes nothing", zap.String("id", w.ID), zap.Error(err))
			return unknown
		case whose == lease.Overtaken:
			return passed
		case whose == lease.Ours:
			return ours
		}
		b.log.Info("what was asked is another instance's to answer", zap.String("id", w.ID))
		return theirs
	}
}

// finished says that a work has been answered.
func (b *Bot) finished(work context.Context, w lease.Work) {
	if b.options.Claims == nil || errors.Is(context.Cause(work), lease.ErrLost) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(work), doneWithin)
	defer cancel()
	if err := b.options.Claims.Done(ctx, w); err != nil {
		b.log.Warn("the end of a work could not be noted", zap.String("id", w.ID), zap.Error(err))
	}
}

// workOf is a question as it is claimed.
func workOf(q question) lease.Work {
	m := q.message
	w := lease.Work{ID: turnOf(m), Guild: m.GuildID, Channel: m.ChannelID, Message: m.ID, Author: m.Author.ID}
	if m.EditedTimestamp == nil {
		w.Order = m.ID
	}
	return w
}

// work is a press as it is claimed.
func (p *press) work() lease.Work {
	w := lease.Work{ID: p.ID, Guild: p.GuildID, Channel: p.ChannelID, Author: p.Member.User.ID}
	if p.Message != nil {
		w.Message = p.Message.ID
	}
	return w
}

// resume prepares to catch up what was said while another instance ended, or while
// there was none: as far back as messages change anything, but no further than
// what was claimed is known.
func (b *Bot) resume(ctx context.Context) {
	if b.options.Claims == nil || b.options.ClaimedSince.IsZero() {
		return
	}
	from := time.Now().Add(-staleAfter)
	if since := b.options.ClaimedSince; since.After(from) {
		from = since
	}
	after := strconv.FormatInt((from.UnixMilli()-discordEpoch)<<22, 10)
	heard, err := b.options.Claims.Heard(ctx)
	if err != nil {
		b.log.Warn("where somebody asked lately is not known; what was said there meanwhile may be missed", zap.Error(err))
	}
	for _, s := range b.allShards() {
		s.channels.begin(from)
	}
	for channel, guild := range heard {
		b.shardOf(guild).channels.note(guild, channel, after)
	}
}

// unclaimedPress is said to whoever pressed what Redis could not be asked about.
const unclaimedPress = "Redis does not answer, so this was not done. Press again once it is back."
