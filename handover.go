package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/bot"
)

// untoldKey is a HASH: a change that was interrupted → what became of it, which the
// instance that speaks has yet to say.
const untoldKey = "{helix}:untold"

const (
	untoldLast    = 24 * time.Hour // after the last one came
	handOverEvery = 2 * time.Second
)

// handOver finds out what became of interrupted changes of which this instance has
// the journal, while another speaks, and has that one say so. It runs until ctx ends.
func (s *speaker) handOver(ctx context.Context) error {
	untold := map[string]string{} // found out, and not handed over yet
	tick := time.NewTicker(handOverEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, others := s.member.Holder(); !others || s.member.Holds() {
			continue
		}
		all, err := s.app.dispatcher.Recover(ctx)
		self := s.member.Self()
		for _, r := range all {
			untold[r.ID] = fmt.Sprintf("%s Its journal is with the instance %s on %s, which does not speak now.", r.Text, self.ID, self.Host)
		}
		if err == nil {
			err = s.app.leaveUntold(ctx, untold)
		}
		if err != nil && ctx.Err() == nil {
			s.app.log.Warn("what became of interrupted changes is not handed over yet", zap.Error(err))
		}
	}
}

// leaveUntold leaves texts for the instance that speaks, and empties them.
func (a *app) leaveUntold(ctx context.Context, untold map[string]string) error {
	if len(untold) == 0 {
		return nil
	}
	pipe := a.client.Pipeline() // both are harmless twice: what fails is left once more
	pipe.HSet(ctx, untoldKey, untold)
	pipe.PExpire(ctx, untoldKey, untoldLast)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("write %s: %w", untoldKey, err)
	}
	clear(untold)
	return nil
}

// announceHandedOver says what other instances left to be said, until ctx ends.
func (a *app) announceHandedOver(ctx context.Context, announce announcer) {
	tick := time.NewTicker(handOverEvery)
	defer tick.Stop()
	trouble := false
	for {
		err := a.announceUntold(ctx, announce)
		if err != nil && ctx.Err() == nil && !trouble && !errors.Is(err, bot.ErrNoOpsChannel) {
			a.log.Warn("what other instances left to be said is not announced yet", zap.Error(err))
		}
		trouble = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// announceUntold announces each, and forgets it then. One that could not be
// forgotten is announced under the same id again, which says nothing twice.
func (a *app) announceUntold(ctx context.Context, announce announcer) error {
	all, err := a.client.HGetAll(ctx, untoldKey).Result()
	if err != nil {
		return fmt.Errorf("read %s: %w", untoldKey, err)
	}
	for id, text := range all {
		if err := announce(ctx, "interrupted "+id, text); err != nil {
			return fmt.Errorf("announce change %s: %w", id, err)
		}
		if err := a.client.HDel(ctx, untoldKey, id).Err(); err != nil {
			return fmt.Errorf("forget %s in %s: %w", id, untoldKey, err)
		}
	}
	return nil
}
