package discordtest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestIntents(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Text("#secret").Join("ann").Deny("#secret", "@everyone", discordtest.ViewChannel).
		Allow("#secret", "ann", discordtest.ViewChannel)
	blind := dial(t, d)
	blind.identify(d, 1|1<<9|1<<12) // guilds, messages in guilds and direct
	blind.until("GUILD_CREATE")
	reader := dial(t, d)
	reader.identify(d, 1|1<<9|1<<12|1<<15)
	reader.until("GUILD_CREATE")

	ann := acme.As("ann")
	ann.Says("#secret", "not for the bot")
	ann.Types("#ops") // no typing intent
	ann.Says("#ops", "plain")
	ann.Says("#ops", acme.Mention("helix")+" named")
	ann.Whispers("direct")
	contents := func(s *socket) []string {
		var all []string
		for range 3 {
			p := s.read()
			var m discordgo.Message
			if err := json.Unmarshal(p.Data, &m); err != nil || p.Event != "MESSAGE_CREATE" {
				t.Fatalf("heard %s, %v", p.Event, err)
			}
			all = append(all, m.Content)
		}
		return all
	}
	named := acme.Mention("helix") + " named"
	if got, want := contents(blind), []string{"", named, "direct"}; !slices.Equal(got, want) {
		t.Errorf("without message content: %q, want %q", got, want)
	}
	if got, want := contents(reader), []string{"plain", named, "direct"}; !slices.Equal(got, want) {
		t.Errorf("with message content: %q, want %q", got, want)
	}
}

func TestGuildOutage(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := dial(t, d)
	s.identify(d, 1|1<<9)
	s.until("GUILD_CREATE")
	acme.Outage()
	if p := s.read(); p.Event != "GUILD_DELETE" || !strings.Contains(string(p.Data), `"unavailable":true`) {
		t.Errorf("heard %s %s", p.Event, p.Data)
	}
	acme.As("ann").Says("#ops", "lost")
	acme.Role("lost")
	acme.Restore()
	if p := s.read(); p.Event != "GUILD_CREATE" {
		t.Errorf("heard %s", p.Event)
	}
	acme.Expel()
	if p := s.read(); p.Event != "GUILD_DELETE" || strings.Contains(string(p.Data), "unavailable") {
		t.Errorf("heard %s %s", p.Event, p.Data)
	}
}

func TestWorldChangesAreTold(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops")
	s := dial(t, d)
	s.identify(d, 1|1<<1|1<<9|1<<10|1<<11)
	s.until("GUILD_CREATE")
	acme.Role("oncall").Text("#new").Thread("#ops", "incident").Join("ann", "oncall").Take("ann", "oncall")
	acme.Grant("oncall", discordtest.ManageMessages).Deny("#ops", "oncall", discordtest.SendMessages).Owner("ann")
	ann := acme.As("ann")
	said := ann.Says("#ops", "one")
	ann.Edits(said, "two")
	ann.Reacts(said, "👍")
	ann.Types("#ops")
	ann.Deletes(said)
	acme.Archive("incident", true).Leave("ann")
	for _, want := range []string{
		"GUILD_ROLE_CREATE", "CHANNEL_CREATE", "THREAD_CREATE", "GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE",
		"GUILD_ROLE_UPDATE", "CHANNEL_UPDATE", "GUILD_UPDATE",
		"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_REACTION_ADD", "TYPING_START", "MESSAGE_DELETE",
		"THREAD_UPDATE", "GUILD_MEMBER_REMOVE",
	} {
		if p := s.read(); p.Event != want {
			t.Errorf("heard %s, want %s", p.Event, want)
		}
	}
}
