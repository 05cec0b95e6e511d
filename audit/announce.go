package audit

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/script"
)

// AnnounceHead has say tell where the chain ends, once a day by UTC and soon
// after the first start of a day, whichever of several instances comes first. It
// goes on until ctx ends. What say is given has an id that is the same all day; a
// head that it could not tell is tried again in some minutes. A chain without
// records is not told of.
func (l *Log) AnnounceHead(ctx context.Context, say func(ctx context.Context, id, text string) error) {
	a := announcer{Log: l, say: say, note: script.New(announcedSource)}
	for {
		if err := a.try(ctx); err != nil && ctx.Err() == nil {
			l.o.Log.Warn("the audit's head could not be announced", zap.Error(err))
		}
		if waitFor(ctx, look) != nil {
			return
		}
	}
}

// announcedSource notes a day whose head is being told or has been, unless that
// is known, or of a later day. It answers 1 if it did.
//
// KEYS: announced. ARGV: the day; what is behind it; for how many seconds.
const announcedSource = `
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then redis.call('DEL', KEYS[1]) end
local kept = redis.call('GET', KEYS[1]) or ''
if string.sub(kept, 1, #ARGV[1]) > ARGV[1] or kept == ARGV[1] or kept == ARGV[1] .. ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'EX', ARGV[3])
return 1`

// What is kept behind a day, and for how long: an instance that ends while it
// tells the head leaves that to another.
const (
	telling    = " is being told"
	tellingFor = 10 * time.Minute
	told       = ""
	toldFor    = 48 * time.Hour
)

// announcer tells the head by day.
type announcer struct {
	*Log
	say  func(ctx context.Context, id, text string) error
	note *script.Script
	said string // the day whose head this instance has told
}

// try tells today's head, unless that is done or under way.
func (a *announcer) try(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tellingFor/2)
	defer cancel()
	day := a.o.Now().UTC().Format(time.DateOnly)
	if a.said == day { // Redis may have missed it
		_, err := a.keep(ctx, day, told, toldFor)
		return err
	}
	mine, err := a.keep(ctx, day, telling, tellingFor)
	if err != nil || !mine {
		return err
	}
	h, err := a.Head(ctx)
	if err != nil || h.Seq == 0 {
		return err
	}
	text := fmt.Sprintf("Audit head of %s: record %d, hash `%s`.", day, h.Seq, h.Hash)
	if err := a.say(ctx, "audit head of "+day, text); err != nil {
		return err
	}
	a.said = day
	_, err = a.keep(ctx, day, told, toldFor)
	return err
}

// keep notes how far a day's head is, and reports whether that is news.
func (a *announcer) keep(ctx context.Context, day, state string, lasts time.Duration) (news bool, err error) {
	n, err := a.note.Run(ctx, a.o.Client, []string{announcedKey}, day, state, int(lasts.Seconds())).Int()
	if err != nil {
		return false, fmt.Errorf("write %s: %w", announcedKey, err)
	}
	return n == 1, nil
}
