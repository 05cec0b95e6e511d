package main

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
)

// lookEvery is how often it is tried to find out what became of an interrupted
// change, while Redis cannot tell.
const lookEvery = 10 * time.Second

// interrupted answers what became of changes that were interrupted, in lines;
// mostly none.
func (a *app) interrupted(ctx context.Context) string {
	text := ""
	err := a.dispatcher.Recover(ctx, func(r commands.Recovered) error {
		text += r.Text + "\n"
		return nil
	})
	if err != nil {
		a.log.Error("interrupted changes cannot be looked into", zap.Error(err))
	}
	return text
}

// announceInterrupted finds out what became of changes that were interrupted,
// and announces it. It tries until it knows and has said so, or ctx ends.
func (a *app) announceInterrupted(ctx context.Context, announce announcer) {
	for trouble := false; ; trouble = true {
		err := a.dispatcher.Recover(ctx, func(r commands.Recovered) error {
			err := announce(ctx, interruptedID(r.ID), r.Text)
			if errors.Is(err, bot.ErrNoOpsChannel) {
				return nil
			}
			return err
		})
		if err == nil {
			return
		}
		if !trouble {
			a.log.Error("interrupted changes cannot be told of yet", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

// interruptedID is what a change is announced under, which says nothing twice.
func interruptedID(change string) string { return "interrupted " + change }
