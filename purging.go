package main

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/settings"
)

// purgeEvery is the longest time from one purge of the journal to the next: what
// can be taken back no more is soon gone.
const purgeEvery = time.Minute

// purgeJournal removes what is past undo.retention, again and again until ctx
// ends: the journal holds whole values, which are not to stay longer than said.
func (a *app) purgeJournal(ctx context.Context) {
	if a.journal == nil {
		return
	}
	tick := time.NewTicker(min(a.base.Snapshot().Duration(settings.UndoRetention), purgeEvery))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if _, err := a.journal.Purge(); err != nil {
			a.log.Error("what can be taken back no more was not removed", zap.Error(err))
		}
	}
}
