package bot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/helix-collective/helix/clock"
	"go.uber.org/zap"
)

// undelivered counts the answers that could not be sent, by channel, until that
// has been said there.
type undelivered struct {
	mu     sync.Mutex
	losses map[string]loss // a channel is in it while somebody sees to its being said
}

// loss is what one channel has not been told.
type loss struct {
	answers  int
	from, to time.Time
}

func (l loss) and(other loss) loss {
	switch {
	case l.answers == 0:
		return other
	case other.answers == 0:
		return l
	}
	if other.from.Before(l.from) {
		l.from = other.from
	}
	if other.to.After(l.to) {
		l.to = other.to
	}
	l.answers += other.answers
	return l
}

// String is what the channel is told. Discord shows the times as its reader's
// clock does.
func (l loss) String() string {
	what := "An answer could not be delivered here"
	if l.answers > 1 {
		what = fmt.Sprintf("%d answers could not be delivered here", l.answers)
	}
	when := fmt.Sprintf("at <t:%d:t>", l.from.Unix())
	if l.to.Sub(l.from) >= time.Minute {
		when = fmt.Sprintf("between <t:%d:t> and <t:%d:t>", l.from.Unix(), l.to.Unix())
	}
	return what + " " + when + ", as Discord took no messages. What was asked may have been carried out all the same."
}

// maxLossy bounds how many channels are seen to at a time.
const maxLossy = 200

// add counts a channel's loss; news reports whether nobody sees to the channel
// yet. Beyond the bound nobody will: the log has it.
func (u *undelivered) add(channel string, l loss) (news bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	known, seenTo := u.losses[channel]
	if !seenTo && len(u.losses) >= maxLossy {
		return false
	}
	u.losses[channel] = known.and(l)
	return !seenTo
}

// take answers what a channel is to be told. If that is nothing, nobody sees to
// the channel any more.
func (u *undelivered) take(channel string) loss {
	u.mu.Lock()
	defer u.mu.Unlock()
	l := u.losses[channel]
	if l.answers == 0 {
		delete(u.losses, channel)
		return l
	}
	u.losses[channel] = loss{}
	return l
}

// lose notes that an answer could not be sent to a channel, and sees to its being
// said there.
func (b *Bot) lose(work context.Context, channel string) {
	now := time.Now()
	if b.undelivered.add(channel, loss{answers: 1, from: now, to: now}) {
		b.queues.apart(func() { b.guarded("loss", func() { b.ownUp(work, channel) }) })
	}
}

// ownUp says in a channel what it missed, as soon as Discord takes it; what
// cannot be said before work ends is in the log.
func (b *Bot) ownUp(work context.Context, channel string) {
	for {
		l := b.undelivered.take(channel)
		if l.answers == 0 {
			return
		}
		text := l.String()
		err := b.postFor(work, channel, outgoing{
			Content: text, Mentions: nobody(), Flags: flagNoEmbeds, Nonce: nonce(channel + text), EnforceNonce: true,
		}, nil, nil)
		if err == nil {
			continue
		}
		b.log.Error("a channel could not be told of the answers that it missed",
			zap.String("channel", channel), zap.Int("answers", l.answers), zap.Error(err))
		if !refused(err) && clock.Sleep(work, b.options.Timing.Retell) == nil {
			b.undelivered.add(channel, l)
		}
	}
}
