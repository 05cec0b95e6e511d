package commands_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
)

const recordingRoles = "ops:\n  discord: [\"300000000000000001\"]\n  allow: [read, reveal, configure, audit]\n"

// recorded is a stage whose audit may be kept in another Redis than the keys.
type recorded struct {
	stage
	log *audit.Log
	ann permissions.Member
}

func newRecorded(t *testing.T, url string, o audit.Options) recorded {
	t.Helper()
	s := newStage(t, url, map[string]string{"roles": recordingRoles, "people": "ann: 300000000000000001"})
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	s.dispatcher.Audit = audit.Open(o)
	t.Cleanup(func() { s.dispatcher.Audit.Close() })
	ann := s.people["ann"]
	ann.Parent = "400000000000000001"
	return recorded{s, s.dispatcher.Audit, ann}
}

func (r recorded) ask(text string) commands.Reply {
	return r.dispatcher.Handle(context.Background(), commands.Request{ID: "77", Text: text, Caller: r.ann})
}

func (r recorded) find(t *testing.T, q audit.Query) []audit.Record {
	t.Helper()
	r.log.Flush(t.Context())
	list, err := r.log.Find(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestARecordSaysWhoAskedForWhat(t *testing.T) {
	core, logged := observer.New(zapcore.InfoLevel)
	server := redistest.Any(t)
	r := newRecorded(t, server.URL(), audit.Options{Client: server.Client(), Log: zap.New(core)})
	r.ask("!config set redis.session_ttl=7200 redis.session_cleanup=true redis.max_sessions_per_user=7")
	list := r.find(t, audit.Query{})
	if len(list) != 1 {
		t.Fatalf("%d records", len(list))
	}
	got := list[0].Entry
	got.Took = 0
	want := audit.Entry{
		Event: audit.Closed, Request: "77", By: r.ann.ID, Name: "ann", Roles: []string{"ops"},
		Guild: r.ann.Guild, Where: r.ann.Channel, Parent: r.ann.Parent,
		Line:     "!config set redis.session_ttl=7200 redis.session_cleanup=true redis.max_sessions_per_user=7",
		Commands: []string{"config set"}, Counts: map[string]int{"config set": 2},
		Changes: []string{"redis.max_sessions_per_user = 7 (was 5)", "redis.session_ttl = 7200 (was 86400)"},
		Outcome: "ok",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	lines := logged.FilterMessage("audit").All()
	if len(lines) != 2 || lines[0].ContextMap()["event"] != "open" || lines[1].ContextMap()["outcome"] != "ok" {
		t.Errorf("logged %v", lines)
	}
}

func TestCommandsAreRecordedByName(t *testing.T) {
	server := redistest.Any(t)
	r := newRecorded(t, server.URL(), audit.Options{Client: server.Client()})
	for line, want := range map[string][]string{
		"!redis keys a* | wc -l":               {"redis keys", "wc"},
		"!redis redis-cli CONFIG GET maxm* ":   {"redis config get"},
		"!echo k | xargs redis get":            {"echo", "xargs", "redis get"},
		"!hunter2":                             {"(unknown)"},
		"!redis hunter2":                       {"redis"},
		"!c=get; redis $c k":                   {"redis"},
		"!for k in a b; do redis ttl $k; done": {"redis ttl"},
	} {
		r.ask(line)
		list := r.find(t, audit.Query{N: 1})
		if len(list) != 1 || !slices.Equal(list[0].Commands, want) {
			t.Errorf("%s: recorded %+v, want %q", line, list, want)
		}
	}
}

func TestWhatCannotBeRecordedDoesNotRun(t *testing.T) {
	server, away := redistest.Any(t), redistest.Standalone(t)
	client := redis.NewClient(&redis.Options{Addr: away.Addr, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	r := newRecorded(t, server.URL(), audit.Options{Client: client})
	away.Kill()
	for _, line := range []string{"!config set redis.session_ttl=7200", "!redis slowlog get", "!c=get; redis slowlog $c"} {
		reply := r.ask(line)
		if reply.Outcome != commands.Unreachable || !strings.Contains(reply.Problem, "did not run") {
			t.Errorf("%s: %s %s %s", line, reply.Outcome, reply.Problem, reply.Output)
		}
	}
	if got := string(r.ask("!config get redis.session_ttl").Output); !strings.Contains(got, "86400") {
		t.Errorf("the setting is %s", got)
	}
	if reply := r.ask("!redis ping"); string(reply.Output) != "PONG\n" {
		t.Errorf("reading: %+v", reply)
	}
}

func TestReadingNeverWaitsForTheAudit(t *testing.T) {
	server, away := redistest.Any(t), redistest.Standalone(t)
	r := newRecorded(t, server.URL(), audit.Options{Client: away.Client()})
	away.Pause()
	t.Cleanup(away.Resume)
	began := time.Now()
	for range 20 {
		if reply := r.ask("!redis ping"); string(reply.Output) != "PONG\n" {
			t.Fatalf("%+v", reply)
		}
	}
	if took := time.Since(began); took >= 2*time.Second { // as one wait alone would
		t.Errorf("it took %v", took)
	}
}

func TestSilentDenialsAreRecordedAndChanceWordsAreNot(t *testing.T) {
	server := redistest.Any(t)
	r := newRecorded(t, server.URL(), audit.Options{Client: server.Client()})
	stranger := permissions.Member{ID: "900000000000000009", Name: "eve", Guild: "1", Channel: "2"}
	for _, text := range []string{"!redis flushdb", "!well I never"} {
		reply := r.dispatcher.Handle(context.Background(), commands.Request{Text: text, Caller: stranger})
		if !reply.Quiet {
			t.Fatalf("%s: %+v", text, reply)
		}
	}
	if list := r.find(t, audit.Query{}); len(list) != 1 || list[0].Line != "!redis flushdb" {
		t.Errorf("recorded %+v", list)
	}
}

func TestClicksAreRecorded(t *testing.T) {
	server := redistest.Any(t)
	r := newRecorded(t, server.URL(), audit.Options{Client: server.Client()})
	r.dispatcher.Clicked(r.ann, "page 2 of 77")
	list := r.find(t, audit.Query{By: "ANN"})
	if len(list) != 1 || list[0].Event != audit.Clicked || list[0].Line != "page 2 of 77" || list[0].Where != r.ann.Channel {
		t.Errorf("recorded %+v", list)
	}
}
