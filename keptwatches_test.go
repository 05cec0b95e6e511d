package main

import (
	"context"
	"testing"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/internal/redistest"
)

// A status that is kept up to date is so after a crash as well, asked for by a slash
// command or by a line, and nothing is left of it in Redis when it is over.
func TestAWatchedStatusOutlivesACrash(t *testing.T) {
	server := redistest.Any(t)
	acme := newPlace(t)
	first := acme.launch(t, "REDIS_URL="+server.URL())
	acme.discord.AwaitRequests(setGuildCommands, 1)
	shown := acme.As("ann").Slash("#ops", "status", map[string]any{"watch": true, "time": "1h"}).Sees("Memory")
	kept := newKeptWatches(server.Client())
	redistest.Eventually(t, "it is remembered", func(context.Context) bool {
		all, err := kept.All(t.Context())
		return err == nil && len(all) == 1 && all[0].Message == shown.ID
	})
	if left := server.Client().PTTL(t.Context(), watchesKey).Val(); left <= 0 || left > watchesLast {
		t.Errorf("it is remembered for %v", left)
	}
	other := bot.KeptWatch{Channel: acme.ChannelID("#ops"), Message: "1"}
	if err := kept.Drop(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	first.crash(t)
	second := acme.launch(t, "REDIS_URL="+server.URL())
	shown.Becomes("kept up to date until")
	acme.As("ann").Clicks(shown, "Stop")
	shown.Becomes("no longer kept up to date")
	redistest.Eventually(t, "nothing is remembered", func(ctx context.Context) bool {
		return server.Client().Exists(ctx, watchesKey).Val() == 0
	})
	second.stop(t)
}
