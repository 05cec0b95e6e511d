package commands_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/zap"
	"gopkg.in/yaml.v3"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/series"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell/text"
)

func TestMain(m *testing.M) {
	if handled, status := text.RunWorker(); handled {
		os.Exit(status)
	}
	os.Exit(redistest.Shared(m).Run())
}

// TestTranscripts holds conversations: each file of testdata says who takes
// part, what Redis holds, and what is said and answered. A message is a line
// "name> …", or several if they are indented; what follows is the answer. A
// line of the answer that is "…" stands for any lines. They read the same where
// answers are redacted: nothing in them is secret. Each is played on every kind
// of Redis, or on those alone that its part "servers" names: single, or cluster.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			servers := strings.TrimSpace(readParts(t, file)["servers"])
			if servers == "cluster" {
				redistest.EachCluster(t, func(t *testing.T, url string, _ redis.UniversalClient) { playTranscript(t, file, url, false) })
				return
			}
			t.Run("embedded", func(t *testing.T) {
				server, err := embedded.Start(context.Background(), embedded.Options{Empty: true})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { server.Close() })
				playTranscript(t, file, server.URL(), true)
			})
			redistest.EachReal(t, func(t *testing.T, url string, client redis.UniversalClient) {
				if _, cluster := client.(*redis.ClusterClient); !cluster || servers == "" {
					playTranscript(t, file, url, false)
				}
			})
		})
	}
}

// The same conversations are held by a user of Redis who has just the rights that
// are ever generated.
func TestTranscriptsOfTheGeneratedUser(t *testing.T) {
	t.Setenv(redistest.Rules, redistest.AllRules)
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.TrimSpace(readParts(t, file)["servers"]) == "cluster" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			playTranscript(t, file, redistest.Standalone(t).URL(), false)
		})
	}
}

// stage is a transcript's setting: roles, people, keys.
type stage struct {
	dispatcher *commands.Dispatcher
	client     redis.UniversalClient
	people     map[string]permissions.Member
	plan       string // the last that was shown
	change     string // the last that an answer named
}

// changeNamed finds the change that an answer names.
func changeNamed(answer string) (id string, ok bool) {
	_, after, _ := strings.Cut(answer, "`!undo ")
	id, _, ok = strings.Cut(after, "`")
	id, _, _ = strings.Cut(id, " ")
	return id, ok
}

// say answers a message, or a button: [Confirm], with the word behind it where
// one is to be typed, [Cancel] and [Approve] speak of the last plan, as PLAN does
// in a message.
func (s *stage) say(req commands.Request) commands.Reply {
	ctx := context.Background()
	press, isPress := strings.CutPrefix(req.Text, "[")
	if !isPress {
		req.Text = strings.NewReplacer("PLAN", s.plan, "ID", s.change).Replace(req.Text)
		reply := s.dispatcher.Handle(ctx, req)
		if reply.Plan != nil {
			s.plan = reply.Plan.ID
		}
		return reply
	}
	button, word, _ := strings.Cut(strings.TrimSuffix(press, "]"), " ")
	c := commands.Confirmation{Request: req, Plan: s.plan, Word: word}
	switch button {
	case "Cancel":
		_, reply := s.dispatcher.Cancel(ctx, c)
		return reply
	case "Approve":
		_, reply := s.dispatcher.Approve(ctx, c)
		reply.Plan = nil
		return reply
	}
	run, refusal := s.dispatcher.Confirm(ctx, c)
	if run == nil {
		return refusal
	}
	reply := run(ctx)
	reply.Problem = strings.TrimPrefix(reply.Problem+"\n"+reply.Footer, "\n")
	return reply
}

func playTranscript(t *testing.T, file, url string, redact bool) {
	parts := readParts(t, file)
	s := newStage(t, url, parts)
	for _, e := range readExchanges(t, parts["conversation"]) {
		member, ok := s.people[e.who]
		if !ok {
			t.Fatalf("line %d: nobody is called %q", e.line, e.who)
		}
		reply := s.say(commands.Request{Text: e.message, Caller: member, Redact: redact})
		if id, ok := changeNamed(show(reply)); ok {
			s.change = id
			e.answer = strings.ReplaceAll(e.answer, "ID", id)
		}
		if got := show(reply); !matches(got, e.answer) {
			t.Errorf("%s:%d\n%s> %s\ngot:\n%s\nwant:\n%s", file, e.line, e.who, e.message, got, e.answer)
		}
	}
}

// readParts reads the parts of a transcript.
func readParts(t *testing.T, file string) map[string]string {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := make(map[string]string)
	for _, f := range archive.Files {
		parts[f.Name] = string(f.Data)
	}
	return parts
}

// show writes a reply as a transcript does: the output, what went wrong, the
// hints. A reply that is not sent shows as "(silence)".
func show(r commands.Reply) string {
	if r.Quiet {
		return "(silence)\n"
	}
	out := string(r.Output)
	if out != "" && !strings.HasSuffix(out, "\n") {
		out += "\n"
	}
	if r.Problem != "" {
		out += r.Problem + "\n"
	}
	if r.Plan != nil {
		out += r.Plan.Text + "\n"
		if r.Plan.Approval != "" {
			out += r.Plan.Approval + "\n"
		}
		if r.Plan.Word != "" {
			out += "[Confirm " + r.Plan.Word + "]\n"
		}
	}
	for _, h := range r.Hints {
		out += "hint: " + h + "\n"
	}
	return out
}

// matches compares an answer with what is wanted, where "…" alone on a line
// stands for any lines, and "…" within one for any text.
func matches(got, want string) bool {
	for i, part := range strings.Split(want, "…") {
		at := strings.Index(got, part)
		if at < 0 || i == 0 && at != 0 {
			return false
		}
		got = got[at+len(part):]
	}
	return got == "" || strings.HasSuffix(want, "…\n") || strings.HasSuffix(want, "…")
}

// exchange is one message and its answer.
type exchange struct {
	line                 int
	who, message, answer string
}

func readExchanges(t *testing.T, conversation string) []exchange {
	t.Helper()
	var all []exchange
	for i, line := range strings.Split(strings.TrimSuffix(conversation, "\n"), "\n") {
		who, message, ok := strings.Cut(line, "> ")
		switch {
		case ok && !strings.ContainsAny(who, " \t") && who != "":
			all = append(all, exchange{line: i + 1, who: who, message: strings.TrimSpace(message)})
		case len(all) == 0:
			t.Fatalf("line %d: nobody says %q", i+1, line)
		case strings.HasPrefix(line, "\t"):
			all[len(all)-1].message += "\n" + strings.TrimPrefix(line, "\t")
		default:
			all[len(all)-1].answer += line + "\n"
		}
	}
	return all
}

func newStage(t *testing.T, url string, parts map[string]string) stage {
	t.Helper()
	ctx := context.Background()
	var roles map[string]permissions.Role
	if err := yaml.Unmarshal([]byte(parts["roles"]), &roles); err != nil {
		t.Fatal(err)
	}
	policy, err := permissions.New(roles)
	if err != nil {
		t.Fatal(err)
	}
	target, err := dial.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	pool := dial.NewPool(target, dial.Options{PoolSize: 10, Timeout: 5 * time.Second})
	t.Cleanup(func() { pool.Close() })
	client, err := pool.Main()
	if err != nil {
		t.Fatal(err)
	}
	fillKeys(t, client, parts["keys"])
	base, err := settings.Load(settings.Options{Flags: readSettings(parts["settings"])})
	if err != nil {
		t.Fatal(err)
	}
	var records *audit.Log
	if key, ok := parts["audit"]; ok {
		records = audit.Open(audit.Options{Client: client, Log: zap.NewNop(), Key: strings.TrimSpace(key)})
		t.Cleanup(func() { records.Close() })
	}
	waiting, kept := openChanges(t, client)
	live := settings.Open(ctx, client, base)
	store := sessions.New(client, sessions.Live(live), sessions.Options{})
	watch, err := alerts.New(alerts.Options{Client: client, Settings: live})
	if err != nil {
		t.Fatal(err)
	}
	return stage{
		client: client,
		people: readPeople(t, parts["people"]),
		dispatcher: commands.New(commands.Options{
			Alerts:   watch,
			Series:   series.New(client, series.Usual()...),
			Audit:    records,
			Plans:    waiting,
			Journal:  kept,
			Guard:    guard.New(pool, policy, guard.Options{Ended: store.Ended, Lone: true}),
			Sessions: store,
			Settings: live,
			Policy:   policy,
			Client:   client,
			Log:      zap.NewNop(),
			Redis:    "redis://test",
			Version:  "helix test",
		}),
	}
}

// readSettings reads lines "key: value".
func readSettings(text string) map[string]string {
	values := make(map[string]string)
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		values[key] = strings.TrimSpace(value)
	}
	return values
}

// openChanges prepares what changes need, in a folder of the test's own.
func openChanges(t testing.TB, client redis.UniversalClient) (*plans.Store, *journal.Journal) {
	t.Helper()
	dir := t.TempDir()
	waiting, err := plans.Open(plans.Options{Client: client, Dir: filepath.Join(dir, "plans")})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := journal.Open(journal.Options{Dir: filepath.Join(dir, "journal"), MaxBytes: 1 << 30, Retention: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return waiting, kept
}

// readPeople reads lines "name: owner", "name: local" or "name: role ids".
func readPeople(t *testing.T, text string) map[string]permissions.Member {
	t.Helper()
	people := make(map[string]permissions.Member)
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		name, is, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("people: %q", line)
		}
		m := permissions.Member{ID: fmt.Sprint(900000000000000000 + i), Name: name, Guild: "100000000000000001", Channel: "200000000000000001"}
		switch words := strings.Fields(is); {
		case len(words) == 1 && words[0] == "owner":
			m.Owner = true
		case len(words) == 1 && words[0] == "local":
			m = permissions.Member{Name: name, Local: true}
		default:
			m.Roles = words
		}
		people[name] = m
	}
	return people
}

// fillKeys runs lines of Redis commands, words separated by blanks.
func fillKeys(t *testing.T, client redis.UniversalClient, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		var args []any
		for _, w := range strings.Fields(line) {
			args = append(args, w)
		}
		if len(args) == 0 {
			continue
		}
		if err := client.Do(context.Background(), args...).Err(); err != nil {
			t.Fatalf("%s: %v", strings.TrimSpace(line), err)
		}
	}
}
