package commands_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// typing is somebody at an option of a verb; what they typed stands behind its
// name.
func (s *stage) typing(who, verb, form, option, typed string, others ...string) []commands.Suggestion {
	values := map[string]string{option: typed}
	for _, o := range others {
		name, value, _ := strings.Cut(o, "=")
		values[name] = value
	}
	return s.dispatcher.Suggest(context.Background(), commands.Typing{
		SlashUse: commands.SlashUse{Verb: verb, Form: form, Values: values}, Option: option, Caller: s.people[who], Redact: true,
	})
}

func values(list []commands.Suggestion) []string {
	var all []string
	for _, s := range list {
		all = append(all, s.Value)
	}
	return all
}

const sampleOfKeys = `
SET session:3f2a9c01-77aa-4b11-8c1e-000000000001 {} EX 600
SET session:user:ann@x.org:{1}aaaaaaaaaaaaaaaaaaaa {} EX 600
SET session:user:ann@x.org:{1}bbbbbbbbbbbbbbbbbbbb {} EX 600
SET session:user:bob%20b@x.org:{2}cccccccccccccccccccc {} EX 600
SET cart:7 x
SET {helix}:secret x
`

func TestSuggest(t *testing.T) {
	s := slashStage(t, sampleOfKeys)
	for _, tt := range []struct {
		name, verb, form, option, typed string
		others, has, lacks              []string
	}{
		{name: "a setting by its beginning", verb: "config", form: "set", option: "key", typed: "redis.session_t", has: []string{"redis.session_ttl"}, lacks: []string{"redis.session_cleanup"}},
		{name: "a setting by a part", verb: "config", form: "get", option: "keys", typed: "redis.session_ttl cleanup", has: []string{"redis.session_ttl redis.session_cleanup"}},
		{name: "durations", verb: "config", form: "set", option: "value", others: []string{"key=redis.session_ttl"}, has: []string{"86400", "1h"}, lacks: []string{"true"}},
		{name: "switches", verb: "config", form: "set", option: "value", typed: "f", others: []string{"key=redis.session_cleanup"}, has: []string{"false"}, lacks: []string{"true"}},
		{name: "words of a list", verb: "config", form: "set", option: "value", others: []string{"key=redis.max_sessions_action"}, has: []string{"evict-oldest", "deny"}},
		{name: "no secret", verb: "config", form: "set", option: "value", others: []string{"key=discord.token"}},
		{name: "assignments", verb: "config", form: "set", option: "more", typed: "redis.session_cleanup=", has: []string{"redis.session_cleanup=true"}},
		{name: "users", verb: "sessions", form: "list", option: "user", has: []string{"ann@x.org", "bob b@x.org"}},
		{name: "users by their beginning", verb: "sessions", form: "end", option: "user", typed: "bob b", has: []string{"bob b@x.org"}, lacks: []string{"ann@x.org"}},
		{name: "a session by its id", verb: "sessions", form: "show", option: "id", typed: "3f2a", has: []string{"session:3f2a9c01…"}, lacks: []string{"cart:7"}},
		{name: "examples", verb: "redis", option: "command", has: []string{"dbsize", "keys session:* | wc -l"}},
		{name: "commands", verb: "redis", option: "command", typed: "db", has: []string{"dbsize"}},
		{name: "sub-commands", verb: "redis", option: "command", typed: "config g", has: []string{"config get"}},
		{name: "keys", verb: "redis", option: "command", typed: "ttl ", has: []string{"ttl session:", "ttl cart:"}, lacks: []string{"ttl {helix}:"}},
		{name: "parts of keys", verb: "redis", option: "command", typed: "get session:", has: []string{"get session:user:", "get session:3f2a9c01…"}},
		{name: "patterns", verb: "redis", option: "command", typed: "keys session:us", has: []string{"keys session:user:*"}},
		{name: "stages", verb: "redis", option: "command", typed: "keys session:* | so", has: []string{"keys session:* | sort"}},
		{name: "topics", verb: "help", option: "topic", typed: "sor", has: []string{"sort"}},
		{name: "roles", verb: "why", option: "role", has: []string{"oncall", "support"}},
		{name: "words of a command", verb: "why", option: "command", typed: "redis dbs", has: []string{"redis dbsize"}},
		{name: "nothing unknown", verb: "gone", option: "command"},
		{name: "nothing of an unknown option", verb: "redis", option: "gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := values(s.typing("ann", tt.verb, tt.form, tt.option, tt.typed, tt.others...))
			for _, want := range tt.has {
				if !slices.Contains(got, want) {
					t.Errorf("%q is not offered, but %q", want, got)
				}
			}
			for _, not := range tt.lacks {
				if slices.Contains(got, not) {
					t.Errorf("%q is offered", not)
				}
			}
			if len(tt.has) == 0 && len(got) > 0 {
				t.Errorf("offered are %q", got)
			}
		})
	}
}

func TestASuggestedKeyStandsForTheWholeKey(t *testing.T) {
	s := slashStage(t, sampleOfKeys)
	got := values(s.typing("ann", "redis", "", "command", "ttl session:3"))
	if len(got) != 1 {
		t.Fatalf("offered are %q", got)
	}
	reply := s.say(commands.Request{Text: "!redis " + got[0], Caller: s.people["ann"], Redact: true})
	if string(reply.Output) != "600\n" {
		t.Errorf("%s: %s%s", got[0], reply.Output, reply.Problem)
	}
}

func TestChangesAndPlansAreSuggested(t *testing.T) {
	s := slashStage(t, "SET a 1\nSET b 2\n")
	made := show(s.say(commands.Request{Text: "!redis set a 5", Caller: s.people["ann"]}))
	changes := s.typing("ann", "undo", "", "change", "")
	if len(changes) != 2 || changes[0].Value != "list" || !strings.Contains(changes[1].Label, "set a 5") {
		t.Errorf("after %s offered are %+v", made, changes)
	}
	elsewhere := s.people["ann"]
	elsewhere.Guild = "100000000000000002"
	s.people["ann"] = elsewhere
	if got := values(s.typing("ann", "undo", "", "change", "")); len(got) != 1 {
		t.Errorf("in another server offered are %q", got)
	}
}

// TestSuggestionsKeepToWhatSomebodyMaySee: those who may not read are told
// nothing, and those who may read a part are told of that part.
func TestSuggestionsKeepToWhatSomebodyMaySee(t *testing.T) {
	s := slashStage(t, sampleOfKeys)
	for _, v := range s.dispatcher.SlashVerbs() {
		for _, f := range v.Forms {
			for _, o := range f.Options {
				if got := s.typing("guest", v.Name, f.Name, o.Name, ""); len(got) > 0 {
					t.Errorf("%s %s, %s: a guest is offered %+v", v.Name, f.Name, o.Name, got)
				}
				all := fmt.Sprint(s.typing("sue", v.Name, f.Name, o.Name, ""), s.typing("sue", v.Name, f.Name, o.Name, "ttl "))
				if strings.Contains(all, "bob") || strings.Contains(all, "3f2a") || strings.Contains(all, "cart:") {
					t.Errorf("%s %s, %s: sue is offered %s", v.Name, f.Name, o.Name, all)
				}
			}
		}
	}
	if got := values(s.typing("sue", "sessions", "list", "user", "")); len(got) != 1 || got[0] != "ann@x.org" {
		t.Errorf("sue is offered %q", got)
	}
}

func TestSuggestionsFitWhereTheyAreShown(t *testing.T) {
	var keys strings.Builder
	for i := range 60 {
		fmt.Fprintf(&keys, "SET k%02d%s 1\n", i, strings.Repeat("é", i*2))
	}
	s := slashStage(t, keys.String())
	got := s.typing("ann", "redis", "", "command", "get k")
	if len(got) == 0 || len(got) > 25 {
		t.Errorf("%d are offered", len(got))
	}
	for _, g := range got {
		if utf8.RuneCountInString(g.Label) > 100 || utf8.RuneCountInString(g.Value) > 100 {
			t.Errorf("offered is %+v", g)
		}
	}
}

func TestKeysOfAllMastersAreSuggested(t *testing.T) {
	s := newStage(t, redistest.Cluster(t).URL(), map[string]string{
		"roles":  "oncall:\n  discord: [\"300000000000000001\"]\n  allow: [read]\n",
		"people": "ann: 300000000000000001\n",
		"keys":   "SET session:1 x\nSET cart:1 y\nSET foo:1 z\n", // three slots, each another master's
	})
	got := values(s.typing("ann", "redis", "", "command", "get "))
	if slices.Sort(got); !slices.Equal(got, []string{"get cart:", "get foo:", "get session:"}) {
		t.Errorf("offered are %q", got)
	}
}
