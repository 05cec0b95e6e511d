package discordtest_test

import (
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestTheMenuOfAMessage(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann").Join("bob")
	s := client(t, d)
	next := interactions(t, d, s)
	menu := []*discordgo.ApplicationCommand{{Type: discordgo.MessageApplicationCommand, Name: "Read aloud"}}
	if _, err := s.ApplicationCommandBulkOverwrite(d.BotID(), acme.ID, menu); err != nil {
		t.Fatal(err)
	}
	said := acme.As("bob").Says("#ops", "good morning")
	used := acme.As("ann").Chooses(said, "Read aloud")
	i := next()
	data := i.ApplicationCommandData()
	if m := data.Resolved.Messages[data.TargetID]; data.TargetID != said.ID || m == nil || m.Content != "good morning" || i.Member.User.Username != "ann" {
		t.Errorf("data = %+v", data)
	}
	if err := s.InteractionRespond(i, respond(discordgo.InteractionResponseChannelMessageWithSource, "aloud", 0)); err != nil {
		t.Fatal(err)
	}
	used.Sees("aloud")
}

// Behind a deferral that everybody saw, and that was taken away, an answer for one
// person's eyes stays that.
func TestADeferralCanBeTakenAway(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	next := interactions(t, d, s)
	if _, err := s.ApplicationCommandBulkOverwrite(d.BotID(), acme.ID, slashCommands()); err != nil {
		t.Fatal(err)
	}
	used := acme.As("ann").Slash("#ops", "redis", discordtest.Args{"command": "dbsize"})
	i := next()
	if err := s.InteractionRespond(i, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource}); err != nil {
		t.Fatal(err)
	}
	if err := s.InteractionResponseDelete(i); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FollowupMessageCreate(i, true, &discordgo.WebhookParams{Content: "no", Flags: discordgo.MessageFlagsEphemeral}); err != nil {
		t.Fatal(err)
	}
	if m := used.Sees("no"); !m.Ephemeral || len(acme.In("#ops").Messages()) != 0 {
		t.Errorf("the answer is %s", m)
	}
}

func TestCommandsThatDiscordRefuses(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops")
	s := client(t, d)
	option := func(name string, required bool) *discordgo.ApplicationCommandOption {
		return &discordgo.ApplicationCommandOption{Type: discordgo.ApplicationCommandOptionString, Name: name, Description: "one", Required: required}
	}
	for name, set := range map[string][]*discordgo.ApplicationCommand{
		"a capital":          {{Name: "Redis", Description: "run"}},
		"no description":     {{Name: "redis"}},
		"twice":              {{Name: "redis", Description: "run"}, {Name: "redis", Description: "run"}},
		"option twice":       {{Name: "redis", Description: "run", Options: []*discordgo.ApplicationCommandOption{option("a", true), option("a", true)}}},
		"option with blanks": {{Name: "redis", Description: "run", Options: []*discordgo.ApplicationCommandOption{option("a b", true)}}},
		"required behind":    {{Name: "redis", Description: "run", Options: []*discordgo.ApplicationCommandOption{option("a", false), option("b", true)}}},
		"choices and autocomplete": {{Name: "redis", Description: "run", Options: []*discordgo.ApplicationCommandOption{{
			Type: discordgo.ApplicationCommandOptionString, Name: "a", Description: "one", Autocomplete: true,
			Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "x", Value: "x"}},
		}}}},
	} {
		if _, err := s.ApplicationCommandBulkOverwrite(d.BotID(), acme.ID, set); code(t, err) != 50035 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := d.Commands(); len(got) != 0 {
		t.Errorf("registered are %s", strings.Join(got, " "))
	}
}
