package discordtest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/bot/discordtest"
)

// interactions opens the session and answers a function that waits for the next
// interaction.
func interactions(t *testing.T, d *discordtest.Discord, s *discordgo.Session) func() *discordgo.Interaction {
	t.Helper()
	arrived := make(chan *discordgo.Interaction, 10)
	s.SyncEvents = true
	s.AddHandler(func(_ *discordgo.Session, i *discordgo.InteractionCreate) { arrived <- i.Interaction })
	open(t, d, s)
	return func() *discordgo.Interaction {
		t.Helper()
		select {
		case i := <-arrived:
			return i
		case <-time.After(10 * time.Second):
			t.Error("no interaction arrived")
			return &discordgo.Interaction{}
		}
	}
}

// buttons is a row of buttons whose labels are their custom ids too.
func buttons(ids ...string) []discordgo.MessageComponent {
	row := discordgo.ActionsRow{}
	for _, id := range ids {
		row.Components = append(row.Components, discordgo.Button{Label: id, CustomID: id, Style: discordgo.PrimaryButton})
	}
	return []discordgo.MessageComponent{row}
}

func respond(kind discordgo.InteractionResponseType, content string, flags discordgo.MessageFlags) *discordgo.InteractionResponse {
	return &discordgo.InteractionResponse{Type: kind, Data: &discordgo.InteractionResponseData{Content: content, Flags: flags}}
}

func TestPagerButtons(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	next := interactions(t, d, s)
	if _, err := s.ChannelMessageSendComplex(acme.ChannelID("#ops"), &discordgo.MessageSend{Content: "page 1", Components: buttons("prev", "next")}); err != nil {
		t.Fatal(err)
	}
	page := acme.In("#ops").Sees("page 1")
	acme.As("ann").Clicks(page, "next")
	clicked := next()
	if data := clicked.MessageComponentData(); data.CustomID != "next" || clicked.Message.ID != page.ID || clicked.Member.User.Username != "ann" {
		t.Errorf("interaction = %+v", clicked)
	}
	if err := s.InteractionRespond(clicked, respond(discordgo.InteractionResponseUpdateMessage, "page 2", 0)); err != nil {
		t.Fatal(err)
	}
	page.Becomes("page 2")
	if err := s.InteractionRespond(clicked, respond(discordgo.InteractionResponseUpdateMessage, "page 3", 0)); code(t, err) != 40060 {
		t.Errorf("a second answer: %v", err)
	}
}

func TestInteractionDeadlines(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	next := interactions(t, d, s)
	if _, err := s.ApplicationCommandBulkOverwrite(d.BotID(), acme.ID, slashCommands()); err != nil {
		t.Fatal(err)
	}
	slash := func() *discordtest.Interaction {
		return acme.As("ann").Slash("#ops", "redis", discordtest.Args{"command": "dbsize"})
	}
	slash()
	late := next()
	d.Advance(3*time.Second + time.Millisecond)
	if err := s.InteractionRespond(late, respond(discordgo.InteractionResponseChannelMessageWithSource, "hi", 0)); code(t, err) != 10062 {
		t.Errorf("after three seconds: %v", err)
	}

	asked := slash()
	early := next()
	if _, err := s.FollowupMessageCreate(early, true, &discordgo.WebhookParams{Content: "hi"}); code(t, err) != 10015 {
		t.Errorf("a follow-up before the answer: %v", err)
	}
	if err := s.InteractionRespond(early, respond(discordgo.InteractionResponseDeferredChannelMessageWithSource, "", 0)); err != nil {
		t.Fatal(err)
	}
	if asked.Acknowledged() != 5 {
		t.Error("the deferral was not noticed")
	}
	edited := "done"
	if _, err := s.InteractionResponseEdit(early, &discordgo.WebhookEdit{Content: &edited}); err != nil {
		t.Fatal(err)
	}
	answer := asked.Sees("done")
	if answer.Loading || answer.Ephemeral {
		t.Errorf("answer = %+v", answer)
	}
	if _, err := s.FollowupMessageCreate(early, true, &discordgo.WebhookParams{Content: "more", Flags: discordgo.MessageFlagsEphemeral}); err != nil {
		t.Fatal(err)
	}
	if more := asked.Sees("more"); !more.Ephemeral {
		t.Errorf("follow-up = %+v", more)
	}
	if got := len(acme.In("#ops").Messages()); got != 1 {
		t.Errorf("%d messages for all to see", got)
	}
	if err := s.InteractionResponseDelete(early); err != nil {
		t.Fatal(err)
	}
	answer.Goes()
	d.Advance(15 * time.Minute)
	if _, err := s.FollowupMessageCreate(early, true, &discordgo.WebhookParams{Content: "late"}); code(t, err) != 50027 {
		t.Errorf("after fifteen minutes: %v", err)
	}
}

func TestSlashCommandAndModal(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Role("oncall").Join("ann").Join("bob", "oncall")
	s := client(t, d)
	next := interactions(t, d, s)
	if _, err := s.ApplicationCommandBulkOverwrite(d.BotID(), "", slashCommands()); err != nil {
		t.Fatal(err)
	}
	if got := d.Commands(); !slices.Equal(got, []string{"redis", "config"}) {
		t.Errorf("commands = %q", got)
	}
	ann := acme.As("ann")
	used := ann.Slash("#ops", "redis", discordtest.Args{
		"command": "dbsize", "times": 2, "loud": true, "who": "bob", "where": "#ops", "role": "oncall",
	})
	i := next()
	data := i.ApplicationCommandData()
	if data.Resolved == nil || data.Resolved.Users[acme.UserID("bob")] == nil || len(data.Options) != 6 {
		t.Errorf("data = %+v", data)
	}
	if data.Options[0].StringValue() != "dbsize" || data.Options[1].IntValue() != 2 || !data.Options[2].BoolValue() {
		t.Errorf("options = %+v", data.Options)
	}
	form := &discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal, Data: &discordgo.InteractionResponseData{
		CustomID: "form", Title: "Really?", Components: []discordgo.MessageComponent{discordgo.ActionsRow{
			Components: []discordgo.MessageComponent{discordgo.TextInput{CustomID: "word", Label: "Word", Style: discordgo.TextInputShort}},
		}},
	}}
	if err := s.InteractionRespond(i, form); err != nil {
		t.Fatal(err)
	}
	if got := used.Form(); got.Title != "Really?" || len(got.Fields) != 1 || got.Fields[0].Label != "Word" {
		t.Errorf("the form is %+v", got)
	}
	submitted := ann.Submits(used, map[string]string{"word": "yes"})
	filled := next()
	input := filled.ModalSubmitData().Components[0].(*discordgo.ActionsRow).Components[0].(*discordgo.TextInput)
	if filled.ModalSubmitData().CustomID != "form" || input.Value != "yes" {
		t.Errorf("modal = %+v", filled.ModalSubmitData())
	}
	if err := s.InteractionRespond(filled, respond(discordgo.InteractionResponseChannelMessageWithSource, "so be it", discordgo.MessageFlagsEphemeral)); err != nil {
		t.Fatal(err)
	}
	if m := submitted.Sees("so be it"); !m.Ephemeral {
		t.Errorf("answer = %+v", m)
	}

	ann.Slash("#ops", "config set", discordtest.Args{"key": "redis.session_ttl"})
	nested := next().ApplicationCommandData().Options
	if len(nested) != 1 || nested[0].Name != "set" || nested[0].Options[0].StringValue() != "redis.session_ttl" {
		t.Errorf("options = %+v", nested)
	}
}

// A press may cross a change of its message, or the message's end.
func TestAPressMayCrossAChange(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	next := interactions(t, d, s)
	sent, err := s.ChannelMessageSendComplex(acme.ChannelID("#ops"), &discordgo.MessageSend{Content: "plan", Components: buttons("confirm")})
	if err != nil {
		t.Fatal(err)
	}
	plan := acme.In("#ops").Sees("plan")
	empty := []discordgo.MessageComponent{}
	if _, err := s.ChannelMessageEditComplex(&discordgo.MessageEdit{ID: sent.ID, Channel: sent.ChannelID, Components: &empty}); err != nil {
		t.Fatal(err)
	}
	acme.As("ann").ClicksAsSeen(plan, "confirm")
	clicked := next()
	if clicked.MessageComponentData().CustomID != "confirm" {
		t.Errorf("interaction = %+v", clicked)
	}
	if err := s.ChannelMessageDelete(sent.ChannelID, sent.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.InteractionRespond(clicked, respond(discordgo.InteractionResponseUpdateMessage, "running", 0)); code(t, err) != 10008 {
		t.Errorf("updating a message that is gone: %v", err)
	}
}

func TestCallbackMustFitTheInteraction(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	next := interactions(t, d, s)
	if _, err := s.ApplicationCommandBulkOverwrite(d.BotID(), "", slashCommands()); err != nil {
		t.Fatal(err)
	}
	used := acme.As("ann").Slash("#ops", "redis", discordtest.Args{"command": "dbsize"})
	i := next()
	if err := s.InteractionRespond(i, respond(discordgo.InteractionResponseUpdateMessage, "hi", 0)); code(t, err) != 50035 {
		t.Errorf("updating the message of a command: %v", err)
	}
	used.Unanswered(10 * time.Millisecond)
}

func TestMenus(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	next := interactions(t, d, s)
	menu := discordgo.SelectMenu{CustomID: "db", Placeholder: "Database", Options: []discordgo.SelectMenuOption{{Label: "zero", Value: "0"}, {Label: "one", Value: "1"}}}
	_, err := s.ChannelMessageSendComplex(acme.ChannelID("#ops"), &discordgo.MessageSend{
		Content: "which?", Components: []discordgo.MessageComponent{discordgo.ActionsRow{Components: []discordgo.MessageComponent{menu}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	acme.As("ann").Picks(acme.In("#ops").Sees("which?"), "Database", "one")
	if data := next().MessageComponentData(); !slices.Equal(data.Values, []string{"1"}) || data.CustomID != "db" {
		t.Errorf("data = %+v", data)
	}
}

func TestDeferralsAreFollowedUp(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	next := interactions(t, d, s)
	if _, err := s.ChannelMessageSendComplex(acme.ChannelID("#ops"), &discordgo.MessageSend{Content: "plan", Components: buttons("confirm")}); err != nil {
		t.Fatal(err)
	}
	plan := acme.In("#ops").Sees("plan")

	acme.As("ann").Clicks(plan, "confirm")
	clicked := next()
	if err := s.InteractionRespond(clicked, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredMessageUpdate}); err != nil {
		t.Fatal(err)
	}
	running := "running"
	if _, err := s.InteractionResponseEdit(clicked, &discordgo.WebhookEdit{Content: &running}); err != nil {
		t.Fatal(err)
	}
	plan.Becomes("running")

	used := acme.As("ann").Clicks(plan, "confirm")
	clicked = next()
	if err := s.InteractionRespond(clicked, respond(discordgo.InteractionResponseDeferredChannelMessageWithSource, "", 0)); err != nil {
		t.Fatal(err)
	}
	acme.In("#ops").SeesNothing(time.Millisecond)
	if _, err := s.FollowupMessageCreate(clicked, true, &discordgo.WebhookParams{Content: "done"}); err != nil {
		t.Fatal(err)
	}
	used.Sees("done")
	if got := len(acme.In("#ops").Messages()); got != 2 {
		t.Errorf("%d messages: the follow-up did not take the place of the deferral", got)
	}
}

func TestWhatPeopleCannotUse(t *testing.T) {
	t.Parallel()
	watched := &fatal{failure: failure{TB: t}}
	d := discordtest.New(watched, discordtest.WithPatience(time.Second))
	defer watched.end()
	acme := d.Guild("Acme").Text("#ops").Join("ann").Join("bob")
	s := client(t, d)
	next := interactions(t, d, s)
	if _, err := s.ApplicationCommandBulkOverwrite(d.BotID(), "", slashCommands()); err != nil {
		t.Fatal(err)
	}
	_, err := s.ChannelMessageSendComplex(acme.ChannelID("#ops"), &discordgo.MessageSend{Components: []discordgo.MessageComponent{
		discordgo.ActionsRow{Components: []discordgo.MessageComponent{
			discordgo.Button{Label: "Off", CustomID: "off", Style: discordgo.PrimaryButton, Disabled: true},
			discordgo.Button{Label: "Docs", URL: "https://example.org", Style: discordgo.LinkButton},
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	shown := acme.In("#ops").Sees()
	used := acme.As("ann").Slash("#ops", "redis", discordtest.Args{"command": "dbsize"})
	answer := respond(discordgo.InteractionResponseChannelMessageWithSource, "for ann", discordgo.MessageFlagsEphemeral)
	answer.Data.Components = buttons("more")
	if err := s.InteractionRespond(next(), answer); err != nil {
		t.Fatal(err)
	}
	secret := used.Sees("for ann")
	opened := acme.As("ann").Clicks(secret, "more")
	if err := s.InteractionRespond(next(), &discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal, Data: &discordgo.InteractionResponseData{
		CustomID: "form", Title: "Really?", Components: []discordgo.MessageComponent{discordgo.ActionsRow{
			Components: []discordgo.MessageComponent{discordgo.TextInput{CustomID: "word", Label: "Word", Style: discordgo.TextInputShort, Required: true, MaxLength: 3}},
		}},
	}}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		step func()
		want string
	}{
		{"a disabled button", func() { acme.As("ann").Clicks(shown, "Off") }, `no button "Off"`},
		{"a link", func() { acme.As("ann").Clicks(shown, "Docs") }, `no button "Docs"`},
		{"another's message", func() { acme.As("bob").Clicks(secret, "more") }, "bob cannot see"},
		{"a command without what it needs", func() { acme.As("ann").Slash("#ops", "redis", nil) }, `option "command" is required`},
		{"an option that is none", func() { acme.As("ann").Slash("#ops", "redis", discordtest.Args{"command": "x", "speed": 1}) }, "takes no"},
		{"a sub-command that is none", func() { acme.As("ann").Slash("#ops", "config get", nil) }, "takes no"},
		{"a field left empty", func() { acme.As("ann").Submits(opened, nil) }, `does not take ""`},
		{"a field overfilled", func() { acme.As("ann").Submits(opened, map[string]string{"word": "yes!"}) }, `does not take "yes!"`},
		{"a modal that was not shown", func() { acme.As("ann").Submits(used, nil) }, "not with a modal"},
	} {
		if told := stops(watched, tc.step); !strings.Contains(told, tc.want) {
			t.Errorf("%s: told %q", tc.name, told)
		}
	}
	acme.As("ann").Clicks(secret, "more")
}
