package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
)

// soon has long work show at once.
func soon(o *bot.Options) {
	o.Timing.ProgressFrom = time.Millisecond
	o.Timing.ProgressEvery = 5 * time.Millisecond
}

// untilStopped works until it is stopped or released, and says which.
func untilStopped(release chan struct{}) handler {
	return func(ctx context.Context, _ commands.Request) commands.Reply {
		select {
		case <-release:
			return commands.Reply{Outcome: commands.OK, Output: []byte("all of it\n")}
		case <-ctx.Done():
			return commands.Reply{Outcome: commands.Cancelled, Problem: "Stopped."}
		}
	}
}

func TestLongWorkShowsAndItsAnswerTakesThatPlace(t *testing.T) {
	release := make(chan struct{})
	_, acme, _ := world(t, untilStopped(release), soon)
	asked := acme.As("ann").Says("#ops", "!slow")
	shown := asked.Sees("Running")
	if shown.ReplyTo != asked.ID || len(shown.Pings) > 0 || len(shown.Buttons()) != 1 {
		t.Errorf("it shows as %s, a reply to %q, with %v", shown, shown.ReplyTo, shown.Buttons())
	}
	close(release)
	answer := shown.Becomes("all of it")
	if strings.Contains(answer.Content, "Running") || len(answer.Buttons()) != 0 {
		t.Errorf("left over: %s %v", answer, answer.Buttons())
	}
	asked.SeesNothing(20 * time.Millisecond)
}

func TestWhoAskedMayStopIt(t *testing.T) {
	_, acme, _ := world(t, untilStopped(nil), soon)
	shown := acme.As("ann").Says("#ops", "!slow").Sees("Running")
	acme.As("ann").Clicks(shown, "Stop")
	if answer := shown.Becomes("Stopped."); len(answer.Buttons()) != 0 {
		t.Errorf("it can still be pressed: %v", answer.Buttons())
	}
	acme.As("ann").Says("#ops", "!slow").Sees("Running") // the channel goes on
}

func TestAnAdministratorMayStopItAndOthersMayNot(t *testing.T) {
	_, acme, _ := world(t, untilStopped(nil), soon)
	acme.Join("guest").Admin("ada")
	shown := acme.As("ann").Says("#ops", "!slow").Sees("Running")
	refusal := acme.As("guest").Clicks(shown, "Stop").Sees("Only", "who asked")
	if !refusal.Ephemeral {
		t.Error("everybody sees the refusal")
	}
	if now := shown.Now(); !strings.Contains(now.Content, "Running") {
		t.Fatalf("it was stopped by a guest: %s", now)
	}
	acme.As("ada").Clicks(shown, "Stop")
	shown.Becomes("Stopped.")
}

func TestWhatRunsNoMoreCannotBeStopped(t *testing.T) {
	d, acme, r := world(t, untilStopped(nil), soon, func(o *bot.Options) {
		o.Timing.ProgressEvery = time.Hour // so that the fault meets the answer
		o.Timing.Grace = time.Millisecond
	})
	shown := acme.As("ann").Says("#ops", "!slow").Sees("Running")
	d.FailNext("update_message", discordtest.Status(403)) // the answer is lost with the process
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	start(t, d, untilStopped(nil))
	d.Gateway().AwaitReady(2)
	acme.As("ann").Clicks(shown, "Stop").Sees("not running any more")
}

func TestADeletedProgressIsAnsweredAnew(t *testing.T) {
	release := make(chan struct{})
	_, acme, _ := world(t, untilStopped(release), soon)
	acme.Admin("ada")
	asked := acme.As("ann").Says("#ops", "!slow")
	acme.As("ada").Deletes(asked.Sees("Running"))
	close(release)
	asked.Sees("all of it")
}

func TestAProgramIsGivenWhatFollowsIt(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	_, acme, _ := world(t, func(ctx context.Context, req commands.Request) commands.Reply {
		if req.Progress == nil {
			t.Error("nobody follows the program")
		}
		return untilStopped(release)(ctx, req)
	}, soon)
	acme.As("ann").Says("#ops", "!slow").Sees("Running")
}

func TestALongAnswerInPlaceHasPagesAndFiles(t *testing.T) {
	for name, c := range map[string]struct {
		reply commands.Reply
		sees  string
		file  bool
	}{
		"pages":  {commands.Reply{Output: lines(300)}, "page 1 of", false},
		"a file": {commands.Reply{Output: lines(20000)}, "in the file", true},
	} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			_, acme, _ := world(t, func(ctx context.Context, _ commands.Request) commands.Reply {
				<-release
				return c.reply
			}, soon)
			shown := acme.As("ann").Says("#ops", "!slow").Sees("Running")
			close(release)
			answer := shown.Becomes(c.sees)
			if _, ok := answer.File("output.txt"); ok != c.file {
				t.Errorf("a file: %v", ok)
			}
		})
	}
}
