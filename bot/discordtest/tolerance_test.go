package discordtest_test

import (
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/bot/discordtest"
)

// slashCommand is one of each kind of option.
func slashCommands() []*discordgo.ApplicationCommand {
	admins := int64(discordgo.PermissionAdministrator)
	of := func(kind discordgo.ApplicationCommandOptionType, name string, sub ...*discordgo.ApplicationCommandOption) *discordgo.ApplicationCommandOption {
		return &discordgo.ApplicationCommandOption{Type: kind, Name: name, Description: name, Options: sub}
	}
	return []*discordgo.ApplicationCommand{
		{
			Name: "redis", Description: "run a command", DefaultMemberPermissions: &admins,
			Options: []*discordgo.ApplicationCommandOption{
				{Type: discordgo.ApplicationCommandOptionString, Name: "command", Description: "what to run", Required: true, Autocomplete: true},
				of(discordgo.ApplicationCommandOptionInteger, "times"), of(discordgo.ApplicationCommandOptionBoolean, "loud"),
				of(discordgo.ApplicationCommandOptionUser, "who"), of(discordgo.ApplicationCommandOptionChannel, "where"),
				of(discordgo.ApplicationCommandOptionRole, "role"),
			},
		},
		{
			Name: "config", Description: "settings",
			Options: []*discordgo.ApplicationCommandOption{
				of(discordgo.ApplicationCommandOptionSubCommand, "set",
					of(discordgo.ApplicationCommandOptionString, "key"), of(discordgo.ApplicationCommandOptionBoolean, "quiet")),
			},
		},
	}
}

// TestTolerancesAreNeeded drives the client through all that it sends
// wrongly: a tolerance that nothing needs would only hide mistakes of ours.
func TestTolerancesAreNeeded(t *testing.T) {
	needsDescription(t)
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	for _, guild := range []string{"", acme.ID} {
		if _, err := s.ApplicationCommandBulkOverwrite(d.BotID(), guild, slashCommands()); err != nil {
			t.Fatal(err)
		}
	}
	sent, err := s.ChannelMessageSendComplex(acme.ChannelID("#ops"), &discordgo.MessageSend{Content: "hi", Components: buttons("go")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChannelMessageEdit(sent.ChannelID, sent.ID, "ho"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.MessageThreadStart(sent.ChannelID, sent.ID, "incident", 60); err != nil {
		t.Fatal(err)
	}
	answerEachWay(t, d, acme, s)
	if unused := discordtest.UnusedTolerances(d); len(unused) > 0 {
		t.Errorf("nothing needs the tolerances %q", unused)
	}
}

// answerEachWay lets the bot answer an interaction with each type of callback.
func answerEachWay(t *testing.T, d *discordtest.Discord, acme *discordtest.Guild, s *discordgo.Session) {
	t.Helper()
	next := interactions(t, d, s)
	answer := func(kind discordgo.InteractionResponseType, data *discordgo.InteractionResponseData) {
		t.Helper()
		if err := s.InteractionRespond(next(), &discordgo.InteractionResponse{Type: kind, Data: data}); err != nil {
			t.Fatal(err)
		}
	}
	ann := acme.As("ann")
	message := acme.In("#ops").Sees()
	ann.Slash("#ops", "redis", discordtest.Args{"command": "dbsize"})
	answer(discordgo.InteractionResponseModal, &discordgo.InteractionResponseData{
		CustomID: "form", Title: "A form", Components: []discordgo.MessageComponent{discordgo.ActionsRow{
			Components: []discordgo.MessageComponent{discordgo.TextInput{CustomID: "word", Label: "Word", Style: discordgo.TextInputShort, Required: true}},
		}},
	})
	ann.Clicks(message, "go")
	answer(discordgo.InteractionResponseDeferredMessageUpdate, &discordgo.InteractionResponseData{})
	ann.Clicks(message, "go")
	answer(discordgo.InteractionResponseUpdateMessage, &discordgo.InteractionResponseData{Content: "done"})
	done := make(chan struct{})
	go func() {
		defer close(done)
		answer(discordgo.InteractionApplicationCommandAutocompleteResult, &discordgo.InteractionResponseData{
			Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "d", Value: "dbsize"}},
		})
	}()
	ann.Completes("#ops", "redis", "command", discordtest.Args{"command": "d"})
	<-done
}
