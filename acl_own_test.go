package main

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/internal/redistest"
)

// ownLines are lines without a typed Redis command.
var ownLines = []string{
	"!status", "!config set redis.session_ttl=7200", "!config set redis.session_ttl=7100 redis.session_cleanup_interval=600",
	"!config history", "!config diff", "!config rollback 1", "!config list",
	"!alias hi = echo hi", "!hi", "!alias", "!alias remove hi", "!pending",
	"!audit", "!audit verify", "!alerts", "!alerts test memory", "!silence memory 1h for a test", "!silence", "!silence end memory", "!chart memory",
	"!sessions", "!sessions count", "!sessions list", "!sessions top users", "!sessions top size", "!sessions who 203.0.113.7", "!sessions list --user ann",
	"!sessions fix-ttl", "!sessions end --user ann", "!sessions cleanup", "!sessions cleanup --foreign",
	"!explain redis keys x", "!why redis del x",
}

// seldom are commands that it takes long to come to, and the scripts that do.
var seldom = map[string]string{"xtrim": "audit/store.go", "xlen": "audit/store.go", "zremrangebyrank": "greeted.go", "hexists": "schedules/run.go", "zscore": "sessions/lua_create.go"}

// What Helix does by itself it does with the rights of its own features alone,
// and each of those is of use: none of the lines has a typed Redis command.
func TestEveryRightOfHelixsOwnIsUsed(t *testing.T) {
	needs := acl.Needs{Features: []acl.Name{acl.Base, acl.Sessions, acl.Alerts}}
	server := redistest.Restricted(t, needs.Rules(), "--notify-keyspace-events", "En")
	makeSessions(t, server.Client(), 3, 0)
	if err := server.Client().ConfigResetStat(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	acme := newChangingPlace(t, "read, destroy, configure, alerts, audit", "")
	speakOfSessions(t, acme, server)
	serveSessions(t, server)
	if got := runHelixIn(t, acme.dir, nil, "", append([]string{"exec", "--redis", server.URL(), "--yes"}, ownLines...)...); got.status != exitOK {
		t.Errorf("%+v", got)
	}
	if got := runHelixIn(t, acme.dir, nil, "", "exec", "--redis", server.URL()+"/2", "!status"); got.status != exitOK {
		t.Errorf("in another database: %+v", got)
	}
	for _, refused := range server.Refusals(redistest.User) {
		t.Errorf("refused: %s", refused)
	}
	checked := runHelixIn(t, acme.dir, nil, "", "check", "--redis", server.URL())
	for _, says := range []string{"Refused for read (typed commands that read)", "Refused for write", "+@write", "Refused for undo"} {
		if !strings.Contains(checked.stdout, says) {
			t.Errorf("check does not say %q:\n%s", says, checked.stdout)
		}
	}
	used := server.Used()
	for _, word := range wordsOf(needs.Features...) {
		if !used[word] && !standsIn(t, seldom[word], "'"+strings.ToUpper(word)+"'") {
			t.Errorf("%s is never sent", word)
		}
	}
}

// speakOfSessions has the bot watch, plan and end sessions.
func speakOfSessions(t *testing.T, acme *place, server *redistest.Server) {
	bot := acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_ALERTS_INTERVAL=1", "HELIX_ALERTS_HOLD=0", "HELIX_ALERTS_SESSION_COUNT=1")
	acme.discord.Gateway().AwaitReady(1)
	acme.In("#ops").Sees("Too many sessions", "firing")
	ann := acme.As("ann")
	shown := ann.Says("#ops", "!sessions end --user p").Sees("Plan: end 3 sessions")
	ann.Submits(ann.Clicks(shown, "Confirm…"), map[string]string{"word": "forever"})
	shown.Becomes("Ended 3")
	ann.Says("#ops", "!every 1h: status").Sees("Schedule")
	ann.Says("#ops", "!every").Sees("Schedules")
	bot.stop(t)
}

// serveSessions has the session service go through the life of a session.
func serveSessions(t *testing.T, server *redistest.Server) {
	service := launchServe(t, server.URL())
	address := serviceOf(t, service)
	var token string
	for range 7 { // two more than one person may have
		status, made := ask(t, address, http.MethodPost, "/v1/sessions", `{"user_id":"ann","ip":"203.0.113.7"}`)
		if status != http.StatusCreated {
			t.Errorf("create: %d %v", status, made)
		}
		token, _ = made["token"].(string)
	}
	for _, path := range []string{"validate", "regenerate"} {
		status, answer := ask(t, address, http.MethodPost, "/v1/sessions/"+path, `{"token":"`+token+`","ip":"203.0.113.7"}`)
		if status != http.StatusOK {
			t.Errorf("%s: %d %v", path, status, answer)
		}
		if next, ok := answer["token"].(string); ok {
			token = next
		}
	}
	if status, answer := ask(t, address, http.MethodPost, "/v1/sessions/destroy", `{"token":"`+token+`"}`); status >= http.StatusBadRequest {
		t.Errorf("destroy: %d %v", status, answer)
	}
	service.stop(t)
}

// wordsOf lists the commands of features.
func wordsOf(names ...acl.Name) []string {
	var words []string
	for _, f := range acl.Features() {
		if !slices.Contains(names, f.Name) {
			continue
		}
		for _, g := range f.Grants {
			words = append(words, strings.Fields(g.Commands)...)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func standsIn(t *testing.T, file, text string) bool {
	t.Helper()
	if file == "" {
		return false
	}
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(source), text)
}

// asGenerated lists conversations that are held again by a user with all rights
// that are ever generated, and no more. What that user is refused fails them.
// The whole suite runs so with HELIX_REDIS_RULES=all.
func asGenerated() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"plan, confirm, flush and undo": TestAChangeOutlivesTheBot,
		"cleanup":                       TestCleanupGoesByTheLiveSettings,
	}
}

func TestConversationsOfTheGeneratedUser(t *testing.T) {
	t.Setenv(redistest.Rules, redistest.AllRules)
	for name, conversation := range asGenerated() {
		t.Run(name, conversation)
	}
}
