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
	all, err := a.dispatcher.Recover(ctx)
	text := ""
	for _, r := range all {
		text += r.Text + "\n"
	}
	if err != nil {
		a.log.Error("interrupted changes cannot be looked into", zap.Error(err))
	}
	return text
}

// announceInterrupted finds out what became of changes that were interrupted,
// and announces it. It tries until it knows, or ctx ends.
func (a *app) announceInterrupted(ctx context.Context, announce func(ctx context.Context, id, text string) error) {
	for {
		all, err := a.dispatcher.Recover(ctx)
		for _, r := range all {
			a.announceOne(ctx, r, announce)
		}
		if err == nil {
			return
		}
		a.log.Error("interrupted changes cannot be looked into", zap.Error(err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(lookEvery):
		}
	}
}

func (a *app) announceOne(ctx context.Context, r commands.Recovered, announce func(ctx context.Context, id, text string) error) {
	err := announce(ctx, "interrupted "+r.ID, r.Text)
	if err != nil && !errors.Is(err, bot.ErrNoOpsChannel) {
		a.log.Error("an interrupted change could not be announced", zap.String("change", r.ID), zap.Error(err))
	}
}
