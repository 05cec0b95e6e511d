package commands_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/shell"
)

// slashStage is a stage on an embedded Redis that holds the keys.
func slashStage(t *testing.T, keys string) stage {
	t.Helper()
	server, err := embedded.Start(context.Background(), embedded.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return newStage(t, server.URL(), map[string]string{
		"roles": `
oncall:
  discord: ["300000000000000001"]
  allow: [read, write, destroy, configure, approve]
support:
  discord: ["300000000000000002"]
  allow: ["read session:user:ann@*"]
`,
		"people": "ann: 300000000000000001\nsue: 300000000000000002\nguest:\n",
		"keys":   keys,
	})
}

// TestEveryVerbCanBeFilledIn holds the table against what Discord takes.
func TestEveryVerbCanBeFilledIn(t *testing.T) {
	name := regexp.MustCompile(`^[-_a-z0-9]{1,32}$`)
	wellNamed := func(where, n, summary string) {
		t.Helper()
		if !name.MatchString(n) || summary == "" || len(summary) > 100 {
			t.Errorf("%s: %q, %q", where, n, summary)
		}
	}
	verbs := slashStage(t, "").dispatcher.SlashVerbs()
	for _, v := range verbs {
		wellNamed("verb", v.Name, v.Summary)
		if len(v.Forms) == 0 || len(v.Forms) > 25 {
			t.Errorf("%s has %d forms", v.Name, len(v.Forms))
		}
		for _, f := range v.Forms {
			where := v.Name + " " + f.Name
			if len(v.Forms) > 1 {
				wellNamed(where, f.Name, f.Summary)
			}
			optional, seen := false, make(map[string]bool)
			for _, o := range f.Options {
				wellNamed(where, o.Name, o.Summary)
				if seen[o.Name] || optional && o.Required || len(o.Choices) > 0 && o.Completes || len(f.Options) > 25 {
					t.Errorf("%s: option %s", where, o.Name)
				}
				seen[o.Name], optional = true, optional || !o.Required
			}
		}
	}
	if len(verbs) < 13 {
		t.Errorf("only %d verbs", len(verbs))
	}
}

func TestSlashLine(t *testing.T) {
	type values = map[string]string
	d := slashStage(t, "").dispatcher
	for _, tt := range []struct {
		verb, form string
		values     values
		want       string
	}{
		{"redis", "", values{"command": `keys session:* | wc -l`}, "!redis keys session:* | wc -l"},
		{"redis", "", values{"command": "for i in 1 2; do\necho $i\ndone"}, "!redis ```\nfor i in 1 2; do\necho $i\ndone\n```"},
		{"redis", "", values{"command": "```\nredis dbsize\n```"}, "!redis ```\nredis dbsize\n```"},
		{"config", "set", values{"key": "redis.session_ttl", "value": "24h"}, "!config set redis.session_ttl=24h"},
		{"config", "set", values{"key": "redis.session_ttl", "value": "1 $(x)", "more": "a=1 b='2'"}, `!config set redis.session_ttl='1 $(x)' a=1 'b='\''2'\'''`},
		{"config", "get", values{"keys": "a  b"}, "!config get a b"},
		{"config", "history", values{"n": "3"}, "!config history -n 3"},
		{"config", "import", values{"text": "redis.session_ttl=60\r\nx"}, "!config import 'redis.session_ttl=60\nx'"},
		{"sessions", "overview", nil, "!sessions"},
		{"sessions", "list", values{"user": "a b", "no-ttl": "true", "json": "false"}, "!sessions list --user 'a b' --no-ttl"},
		{"sessions", "top", values{"of": "users", "n": "5"}, "!sessions top users 5"},
		{"audit", "", values{"by": "42", "denied": "true"}, "!audit --by user:42 --denied"},
		{"why", "", values{"member": "42", "command": "redis get x"}, "!why user:42 redis get x"},
		{"why", "", values{"role": "oncall", "command": "redis get x; redis flushall"}, "!why role:oncall redis get 'x;' redis flushall"},
		{"undo", "", values{"change": "7f3a", "force": "true"}, "!undo 7f3a --force"},
		{"undo", "", nil, "!undo"},
		{"help", "", values{"topic": "$(redis flushall)"}, "!help '$(redis' 'flushall)'"},
		{"reveal", "", values{"command": "redis get x"}, "redis get x"},
		{"explain", "", values{"line": "redis get 'x'"}, `!explain 'redis get '\''x'\'''`},
	} {
		got, err := d.SlashLine(commands.SlashUse{Verb: tt.verb, Form: tt.form, Values: tt.values})
		if err != nil || got != tt.want {
			t.Errorf("%s %s %v: %q, %v, want %q", tt.verb, tt.form, tt.values, got, err, tt.want)
		}
	}
}

func TestWhatIsExplainedIsKeptWithoutItsSecrets(t *testing.T) {
	d := slashStage(t, "").dispatcher
	if kept := d.Kept("!explain 'redis auth hunter2hunter2'"); strings.Contains(kept, "hunter2") || !strings.Contains(kept, "redis auth") {
		t.Errorf("kept is %s", kept)
	}
}

func TestWhatCannotBeALineIsRefused(t *testing.T) {
	d := slashStage(t, "").dispatcher
	for _, use := range []commands.SlashUse{
		{Verb: "gone"}, {Verb: "config", Form: "gone"}, {Verb: "config"},
		{Verb: "help", Values: map[string]string{"topic": "a\x00b"}},
	} {
		if line, err := d.SlashLine(use); err == nil || !strings.HasPrefix(err.Error(), "`") {
			t.Errorf("%+v is %q, %v", use, line, err)
		}
	}
}

// lineEnds are those that a form of Discord's may send.
var lineEnds = regexp.MustCompile(`\r+\n`)

// TestAnOptionIsData: whatever is filled in, the line is the one call, with the
// option as one word of it.
func TestAnOptionIsData(t *testing.T) {
	d := slashStage(t, "").dispatcher
	any := rapid.OneOf(rapid.String(), rapid.StringMatching("[ '\"`$()\\\\\\r\\n;|&<>{}a~!#*=-]{0,16}"))
	rapid.Check(t, func(t *rapid.T) {
		value := lineEnds.ReplaceAllString(strings.ReplaceAll(any.Draw(t, "value"), "\x00", ""), "\n")
		line, err := d.SlashLine(commands.SlashUse{Verb: "config", Form: "set", Values: map[string]string{"key": "redis.session_ttl", "value": value}})
		if err != nil {
			t.Fatal(err)
		}
		program, err := shell.Parse(line)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		calls := program.Calls()
		if len(calls) != 1 || len(calls[0].Args) != 2 || calls[0].Args[1].Text != "redis.session_ttl="+value || !calls[0].Args[1].Literal {
			t.Fatalf("%q is %+v", line, calls)
		}
		if source, err := commands.SourceOf(line); err != nil || source != line {
			t.Fatalf("%q is read as %q, %v", line, source, err)
		}
	})
}

// What one caller is told of the verbs is no other's: several ask at once.
func TestEachCallerHasVerbsOfItsOwn(t *testing.T) {
	d := slashStage(t, "").dispatcher
	for _, v := range d.SlashVerbs() {
		for i := range v.Forms {
			v.Forms[i].Name = "changed"
		}
	}
	for _, v := range d.SlashVerbs() {
		for _, f := range v.Forms {
			if f.Name == "changed" {
				t.Fatalf("a form of %s was changed by another caller", v.Name)
			}
		}
	}
}
