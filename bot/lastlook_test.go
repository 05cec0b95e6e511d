package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/redact"
)

const ownSecret = "rediss-password-of-ours"

// secrets are one of each kind, with a text that gives it away.
var secrets = map[string]string{
	"hunter2hunter2":   `{"user_id":"ann","token":"hunter2hunter2"}`,
	"hunter3":          "redis://ann:hunter3@db.example:6379/0",
	"s3cr3t-field":     `{"passport_no":"s3cr3t-field"}`,
	"acme-12345":       "see acme-12345",
	"0123456789abcdef": "ghp_0123456789abcdef0123456789abcdef0123",
	ownSecret:          "AUTH " + ownSecret,
}

// telling is a line that gives all of them away.
func telling() string {
	var all []string
	for _, text := range secrets {
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func redacting(t *testing.T, h bot.Handler) func(*bot.Options) {
	t.Helper()
	r, err := redact.New(redact.Options{Fields: []string{"passport no"}, Patterns: []string{"acme-[0-9]+"}, Own: []string{ownSecret}})
	if err != nil {
		t.Fatal(err)
	}
	return func(o *bot.Options) { o.Handler, o.Redact, o.Redactor = h, true, r }
}

// Whatever an answer holds where, no secret in it leaves the process.
func TestSecretsLeaveInNoPartOfAnAnswer(t *testing.T) {
	text := telling()
	until := time.Now().Add(time.Minute)
	card := commands.Card{Title: text, Tables: []commands.Table{figures([]string{"name", text}), {Columns: []commands.Column{{Title: "a"}, {Title: text}}, Rows: [][]string{{"1", text}}}}}
	for name, reply := range map[string]commands.Reply{
		"output":   {Outcome: commands.OK, Output: []byte(text + "\n")},
		"pages":    {Outcome: commands.OK, Output: []byte(strings.Repeat(text+"\n", 10))},
		"a file":   {Outcome: commands.OK, Output: []byte(strings.Repeat(text+"\n", 100))},
		"problem":  {Outcome: commands.Faulty, Problem: text},
		"caret":    {Outcome: commands.Syntax, Problem: "Column 1.\n" + text + "\n^"},
		"advice":   {Outcome: commands.OK, Output: []byte("x\n"), Hints: []string{text}},
		"footer":   {Outcome: commands.OK, Output: []byte("x\n"), Footer: text},
		"plan":     {Outcome: commands.Unconfirmed, Output: []byte(text), Plan: &commands.Plan{ID: "7f3a", Text: text, Until: until}},
		"approval": {Outcome: commands.Unconfirmed, Plan: &commands.Plan{ID: "7f3a", Text: "x", Word: "word", Approval: text, Until: until}},
		"long plan": {Outcome: commands.Unconfirmed, Hints: []string{text}, Problem: text,
			Plan: &commands.Plan{ID: "7f3a", Text: strings.Repeat(text+"\n", 30), Until: until}},
		"a card": {Outcome: commands.OK, Output: []byte(card.Text()), Card: &card},
	} {
		t.Run(name, func(t *testing.T) {
			d, acme, r := world(t, nil, redacting(t, sieve{reply: reply}))
			for secret := range secrets {
				d.NeverSees(secret)
			}
			answer := acme.As("ann").Says("#ops", "!x").Sees()
			for _, b := range answer.Buttons() {
				switch b.Label {
				case "Next", "Last":
					acme.As("ann").Clicks(answer, b.Label)
				case "As file":
					acme.As("ann").Clicks(answer, b.Label).Sees("whole answer")
				case "Filter…":
					acme.As("ann").Submits(acme.As("ann").Clicks(answer, b.Label), map[string]string{"word": "a"})
					answer.Sees("Filtered for ann")
				case "Confirm", "Cancel": // this handler knows no plans, and says so
					acme.As("ann").Clicks(answer, b.Label).Sees("no such plan")
				}
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSecretsLeaveInNothingElse(t *testing.T) {
	text := telling()
	release := make(chan struct{})
	h := handler(func(context.Context, commands.Request) commands.Reply {
		<-release
		return commands.Reply{Outcome: commands.Denied, Problem: text}
	})
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Text("#talk").Join("ann")
	r := start(t, d, nil, redacting(t, h), func(o *bot.Options) {
		o.OpsChannel, o.Timing.ProgressFrom, o.Timing.ProgressEvery = acme.ChannelID("#talk"), time.Millisecond, time.Hour
	})
	d.Gateway().AwaitReady(1)
	for secret := range secrets {
		d.NeverSees(secret)
	}
	running := acme.As("ann").Says("#ops", "!x").Sees("Running")
	close(release)
	running.Becomes(redact.Mask)
	if err := r.Announce(t.Context(), "1", text); err != nil {
		t.Error(err)
	}
	acme.In("#talk").Sees(redact.Mask)
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}

// refusing tells secrets to whoever presses a button.
type refusing struct {
	sieve
	why string
}

func (r refusing) Confirm(context.Context, commands.Confirmation) (func(context.Context) commands.Reply, commands.Reply) {
	return nil, commands.Reply{Outcome: commands.Denied, Problem: r.why}
}

func (r refusing) Cancel(context.Context, commands.Confirmation) (bool, commands.Reply) {
	return false, commands.Reply{Outcome: commands.Denied, Problem: r.why}
}

func TestSecretsLeaveInNoWhisper(t *testing.T) {
	plan := commands.Reply{Outcome: commands.Unconfirmed, Plan: &commands.Plan{ID: "7f3a", Text: "x", Until: time.Now().Add(time.Minute)}}
	d, acme, _ := world(t, nil, redacting(t, refusing{sieve{reply: plan}, telling()}))
	for secret := range secrets {
		d.NeverSees(secret)
	}
	shown := acme.As("ann").Says("#ops", "!x").Sees("Lapses")
	for _, button := range []string{"Confirm", "Cancel"} {
		acme.As("ann").Clicks(shown, button).Sees(redact.Mask)
	}
}

// What is revealed shows what is hidden elsewhere, but for our own secrets.
func TestARevealedAnswerHidesOurOwnSecretsAlone(t *testing.T) {
	c := &curtained{hidden: "…\n", whole: `{"token":"hunter2hunter2"} ` + ownSecret + "\n"}
	for name, whole := range map[string]string{"short": c.whole, "long": strings.Repeat(c.whole, 200)} {
		t.Run(name, func(t *testing.T) {
			c := &curtained{hidden: c.hidden, whole: whole}
			d, acme, _ := world(t, nil, redacting(t, c))
			d.NeverSees(ownSecret)
			shown := acme.As("ann").Says("#ops", "!x").Sees("…")
			if seen := acme.As("ann").Clicks(shown, "Reveal").Sees("hunter2hunter2", redact.Mask); !seen.Ephemeral {
				t.Error("everybody sees it")
			}
		})
	}
}

// Without redaction secrets of Helix itself still stay.
func TestOurOwnSecretsNeverLeave(t *testing.T) {
	d, acme, _ := world(t, nil, redacting(t, sieve{reply: commands.Reply{Outcome: commands.OK, Output: []byte(telling())}}), func(o *bot.Options) { o.Redact = false })
	d.NeverSees(ownSecret)
	acme.As("ann").Says("#ops", "!x").Sees("hunter2hunter2", redact.Mask)
}
