package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/redistest"
)

// spelled is one thing to ask in all three ways: as a line, and as the command and
// what is filled in.
type spelled struct {
	before string // what is said first, so that each way begins alike
	line   string // without the prefix
	slash  string
	args   discordtest.Args
}

func spellings() []spelled {
	type args = discordtest.Args
	return []spelled{
		{line: "redis keys session:* | sort | head -2", slash: "redis", args: args{"command": "keys session:* | sort | head -2"}},
		{line: "redis get 'a b'", slash: "redis", args: args{"command": "get 'a b'"}},
		{line: "redis nonsense", slash: "redis", args: args{"command": "nonsense"}},
		{line: "redis config set maxmemory 100mb", slash: "redis", args: args{"command": "config set maxmemory 100mb"}},
		{line: "redis del session:1 session:2", slash: "redis", args: args{"command": "del session:1 session:2"}},
		{line: "redis --scan --pattern 'session:*' | wc -l; echo $((1+1))", slash: "redis", args: args{"command": "--scan --pattern 'session:*' | wc -l; echo $((1+1))"}},
		{line: "sessions", slash: "sessions overview"},
		{line: "sessions count", slash: "sessions count"},
		{line: "sessions list --older 1h --no-ttl", slash: "sessions list", args: args{"older": "1h", "no-ttl": true}},
		{line: "sessions list --user 'a $(b)'", slash: "sessions list", args: args{"user": "a $(b)"}},
		{line: "sessions show 1", slash: "sessions show", args: args{"id": "1"}},
		{line: "sessions top users 2", slash: "sessions top", args: args{"of": "users", "n": 2}},
		{line: "sessions who 203.0.113.7", slash: "sessions who", args: args{"address": "203.0.113.7"}},
		{line: "sessions end 1", slash: "sessions end", args: args{"id": "1"}},
		{line: "sessions end --user ann --extra", slash: "sessions end", args: args{"user": "ann", "extra": true}},
		{line: "sessions extend 1 1h", slash: "sessions extend", args: args{"id": "1", "time": "1h"}},
		{line: "sessions fix-ttl", slash: "sessions fix-ttl"},
		{line: "sessions cleanup --plan", slash: "sessions cleanup", args: args{"plan": true}},
		{line: "config get redis.session_ttl discord.token", slash: "config get", args: args{"keys": "redis.session_ttl discord.token"}},
		{line: "config list redis.session", slash: "config list", args: args{"prefix": "redis.session"}},
		{before: "config unset alerts.session_count", line: "config set alerts.session_count=7", slash: "config set", args: args{"key": "alerts.session_count", "value": "7"}},
		{line: "config set alerts.session_count='many; redis flushall'", slash: "config set", args: args{"key": "alerts.session_count", "value": "many; redis flushall"}},
		{before: "config set alerts.session_count=8", line: "config unset alerts.session_count", slash: "config unset", args: args{"keys": "alerts.session_count"}},
		{line: "config history alerts.no_ttl -n 2", slash: "config history", args: args{"key": "alerts.no_ttl", "n": 2}},
		{line: "config diff", slash: "config diff"},
		{line: "config rollback 1000", slash: "config rollback", args: args{"revision": "1000"}},
		{line: "config profile production", slash: "config profile", args: args{"name": "production"}},
		{line: "config export", slash: "config export"},
		{before: "config unset alerts.no_ttl", line: "config import alerts.no_ttl=3", slash: "config import", args: args{"text": "alerts.no_ttl=3"}},
		{line: "config help redis.session_ttl", slash: "config help", args: args{"key": "redis.session_ttl"}},
		{line: "setup", slash: "setup"},
		{line: "guide", slash: "guide"},
		{line: "guide memory 2", slash: "guide", args: args{"arguments": "memory 2"}},
		{line: "alias list", slash: "alias", args: args{"arguments": "list"}},
		{before: "alias remove two", line: "alias two = redis keys session:* | wc -l", slash: "alias", args: args{"arguments": "two = redis keys session:* | wc -l"}},
		{line: "every list", slash: "every", args: args{"arguments": "list"}},
		{line: "every 1m: redis dbsize", slash: "every", args: args{"arguments": "1m: redis dbsize"}},
		{line: "status", slash: "status"},
		{line: "status watch 1m", slash: "status", args: args{"watch": true, "time": "1m"}},
		{line: "chart memory 8d", slash: "chart", args: args{"of": "memory", "back": "8d"}},
		{line: "alerts", slash: "alerts list"},
		{line: "alerts show nosuch", slash: "alerts show", args: args{"incident": "nosuch"}},
		{line: "alerts fix nosuch", slash: "alerts fix", args: args{"incident": "nosuch"}},
		{line: "alerts ack nosuch", slash: "alerts ack", args: args{"incident": "nosuch"}},
		{line: "alerts unack nosuch", slash: "alerts unack", args: args{"incident": "nosuch"}},
		{line: "alerts rules", slash: "alerts rules"},
		{line: "alerts test nosuch", slash: "alerts test", args: args{"rule": "nosuch"}},
		{line: "silence list", slash: "silence list"},
		{line: "silence nosuch 1h 'the $(reason)'", slash: "silence begin", args: args{"target": "nosuch", "time": "1h", "reason": "the $(reason)"}},
		{line: "silence end nosuch", slash: "silence end", args: args{"silence": "nosuch"}},
		{before: "redis set a 2", line: "undo", slash: "undo"},
		{line: "undo nosuch", slash: "undo", args: args{"change": "nosuch"}},
		{line: "undo nosuch --force", slash: "undo", args: args{"change": "nosuch", "force": true}},
		{line: "pending", slash: "pending"},
		{line: "approve nosuch", slash: "approve", args: args{"plan": "nosuch"}},
		{line: "instances", slash: "instances"},
		{line: "instances --json", slash: "instances", args: args{"json": true}},
		{line: "audit --denied 1", slash: "audit", args: args{"denied": true, "n": 1}},
		{line: "audit --since 1s --verb version", slash: "audit", args: args{"since": "1s", "verb": "version"}},
		{line: "reveal", slash: "reveal"},
		{line: "why redis del session:1", slash: "why", args: args{"command": "redis del session:1"}},
		{line: "why role:oncall audit", slash: "why", args: args{"role": "oncall", "command": "audit"}},
		{line: "explain 'redis keys * | wc -l'", slash: "explain", args: args{"line": "redis keys * | wc -l"}},
		{line: "help", slash: "help"},
		{line: "help sort", slash: "help", args: args{"topic": "sort"}},
		{line: "help '$(redis' 'dbsize)'", slash: "help", args: args{"topic": "$(redis dbsize)"}},
		{line: "version", slash: "version"},
	}
}

// TestEveryVerbIsTheSameByLineMentionAndSlash asks everything in three ways of a
// running Helix. What is registered and stands in no row fails.
func TestEveryVerbIsTheSameByLineMentionAndSlash(t *testing.T) {
	server := redistest.Any(t)
	client := server.Client()
	for _, set := range [][]any{
		{"set", "session:1", `{"user_id":"ann","created_at":1,"last_accessed":1}`, "ex", 5000},
		{"set", "session:2", `{}`, "ex", 5000}, {"set", "a b", "blank"}, {"set", "a", "1"},
	} {
		if err := client.Do(t.Context(), set...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	acme := newPlace(t)
	acme.mayEverything(t)
	acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_STATE_DIR="+t.TempDir(), "HELIX_ALERTS_HOLD=1d", "HELIX_ALERTS_INTERVAL=1h")
	acme.discord.AwaitRequests(setGuildCommands, 1)
	ann := acme.As("ann")
	awaitAnswer(t, ann, "!version", "helix")
	for _, s := range spellings() {
		prepare := func() {
			if s.before != "" {
				ann.Says("#ops", "!"+s.before).Sees()
			}
		}
		prepare()
		typed := answered(ann.Says("#ops", "!"+s.line).Sees())
		prepare()
		mentioned := answered(ann.Says("#ops", acme.Mention("helix")+" "+s.line).Sees())
		prepare()
		used := answered(ann.Slash("#ops", s.slash, s.args).Sees())
		if typed == "" || mentioned != typed || used != typed {
			t.Errorf("%s\nby line:\n%s\nby mention:\n%s\nby /%s %v:\n%s", s.line, typed, mentioned, s.slash, s.args, used)
		}
	}
	for _, name := range registeredForms(t, acme.discord) {
		if !slices.ContainsFunc(spellings(), func(s spelled) bool { return s.slash == name }) {
			t.Errorf("/%s stands in no row", name)
		}
	}
}

const setGuildCommands = "bulk_set_guild_application_commands"

// mayEverything gives ann every right that a line of the table could need.
func (p *place) mayEverything(t *testing.T) {
	t.Helper()
	writeFile(t, p.dir, "config.yaml", `permissions:
  roles:
    oncall:
      discord: ["`+p.RoleID("oncall")+`"]
      allow: [read, write, destroy, admin, configure, approve, audit, alerts]
`)
}

// Times differ, and so does what is said of them in small type; connections come
// and go, and measuring keeps keys of its own.
var (
	blanks    = regexp.MustCompile(` +`) // a column is as wide as the times in it
	smallType = regexp.MustCompile(`(?m)^-# .*\n?`)
	moments   = regexp.MustCompile(`\*\*(Keys|Clients)\*\* \d+|\d+ min( \d+ s)?|\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d(\.\d+Z)?|up \d+ (s|min)|revision \d+|\d+ (s|min) ago|\br\d+\b|[\d.]+[KM]\b|#…\d+`)
)

// answered is what an answer says, its files included.
func answered(m *discordtest.Message) string {
	text := timeless(smallType.ReplaceAllString(m.Text(), ""))
	for _, f := range m.Attachments {
		text += "\n" + f.Name
		if !strings.HasSuffix(f.Name, ".png") { // a picture shows the time
			text += "\n" + timeless(string(f.Data))
		}
	}
	return strings.TrimSpace(text)
}

// timeless is a text without what differs from one moment to the next.
func timeless(text string) string {
	return blanks.ReplaceAllString(moments.ReplaceAllString(text, "·"), " ")
}

// registeredForms answers what can be chosen: commands, or their sub-commands.
func registeredForms(t *testing.T, d *discordtest.Discord) []string {
	t.Helper()
	type option struct {
		Type int
		Name string
	}
	var registered []struct {
		Type    int
		Name    string
		Options []option
	}
	if err := json.Unmarshal(d.RequestsTo(setGuildCommands)[0].Body, &registered); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range registered {
		switch {
		case c.Type != 1:
		case len(c.Options) > 0 && c.Options[0].Type == 1:
			for _, o := range c.Options {
				names = append(names, c.Name+" "+o.Name)
			}
		default:
			names = append(names, c.Name)
		}
	}
	return names
}

// TestASlashConversation goes the ways that are no lines: completion, the large
// field, the menu of a message, and what only its asker sees.
func TestASlashConversation(t *testing.T) {
	server := redistest.Any(t)
	client := server.Client()
	if err := client.Set(t.Context(), "session:3f2a9c01-77aa-4b11-8c1e-000000000001", `{"token":"s3cr3t-t0ken-value"}`, 0).Err(); err != nil {
		t.Fatal(err)
	}
	acme := newPlace(t)
	acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_STATE_DIR="+t.TempDir())
	acme.discord.AwaitRequests(setGuildCommands, 1)
	ann, guest := acme.As("ann"), acme.As("guest")
	awaitAnswer(t, ann, "!version", "helix")

	typed := discordtest.Args{"command": "ttl session:"}
	offered := ann.Completes("#ops", "redis", "command", typed)
	if !slices.Equal(offered, []string{"ttl session:3f2a9c01…"}) {
		t.Errorf("ann is offered %q", offered)
	}
	if offered := guest.Completes("#ops", "redis", "command", typed); len(offered) > 0 {
		t.Errorf("a guest is offered %q", offered)
	}
	ann.Slash("#ops", "redis", discordtest.Args{"command": offered[0]}).Sees("-1")

	if denied := guest.Slash("#ops", "redis", discordtest.Args{"command": "dbsize"}).Sees("You need **read**"); !denied.Ephemeral {
		t.Error("everybody sees a denial")
	}
	form := ann.Slash("#ops", "redis", nil)
	script := "for i in 1 2; do\n  echo \"line $i\"\ndone"
	ann.Submits(form, map[string]string{form.Form().Fields[0].CustomID: script}).Sees("line 1\nline 2")

	said := guest.Says("#talk", "!redis set a 5")
	if denied := guest.Chooses(said, "Run as Helix command").Sees("You need **write**"); !denied.Ephemeral {
		t.Error("everybody sees a denial")
	}
	plan := ann.Chooses(said, "Run as Helix command").Sees("Plan:")
	if n := client.Exists(t.Context(), "a").Val(); n != 0 {
		t.Error("it was run without a confirmation")
	}
	ann.Clicks(plan, "Confirm")
	plan.Becomes("OK")
	if now := client.Get(t.Context(), "a").Val(); now != "5" {
		t.Errorf("a is %q", now)
	}
	ann.Chooses(said, "Explain this result").Sees("redis set a 5", "It needs write: you may.")
	ann.Chooses(plan.Now(), "Explain this result").Sees("redis set a 5")
}
