package commands_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// TestDefinitionsNeedAnOwnPlainMessage: what may change nothing defines nothing.
func TestDefinitionsNeedAnOwnPlainMessage(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "ann: owner", "audit": ""})
	ask := func(text string, how commands.Request) commands.Reply {
		how.Text, how.Caller = text, s.people["ann"]
		return s.dispatcher.Handle(context.Background(), how)
	}
	if reply := ask("!alias kept = redis dbsize", commands.Request{}); reply.Outcome != commands.OK {
		t.Fatal(reply.Problem)
	}
	for _, line := range []string{"!alias x = redis dbsize", "!alias remove kept"} {
		if reply := ask(line, commands.Request{Late: true}); reply.Outcome != commands.Unconfirmed {
			t.Errorf("%s, late: %s %s", line, reply.Outcome, reply.Problem)
		}
		if reply := ask(line, commands.Request{Mode: commands.Only}); reply.Plan == nil {
			t.Errorf("%s, to be planned only: %s %s", line, reply.Outcome, reply.Problem)
		}
		if reply := ask(line, commands.Request{AlwaysPlan: true}); !strings.Contains(reply.Problem, "typed as a new message") {
			t.Errorf("%s, by a press: %s %s", line, reply.Outcome, reply.Problem)
		}
	}
	if got := string(ask("!alias list", commands.Request{}).Output); !strings.Contains(got, "kept") || strings.Contains(got, "\nx") {
		t.Errorf("there are:\n%s", got)
	}
}

func TestDefinitionsAreRecorded(t *testing.T) {
	ctx := context.Background()
	server := redistest.Any(t)
	s := newStage(t, server.URL(), map[string]string{"people": "ann: owner", "audit": ""})
	for _, line := range []string{"!alias size = redis dbsize", "!alias remove size"} {
		s.dispatcher.Handle(ctx, commands.Request{Text: line, Caller: s.people["ann"]})
	}
	s.dispatcher.Audit.Flush(ctx)
	records, err := s.dispatcher.Audit.Find(ctx, audit.Query{N: 10})
	if err != nil {
		t.Fatal(err)
	}
	var changes []string
	for _, r := range records {
		if r.Event == audit.Closed {
			changes = append(changes, r.Changes...)
		}
	}
	if want := []string{"alias size = redis dbsize", "remove alias size"}; !slices.Equal(changes, want) {
		t.Errorf("recorded %q, want %q", changes, want)
	}
}

func TestAliasesAreCompleted(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "ann: owner"})
	s.dispatcher.Handle(context.Background(), commands.Request{Text: "!alias sizes = redis dbsize", Caller: s.people["ann"]})
	for message, want := range map[string]string{"!siz": "!sizes", "siz": "sizes", "!alias show s": "sizes", "!alias rem": "remove", "!redis dbsize | siz": "sizes"} {
		if _, got := s.dispatcher.Complete(message, len(message)); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", message, got, want)
		}
	}
}

func TestAnAliasWhileRedisIsAway(t *testing.T) {
	server := redistest.Standalone(t)
	s := newStage(t, server.URL(), map[string]string{"people": "ann: owner"})
	server.Kill()
	reply := s.dispatcher.Handle(context.Background(), commands.Request{Text: "!sizes", Caller: s.people["ann"]})
	if reply.Outcome != commands.Unknown || !strings.Contains(reply.Problem, "may be an alias") {
		t.Errorf("%s: %s", reply.Outcome, reply.Problem)
	}
}

// TestSecretsGivenToAnAliasAreNotKept: what a word of an alias means is known as
// if its line had been typed.
func TestSecretsGivenToAnAliasAreNotKept(t *testing.T) {
	ctx := context.Background()
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "ann: owner", "audit": ""})
	for _, line := range []string{
		`!alias login = redis hset "user:$1" password "$2"`, `!alias deeper = login "$@"`,
		"!login abc hunter2", "!deeper abc 'hunter2'", "!alias bad = redis hset user:abc password hunter2",
	} {
		s.dispatcher.Handle(ctx, commands.Request{Text: line, Caller: s.people["ann"]})
		if kept := s.dispatcher.Kept(line); strings.Contains(kept, "hunter2") {
			t.Errorf("kept is %s", kept)
		}
	}
	s.dispatcher.Audit.Flush(ctx)
	records, err := s.dispatcher.Audit.Find(ctx, audit.Query{N: 100})
	if err != nil || len(records) < 5 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, r := range records {
		if strings.Contains(r.Line+strings.Join(r.Changes, " "), "hunter2") {
			t.Errorf("recorded is %s %v", r.Line, r.Changes)
		}
	}
	if got := string(s.dispatcher.Handle(ctx, commands.Request{Text: "!alias list", Caller: s.people["ann"]}).Output); strings.Contains(got, "bad") {
		t.Errorf("there are:\n%s", got)
	}
}

func TestDefinitionsBehindAnotherPrefix(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "ann: owner", "settings": "discord.prefix: ?", "keys": "set a 1"})
	for _, tt := range []struct{ line, want string }{
		{"?alias size = ?redis dbsize", "size = redis dbsize"},
		{"alias other =\n```\nredis exists a | cat\n```", "other = redis exists a | cat"},
		{"?size | cat", ""},
		{"?other", "1"},
	} {
		reply := s.dispatcher.Handle(context.Background(), commands.Request{Text: tt.line, Caller: s.people["ann"], Mentioned: true})
		if reply.Outcome != commands.OK || reply.Problem != "" || !strings.Contains(string(reply.Output), tt.want) {
			t.Errorf("%s: %s %s %s", tt.line, reply.Outcome, reply.Output, reply.Problem)
		}
	}
}
