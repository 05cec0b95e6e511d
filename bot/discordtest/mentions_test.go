package discordtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestWhoIsRung(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		mention string // allowed_mentions, "" for none
		want    []string
	}{
		{"nothing said", ``, []string{"ann", "@oncall", "@everyone"}},
		{"nobody", `{"parse":[]}`, nil},
		{"nobody, the short way", `{}`, nil},
		{"a null list", `{"parse":null}`, []string{"ann", "@oncall", "@everyone"}},
		{"people", `{"parse":["users"]}`, []string{"ann"}},
		{"roles", `{"parse":["roles"]}`, []string{"@oncall"}},
		{"everyone", `{"parse":["everyone"]}`, []string{"@everyone"}},
		{"this role", `{"parse":[],"roles":["{oncall}"]}`, []string{"@oncall"}},
		{"another person", `{"parse":[],"users":["1"]}`, nil},
		{"whom it answers", `{"parse":[],"replied_user":true}`, []string{"bob"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t)
			acme := d.Guild("Acme").Text("#ops").Role("oncall").Join("ann").Join("bob")
			acme.Grant("helix", discordtest.MentionEveryone)
			asked := acme.As("bob").Says("#ops", "?")
			s := client(t, d)
			body := map[string]any{
				"content": "@everyone " + acme.Mention("ann") + " " + acme.Mention("oncall"),
			}
			if tc.mention != "" {
				mention := strings.ReplaceAll(tc.mention, "{oncall}", acme.RoleID("oncall"))
				body["allowed_mentions"] = jsonValue(t, mention)
			}
			if strings.Contains(tc.mention, "replied_user") {
				body["message_reference"] = map[string]any{"message_id": asked.ID}
			}
			path := discordgo.EndpointChannelMessages(acme.ChannelID("#ops"))
			if _, err := s.RequestWithBucketID("POST", path, body, path); err != nil {
				t.Fatal(err)
			}
			if got := acme.In("#ops").Sees("@everyone").Pings; !slices.Equal(got, tc.want) {
				t.Errorf("pings = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestEveryoneNeedsTheRight(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Role("oncall")
	s := client(t, d)
	if _, err := s.ChannelMessageSend(acme.ChannelID("#ops"), "@everyone @here "+acme.Mention("oncall")); err != nil {
		t.Fatal(err)
	}
	if got := acme.In("#ops").Sees().Pings; len(got) != 0 {
		t.Errorf("pings = %q", got)
	}
}
