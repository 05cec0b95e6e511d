package bot_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/permissions"
)

// lines is an output of n lines.
func lines(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "session:user:%06d\n", i)
	}
	return b.Bytes()
}

func TestPagesTurn(t *testing.T) {
	_, acme, _ := world(t, says(commands.Reply{Output: lines(300), Footer: "300 lines"}))
	answer := acme.As("ann").Says("#ops", "!keys").Sees("session:user:000000", "page 1 of 4", "300 lines")
	for _, c := range []struct{ press, page, disabled string }{
		{"Next", "page 2 of 4", ""},
		{"Next", "page 3 of 4", ""},
		{"Last", "page 4 of 4", "Next Last"},
		{"Previous", "page 3 of 4", ""},
		{"First", "page 1 of 4", "First Previous"},
	} {
		acme.As("ann").Clicks(answer, c.press)
		answer = answer.Becomes(c.page, "300 lines")
		var disabled []string
		for _, b := range answer.Buttons() {
			if b.Disabled {
				disabled = append(disabled, b.Label)
			}
		}
		if got := strings.Join(disabled, " "); got != c.disabled {
			t.Errorf("on %s the buttons %q are disabled, want %q", c.page, got, c.disabled)
		}
	}
}

func TestWhoTurnsAPageIsTold(t *testing.T) {
	type click struct {
		who  permissions.Member
		what string
	}
	clicks := make(chan click, 1)
	_, acme, _ := world(t, says(commands.Reply{Output: lines(300)}), func(o *bot.Options) {
		o.Clicked = func(who permissions.Member, what string) { clicks <- click{who, what} }
	})
	answer := acme.As("ann").Says("#ops", "!keys").Sees("page 1 of 4")
	acme.As("ann").Clicks(answer, "Next")
	got := <-clicks
	want := permissions.Member{ID: acme.UserID("ann"), Name: "ann", Guild: acme.ID,
		Channel: acme.ChannelID("#ops"), Roles: []string{acme.RoleID("oncall")}}
	if !reflect.DeepEqual(got.who, want) || !strings.HasPrefix(got.what, "page 2 of ") {
		t.Errorf("told of %+v", got)
	}
}

func TestALongOutputBecomesAFile(t *testing.T) {
	output := append(lines(5000), "\xff\x00binary"...)
	_, acme, _ := world(t, says(commands.Reply{Output: output}))
	answer := acme.As("ann").Says("#ops", "!keys").Sees("session:user:000000", "is in the file")
	file, ok := answer.File("output.txt")
	if !ok || !bytes.Equal(file.Data, output) {
		t.Errorf("the file has %d bytes, want %d as they came", len(file.Data), len(output))
	}
}

func TestMissingRightsAreSaidInWords(t *testing.T) {
	t.Run("files", func(t *testing.T) {
		_, acme, _ := world(t, says(commands.Reply{Output: lines(5000)}))
		acme.Deny("#ops", "helix", discordtest.AttachFiles)
		acme.As("ann").Says("#ops", "!keys").Sees("session:user:000000", "needs the right Attach Files")
	})
	t.Run("history", func(t *testing.T) {
		_, acme, _ := world(t, echo)
		acme.Deny("#ops", "helix", discordtest.ReadMessageHistory)
		acme.As("ann").Says("#ops", "!dbsize")
		acme.In("#ops").Sees("!dbsize")
	})
	t.Run("sending", func(t *testing.T) {
		t.Parallel()
		d := discordtest.New(t)
		acme := d.Guild("Acme").Text("#ops").Text("#talk").Join("ann").Deny("#talk", "helix", discordtest.SendMessages)
		r := start(t, d, echo, func(o *bot.Options) { o.OpsChannel = acme.ChannelID("#ops") })
		d.Gateway().AwaitReady(1)
		acme.As("ann").Says("#talk", "!dbsize")
		acme.As("ann").Says("#talk", "!dbsize")
		acme.In("#ops").Sees("<#"+acme.ChannelID("#talk")+">", "View Channel and Send Messages")
		r.awaitLog(t, "an answer could not be sent")
		acme.In("#ops").SeesNothing(30 * time.Millisecond) // told once
	})
}
