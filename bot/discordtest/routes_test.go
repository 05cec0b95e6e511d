package discordtest_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestPeopleAndGuildsOverREST(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t, discordtest.WithBotName("marvin"))
	acme := d.Guild("Acme").Join("ann").Join("bob")
	d.Guild("Left").Expel()
	s := client(t, d)
	if u, err := s.User(acme.UserID("ann")); err != nil || u.Username != "ann" {
		t.Errorf("user = %+v, %v", u, err)
	}
	if _, err := s.User("999"); code(t, err) != 10013 {
		t.Errorf("an unknown user: %v", err)
	}
	if guilds, err := s.UserGuilds(100, "", "", false); err != nil || len(guilds) != 1 || guilds[0].Name != "Acme" {
		t.Errorf("guilds = %+v, %v", guilds, err)
	}
	var names []string
	after := ""
	for {
		page, err := s.GuildMembers(acme.ID, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			names, after = append(names, m.User.Username), m.User.ID
		}
		if len(page) < 2 {
			break
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"ann", "bob", "marvin", "owner"}) {
		t.Errorf("members = %q", names)
	}
}

func TestThreadsCanBeTended(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Thread("#ops", "incident")
	s := client(t, d)
	id := acme.ChannelID("incident")
	if err := s.ThreadJoin(id); err != nil {
		t.Error(err)
	}
	archived := true
	edit := &discordgo.ChannelEdit{Name: "solved", Archived: &archived}
	if _, err := s.ChannelEdit(id, edit); code(t, err) != 50013 {
		t.Errorf("without the right: %v", err)
	}
	acme.Allow("#ops", "helix", discordtest.ManageThreads)
	if c, err := s.ChannelEdit(id, edit); err != nil || c.Name != "solved" || !c.ThreadMetadata.Archived {
		t.Errorf("thread = %+v, %v", c, err)
	}
}

func TestReactionsComeAndGo(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	said := acme.As("ann").Says("#ops", "hi")
	acme.As("ann").Reacts(said, "👍")
	if err := s.MessageReactionAdd(said.ChannelID, said.ID, "👍"); err != nil {
		t.Fatal(err)
	}
	count := func() int {
		m, err := s.ChannelMessage(said.ChannelID, said.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Reactions) == 0 {
			return 0
		}
		return m.Reactions[0].Count
	}
	if got := count(); got != 2 {
		t.Errorf("%d reactions", got)
	}
	if err := s.MessageReactionRemove(said.ChannelID, said.ID, "👍", "@me"); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != 1 {
		t.Errorf("%d reactions", got)
	}
	said.SeesNothing(time.Millisecond)
}

func TestFollowUpsCanBeTended(t *testing.T) {
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
	if i.ID != used.ID() {
		t.Errorf("interaction %s, not %s", i.ID, used.ID())
	}
	path := discordgo.EndpointInteractionResponse(i.ID, i.Token)
	answer, err := s.RequestWithBucketID("POST", path+"?with_response=true", map[string]any{"type": 4, "data": map[string]any{"content": "3"}}, path)
	if err != nil {
		t.Fatal(err)
	}
	var created struct {
		Resource struct{ Message discordgo.Message }
	}
	if err := json.Unmarshal(answer, &created); err != nil || created.Resource.Message.Content != "3" {
		t.Errorf("response = %s, %v", answer, err)
	}
	original, err := s.InteractionResponse(i)
	if err != nil || original.ID != created.Resource.Message.ID {
		t.Errorf("@original = %+v, %v", original, err)
	}
	more, err := s.FollowupMessageCreate(i, true, &discordgo.WebhookParams{Content: "more"})
	if err != nil {
		t.Fatal(err)
	}
	text := "most"
	if _, err := s.FollowupMessageEdit(i, more.ID, &discordgo.WebhookEdit{Content: &text}); err != nil {
		t.Fatal(err)
	}
	shown := used.Sees("most")
	if err := s.FollowupMessageDelete(i, more.ID); err != nil {
		t.Fatal(err)
	}
	shown.Goes()
	if !shown.Now().Deleted {
		t.Error("the deleted message does not say so")
	}
	if _, err := s.WebhookMessage(i.AppID, i.Token, more.ID); code(t, err) != 10008 {
		t.Errorf("a deleted follow-up: %v", err)
	}
}

func TestMembersOverTheGateway(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Join("ann").Join("bob")
	for _, tc := range []struct {
		ask  string
		want []string
	}{
		{`"query":"an","limit":0`, []string{"ann"}},
		{`"user_ids":["` + acme.UserID("bob") + `"]`, []string{"bob"}},
		{`"user_ids":"` + acme.UserID("bob") + `"`, []string{"bob"}},
	} {
		s := dial(t, d)
		s.identify(d, 3)
		s.until("READY")
		s.send(`{"op":8,"d":{"guild_id":["` + acme.ID + `","1"],` + tc.ask + `}}`)
		var chunk discordgo.GuildMembersChunk
		if err := json.Unmarshal(s.until("GUILD_MEMBERS_CHUNK").Data, &chunk); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range chunk.Members {
			names = append(names, m.User.Username)
		}
		if !slices.Equal(names, tc.want) {
			t.Errorf("%s: %q", tc.ask, names)
		}
	}
}
