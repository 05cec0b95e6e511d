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

const flagLayout = 1 << 15

// laid is a reply whose output is a card.
func laid(title string, tables ...commands.Table) commands.Reply {
	card := commands.Card{Title: title, Tables: tables}
	return commands.Reply{Outcome: commands.OK, Output: []byte(card.Text()), Card: &card, Footer: "2 ms"}
}

// figures are names and what is said of each.
func figures(rows ...[]string) commands.Table {
	return commands.Table{Columns: make([]commands.Column, 2), Rows: rows}
}

func wideTable(rows int) commands.Table {
	t := commands.Table{Columns: []commands.Column{{Title: "setting"}, {Title: "value"}, {Title: "default", Drop: 1}}}
	for range rows {
		t.Rows = append(t.Rows, []string{"redis.session_creation_alert_threshold", "100 @everyone ```", "100"})
	}
	return t
}

func TestACardIsLaidOut(t *testing.T) {
	_, acme, _ := world(t, says(laid("Status", figures([]string{"Redis", "up *1* h <@1>"}, []string{"Keys", "https://x"}))))
	card := acme.As("ann").Says("#ops", "!status").Sees("### Status", `**Redis** up \*1\* h \<@1\>`, "**Keys** h\u200bttps://x", "-# 2 ms")
	if card.Content != "" || card.Flags&flagLayout == 0 || len(card.Attachments) > 0 || len(card.Pings) > 0 {
		t.Errorf("the card has flags %d, %d files and says %q", card.Flags, len(card.Attachments), card.Content)
	}
}

func TestAWideCardFitsAPhoneAndComesWithItsFile(t *testing.T) {
	reply := laid("Settings", wideTable(3))
	_, acme, _ := world(t, says(reply))
	card := acme.As("ann").Says("#ops", "!config list").Sees("### Settings", "setting", "Narrowed for a phone")
	if f, ok := card.File("output.txt"); !ok || string(f.Data) != string(reply.Output) {
		t.Errorf("the file is %q", f.Data)
	}
	_, block, _ := strings.Cut(card.Text(), "```\n")
	block, _, _ = strings.Cut(block, "\n```")
	for line := range strings.Lines(strings.ReplaceAll(block, "\u200b", "")) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 40 {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
	if labels(card) != "Filter…" || len(card.Pings) > 0 {
		t.Errorf("its buttons are %s, it rings %q", labels(card), card.Pings)
	}
	acme.Deny("#ops", "helix", discordtest.AttachFiles)
	card = acme.As("ann").Says("#ops", "!config list").Sees("### Settings", "needs the right Attach Files")
	if len(card.Attachments) > 0 {
		t.Error("there is a file")
	}
}

func TestALongCardIsShownAsText(t *testing.T) {
	reply := laid("Settings", wideTable(120))
	_, acme, _ := world(t, says(reply))
	if shown := acme.As("ann").Says("#ops", "!config list").Sees("page 1 of"); shown.Flags&flagLayout != 0 || labels(shown) != "Next Last As file Filter…" {
		t.Errorf("it has flags %d and buttons %s", shown.Flags, labels(shown))
	}
}

// A message that shows how far a program is becomes its card.
func TestACardTakesTheProgressMessagesPlace(t *testing.T) {
	release := make(chan struct{})
	_, acme, _ := world(t, func(context.Context, commands.Request) commands.Reply {
		<-release
		return laid("Status", figures([]string{"Redis", "up"}))
	}, func(o *bot.Options) { o.Timing.ProgressFrom, o.Timing.ProgressEvery = time.Millisecond, time.Hour })
	running := acme.As("ann").Says("#ops", "!status").Sees("Running")
	close(release)
	card := running.Becomes("### Status", "**Redis** up")
	if card.Content != "" || card.Flags&flagLayout == 0 || labels(card) != "" {
		t.Errorf("the card is %s with flags %d and buttons %s", card, card.Flags, labels(card))
	}
}
