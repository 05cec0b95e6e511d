package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/redistest"
)

// TestASignalIsToldToBusyConversations stops Helix in the middle of reads and of a
// change, under a tight limit of Discord's: each conversation learns what became
// of it within ten seconds, and what is said of the change is what Redis holds.
func TestASignalIsToldToBusyConversations(t *testing.T) {
	t.Parallel()
	const readers = 5
	server := redistest.Standalone(t, "--enable-debug-command", "yes")
	if err := server.Client().Do(t.Context(), "DEBUG", "POPULATE", slowKeys, "session", 10).Err(); err != nil {
		t.Fatal(err)
	}
	acme := newChangingPlace(t, "read, write, configure, admin", "")
	helix := acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_COMMANDS_MAX_RUNNING=20")
	acme.discord.Gateway().AwaitReady(1)
	ann := acme.As("ann")
	change := ann.Says("#ops", "!redis keys session:* | xargs -I {} redis expire {} 86400").Sees("type `all`")
	ann.Says("#ops", "!config set redis.max_share=1").Sees("1 (was 100)")
	ann.Submits(ann.Clicks(change, "Confirm…"), map[string]string{"word": "all"})
	change.Becomes("of 40,000 changes made")
	acme.discord.Limit("create_message", 2, time.Second)
	var reads, waiting []*discordtest.Message
	for i := range readers {
		who, channel := fmt.Sprintf("ben-%d", i), fmt.Sprintf("#read-%d", i)
		acme.Text(channel).Join(who, "oncall")
		reads = append(reads, acme.As(who).Says(channel, "!redis monitor --for 60"))
		acme.In(channel).AwaitTyping(1)
		waiting = append(waiting, acme.As(who).Says(channel, "!redis dbsize"))
	}
	ann.Says("#ops", "!redis ping").Sees("PONG") // so all of them were heard
	began := time.Now()
	helix.stop(t)
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	for i := range reads {
		reads[i].Sees("Helix is being stopped")
		waiting[i].Sees("was not run", "Send it again")
	}
	report := change.Becomes("Stopped", " of 40,000 keys changed", "Helix is being stopped").Content
	changed := withTTL(t, server)
	if !regexp.MustCompile(`\b`+grouped(changed)+` of 40,000 keys changed`).MatchString(report) || changed == 0 || changed == slowKeys {
		t.Errorf("%d keys are changed, and it says\n%s", changed, report)
	}
	if strings.Contains(helix.log.String(), "could not be sent") {
		t.Errorf("the log:\n%s", helix.log)
	}
}
