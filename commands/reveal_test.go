package commands_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/redact"
)

const (
	revealRoles = `oncall:
  discord: ["300000000000000001"]
  allow: [read, write, destroy, mint, reveal, admin, configure]
part:
  discord: ["300000000000000002"]
  allow: [read, "reveal session:user:ann*"]
reader:
  discord: ["300000000000000003"]
  allow: [read, admin]
`
	revealPeople = "ann: 300000000000000001\npat: 300000000000000002\nrob: 300000000000000003"
	wholeEve     = "session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab"
)

func revealStage(t *testing.T) stage {
	t.Helper()
	return newStage(t, redistest.Any(t).URL(), map[string]string{"roles": revealRoles, "people": revealPeople, "keys": redactedKeys, "audit": "key"})
}

func TestAnAnswerSaysThatItHidesSomething(t *testing.T) {
	s := revealStage(t)
	for line, want := range map[string]bool{
		"!redis get session:3f2a9c01…":                  true,
		"!redis get session:3f2a9c01… | sed 's/./& /g'": true,
		"!redis keys session:3*":                        true,
		"!redis keys session:3* | cut -c 1-18":          true,
		"!redis getbit account 1":                       false,
		"!redis dump session:3f2a9c01…":                 true,
		"!redis hgetall account":                        true,
		"!redis keys session:* | wc -l":                 false,
		"!redis get session:abc123":                     false,
		"!redis dbsize":                                 false,
		"!redis info":                                   false,
		"!redis del session:3f2a9c01… session:abc123":   false,
		"!redis monitor --for 1s":                       false,
	} {
		r := s.dispatcher.Handle(context.Background(), commands.Request{Text: line, Caller: s.people["ann"], Redact: true})
		if r.Hidden != want {
			t.Errorf("%s: %v, with %s%s", line, r.Hidden, r.Output, r.Problem)
		}
		if whole := s.dispatcher.Handle(context.Background(), commands.Request{Text: line, Caller: s.people["ann"], Mode: commands.Only}); whole.Hidden {
			t.Errorf("%s hides something where nothing is hidden", line)
		}
	}
}

// What is revealed is what the presser's right covers, and no more than reads.
func TestRevealing(t *testing.T) {
	s := revealStage(t)
	for _, c := range []struct{ who, line, want string }{
		{"ann", "!redis get session:3f2a9c01…", `{"user_id":"eve","csrf":"hunter2"}`},
		{"ann", "!redis keys session:3*", wholeEve},
		{"ann", "!redis keys session:3* | xargs -n 1 redis get", "hunter2"},
		{"ann", "!redis hvals account", "ann\nhunter2\n5\n"},
		{"ann", "!redis getrange session:3f2a9c01… 24 99", "hunter2"},
		{"ann", "!redis --json hgetall account", `"password":"hunter2"`},
		{"pat", "!redis get session:user:ann@example.com:{9f3a}00112233…", "s3cr3t"},
		{"pat", "!redis keys session:user:*", "session:user:ann@example.com:{9f3a}0011223344556677\n"},
		{"pat", "!redis keys session:user:*", "session:user:bob@example.com:{77aa}deadbeef…\n"},
		{"pat", "!redis keys session:user:*", "You may reveal only keys like `session:user:ann*`. The rest stays hidden."},
		{"pat", "!redis get session:3f2a9c01…", "You may reveal only keys like"},
		{"pat", "!redis mget session:3f2a9c01… session:user:ann@example.com:{9f3a}00112233…", "You may reveal only keys like"},
		{"rob", "!redis get session:3f2a9c01…", "You need **reveal**"},
		{"ann", "!redis set session:abc123 1", "Only an answer that was read from Redis"},
		{"ann", "!redis keys session:3* | xargs redis del", "Only an answer that was read from Redis"},
		{"ann", "!undo list", "Only an answer that was read from Redis"},
		{"ann", "!config set redis.session_ttl=7200", "Only an answer that was read from Redis"},
		{"ann", "!redis monitor --for 1s", "nothing of it can be shown once more"},
		{"ann", "!for v in config; do $v set redis.session_ttl=7200; done", "config"},
		{"ann", "!for v in del; do redis $v session:abc123; done", ""},
	} {
		r := s.dispatcher.Reveal(context.Background(), commands.Request{Text: c.line, Caller: s.people[c.who]})
		shown := string(r.Output) + r.Problem + strings.Join(r.Hints, " ")
		if !strings.Contains(shown, c.want) || r.Plan != nil || r.Hidden {
			t.Errorf("%s> %s\n got %s\nwant %s", c.who, c.line, shown, c.want)
		}
		if c.who != "ann" && strings.Contains(shown, "hunter2") {
			t.Errorf("%s> %s shows %s", c.who, c.line, shown)
		}
	}
	if n := redistest.Exist(t, s.client, wholeEve, "session:abc123"); n != 2 {
		t.Errorf("something was taken away")
	}
	if r := s.dispatcher.Handle(context.Background(), commands.Request{Text: "!config get redis.session_ttl", Caller: s.people["ann"]}); !strings.Contains(string(r.Output), "86400") {
		t.Errorf("something was set: %s", r.Output)
	}
}

func TestSecretsOfHelixItselfAreNeverRevealed(t *testing.T) {
	s := revealStage(t)
	var err error
	if s.dispatcher.Redactor, err = redact.New(redact.Options{Own: []string{"own.secret"}}); err != nil {
		t.Fatal(err)
	}
	s.client.Set(t.Context(), "note", "token=x own.secret", 0)
	for _, reveal := range []func(context.Context, commands.Request) commands.Reply{s.dispatcher.Reveal, s.dispatcher.Handle} {
		r := reveal(context.Background(), commands.Request{Text: "!redis get note", Caller: s.people["ann"], Redact: true})
		if strings.Contains(string(r.Output), "own.secret") || !strings.Contains(string(r.Output), redact.Mask) {
			t.Errorf("got %s%s", r.Output, r.Problem)
		}
	}
}

func TestWhatIsRevealedIsRecordedBefore(t *testing.T) {
	s := revealStage(t)
	ctx := context.Background()
	for _, who := range []string{"ann", "rob"} {
		s.dispatcher.Reveal(ctx, commands.Request{ID: "77" + who, Text: "!redis get session:3f2a9c01…", Caller: s.people[who]})
	}
	s.dispatcher.Audit.Flush(ctx)
	list, err := s.dispatcher.Audit.Find(ctx, audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]string{"ann": "ok", "rob": "denied"} {
		i := slices.IndexFunc(list, func(r audit.Record) bool { return r.Request == "77"+who })
		if i < 0 || list[i].Outcome != want || list[i].Line != "!redis get session:3f2a9c01…" || !slices.Contains(list[i].Commands, "reveal") || who == "ann" && list[i].Event != audit.Closed {
			t.Errorf("%s: recorded is %+v", who, list)
		}
	}
	away := redis.NewClient(&redis.Options{})
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	s.dispatcher.Audit = audit.Open(audit.Options{Client: away, Log: s.dispatcher.Log})
	t.Cleanup(func() { s.dispatcher.Audit.Close() })
	if r := s.dispatcher.Reveal(ctx, commands.Request{Text: "!redis get session:3f2a9c01…", Caller: s.people["ann"]}); strings.Contains(string(r.Output), "hunter2") || r.Outcome != commands.Unreachable {
		t.Errorf("without a record it answers %s: %s%s", r.Outcome, r.Output, r.Problem)
	}
}
