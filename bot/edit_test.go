package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

func TestAMistypedMessageCanBeEdited(t *testing.T) {
	_, acme, _ := world(t, echo)
	said := acme.As("ann").Says("#ops", "!dbszie")
	said.Sees("!dbszie")
	acme.As("ann").Edits(said, "!dbsize").Sees("!dbsize")
	plain := acme.As("ann").Says("#ops", "dbsize")
	acme.As("ann").Edits(plain, "!dbsize again").Sees("!dbsize again")
	acme.In("#ops").SeesNothing(30 * time.Millisecond)
}

// A preview that Discord adds to a message is a change, but nobody's edit.
func TestAChangeThatIsNoEditIsLetBe(t *testing.T) {
	d, acme, _ := world(t, echo)
	said := acme.As("ann").Says("#ops", "!https://example.org")
	said.Sees("!https")
	d.Gateway().Inject("MESSAGE_UPDATE", fmt.Sprintf(
		`{"id":%q,"channel_id":%q,"guild_id":%q,"content":"!https://example.org","edited_timestamp":null,"author":{"id":%q}}`,
		said.ID, acme.ChannelID("#ops"), acme.ID, acme.UserID("ann")))
	acme.As("ann").Says("#ops", "!next").Sees("!next")
	acme.In("#ops").SeesNothing(30 * time.Millisecond)
}

func TestAnOldMessageIsNotMadeACommand(t *testing.T) {
	d, acme, r := world(t, echo)
	said := acme.As("ann").Says("#ops", "hello")
	d.Advance(time.Minute)
	for _, next := range []string{"!next", "!again"} { // whose answers tell the time
		acme.As("ann").Says("#ops", next).Sees(next)
	}
	acme.As("ann").Edits(said, "!flushall")
	r.awaitLog(t, "edited message is too old")
	acme.In("#ops").SeesNothing(30 * time.Millisecond)
}

func TestAnAnswerToADeletedMessageStillComes(t *testing.T) {
	began, release := make(chan struct{}), make(chan struct{})
	_, acme, _ := world(t, slowly(began, release))
	said := acme.As("ann").Says("#ops", "!slow")
	<-began
	acme.As("ann").Deletes(said)
	close(release)
	acme.In("#ops").Sees("!slow")
}

// The bot's own changes of what it shows are not for it to hear.
func TestItsOwnEditsAreNoNews(t *testing.T) {
	t.Parallel()
	ago := time.Now().Add(-time.Minute)
	d := discordtest.New(t, discordtest.WithClock(func() time.Time { return ago }))
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	release := make(chan struct{})
	r := start(t, d, untilStopped(release), soon)
	d.Gateway().AwaitReady(1)
	shown := acme.As("ann").Says("#ops", "!slow").Sees("Running")
	close(release)
	shown.Becomes("all of it")
	acme.As("ann").Says("#ops", "!on").Sees("all of it") // what came before has been heard
	for _, e := range r.log.All() {
		if strings.Contains(e.Message, "too old") {
			t.Errorf("it heard itself: %s", e.Message)
		}
	}
}

// TestAnEditOfWhatChangedSomethingIsNotRun: what a message did is not done once
// more, or otherwise. What did nothing can be mended, and is planned then.
func TestAnEditOfWhatChangedSomethingIsNotRun(t *testing.T) {
	_, acme, _ := world(t, func(_ context.Context, req commands.Request) commands.Reply {
		reply := echo(context.Background(), req)
		reply.Changed = strings.HasPrefix(req.Text, "!set")
		if req.AlwaysPlan {
			reply.Hints = []string{"planned"}
		}
		return reply
	})
	said := acme.As("ann").Says("#ops", "!set a 1")
	said.Sees("!set a 1")
	acme.As("ann").Edits(said, "!set b 1").Sees("was not run")
	failed := acme.As("ann").Says("#ops", "!ste a 1")
	failed.Sees("!ste a 1")
	mended := acme.As("ann").Edits(failed, "!set c 1")
	mended.Sees("!set c 1", "planned")
	acme.As("ann").Edits(failed, "!set d 1").Sees("was not run")
}

// TestAnEditOfAConfirmedMessageIsNotRun: its plan has changed something.
func TestAnEditOfAConfirmedMessageIsNotRun(t *testing.T) {
	p := plans()
	_, acme, _ := world(t, nil, p.serves)
	asked := acme.As("ann").Says("#ops", "!redis keys session:* | xargs redis unlink")
	shown := asked.Sees("UNLINK of 3 keys")
	acme.As("ann").Clicks(shown, "Confirm")
	shown.Becomes("3 of 3 keys unlinked")
	acme.As("ann").Edits(asked, "!redis keys * | xargs redis unlink").Sees("was not run")
	if p.made != 1 {
		t.Errorf("it was asked %d times", p.made)
	}
}
