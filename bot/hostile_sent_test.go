package bot_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
)

// One in twenty of the random texts is sent, too: Discord's description and
// limits hold for all that leaves, and it rings nobody.
func TestRandomTextsAreSent(t *testing.T) {
	_, acme, _ := world(t, func(_ context.Context, req commands.Request) commands.Reply {
		var seed uint64
		if _, err := fmt.Sscanf(req.Text, "!text %d", &seed); err != nil {
			return commands.Reply{Problem: err.Error()}
		}
		return bot.RandomReply(rand.New(rand.NewPCG(seed, 5)))
	})
	for seed := range bot.RandomTexts(t) / 20 {
		answer := acme.As("ann").Says("#ops", fmt.Sprintf("!text %d", seed)).Sees()
		if len(answer.Pings) > 0 {
			t.Fatalf("text %d rings %q", seed, answer.Pings)
		}
	}
}
