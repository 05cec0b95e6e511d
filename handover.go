package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
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
	trouble := false
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
		err := s.app.dispatcher.Recover(ctx, func(r commands.Recovered) error {
			self := s.member.Self()
			err := s.app.leaveUntold(ctx, r.ID, fmt.Sprintf("%s Its journal is with the instance %s on %s, which does not speak now.", r.Text, self.ID, self.Host))
			if err != nil {
				return err
			}
			if confirmed, err := s.app.dispatcher.Guard.Replicated(ctx); !confirmed && r.Fresh() {
				return errors.Join(errors.New("not every replica has it yet"), err)
			}
			return nil
		})
		if err != nil && ctx.Err() == nil && !trouble {
			s.app.log.Warn("what became of interrupted changes is not handed over yet", zap.Error(err))
		}
		trouble = err != nil
	}
}

// leaveUntold leaves what became of a change to the instance that speaks.
func (a *app) leaveUntold(ctx context.Context, id, text string) error {
	pipe := a.client.Pipeline() // both are harmless twice: what fails is left once more
	pipe.HSet(ctx, untoldKey, id, text)
	pipe.PExpire(ctx, untoldKey, untoldLast)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("write %s: %w", untoldKey, err)
	}
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
		if err := announce(ctx, interruptedID(id), text); err != nil {
			return fmt.Errorf("announce change %s: %w", id, err)
		}
		if err := a.client.HDel(ctx, untoldKey, id).Err(); err != nil {
			return fmt.Errorf("forget %s in %s: %w", id, untoldKey, err)
		}
	}
	return nil
}
