package commands_test

import (
	"context"
	"slices"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/permissions"
)

// setupStage is a stage with an owner and somebody who may read.
func setupStage(t *testing.T, parts map[string]string) stage {
	t.Helper()
	server, err := embedded.Start(context.Background(), embedded.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	parts["people"] = "olga: owner\nann: 300000000000000001"
	return newStage(t, server.URL(), parts)
}

// What setup proposes fits a message, and is for those who may take it.
func TestWhatSetupOffers(t *testing.T) {
	s := setupStage(t, map[string]string{"roles": "all:\n  discord: [\"300000000000000001\"]\n  allow: [read, configure]\n"})
	lines := func(who string) []string {
		var all []string
		for _, o := range s.say(commands.Request{Text: "!setup", Caller: s.people[who]}).Offers {
			if len(o.Line) > 90 || len(o.Label) > 80 {
				t.Errorf("%+v is too long", o)
			}
			all = append(all, o.Line)
		}
		return all
	}
	if got := lines("ann"); len(got) > 0 {
		t.Errorf("who may not change anything is offered %q", got)
	}
	want := []string{"!setup ops {}", "!setup role all {}", "!setup role oncall {}", "!setup prefix {}", "!setup profile development"}
	if got := lines("olga"); !slices.Equal(got, want) {
		t.Errorf("the owner is offered %q, want %q", got, want)
	}
	s.say(commands.Request{Text: "!setup profile development", Caller: s.people["olga"]})
	if got := lines("olga"); got[4] != "!setup profile production" {
		t.Errorf("with the other profile in force %q is offered", got[4])
	}
}

// Bindings of the configuration, and those that name no role any more.
func TestBindingsOfTheConfiguration(t *testing.T) {
	s := setupStage(t, map[string]string{"settings": "discord.roles: oncall:300000000000000001,gone:300000000000000001"})
	reply := s.say(commands.Request{Text: "!redis set x 1", Caller: s.people["ann"]})
	if reply.Outcome != commands.OK {
		t.Errorf("on call is answered %s: %s", reply.Outcome, reply.Problem)
	}
	stranger := permissions.Member{ID: "900000000000000009", Guild: "100000000000000001", Administrator: true}
	if reply := s.say(commands.Request{Text: "!redis dbsize", Caller: stranger}); reply.Outcome != commands.Denied {
		t.Errorf("an administrator without a role is answered %s", reply.Outcome)
	}
}

// What is replayed, or only asked about, changes nothing.
func TestSetupInOtherModes(t *testing.T) {
	s := setupStage(t, map[string]string{})
	olga := s.people["olga"]
	late := s.say(commands.Request{Text: "!setup prefix ?", Caller: olga, Late: true})
	if late.Outcome != commands.Unconfirmed {
		t.Errorf("said long ago it is answered %s: %s", late.Outcome, late.Problem)
	}
	only := s.say(commands.Request{Text: "!setup prefix ?", Caller: olga, Mode: commands.Only})
	if only.Plan == nil || only.Plan.Text != "Plan: settings.\ndiscord.prefix = ? (was !)." {
		t.Errorf("asked about, it answers %+v", only)
	}
	if got := string(s.say(commands.Request{Text: "!config get discord.prefix", Caller: olga}).Output); got != "!\n" {
		t.Errorf("the prefix is %q", got)
	}
}
