package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot/discordtest"
	"github.com/helix-collective/helix/internal/redistest"
)

// planted are secrets, each by where it was put. None of them may be shown.
var planted = map[string]string{
	"a value":              "hunter2-in-a-value",
	"a hash":               "hunter2-in-a-hash",
	"the id of a session":  "77aa-4bbb-8ccc",
	"another id":           "8899aabbccddeeff",
	"the password":         "hunter2-of-redis",
	"the audit's key":      "hunter2-of-the-audit-0123456789abcdef",
	"a header":             "hunter2-of-railway",
	"typed by its field":   "hunter2typedinafield",
	"typed by its key":     "hunter2typedforakey",
	"typed in JSON":        "hunter2typedinjson",
	"typed in what breaks": "hunter2typedunread",
}

const plantedKeys = `SETEX session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab 5000 {"user_id":"ann","token":"hunter2-in-a-value"}
SETEX session:user:ann:{9f3a}0011223344556677 5000 {"token":"hunter2-in-a-value"}
SETEX session:user:bob:{77ab}8899aabbccddeeff 5000 {"token":"hunter2-in-a-value"}
HSET account name ann password hunter2-in-a-hash
SET otp:ann hunter2-in-a-value
RPUSH list token=hunter2-in-a-value`

// leaksIn answers which of the planted secrets a text holds.
func leaksIn(text string) (list []string) {
	for where, secret := range planted {
		if strings.Contains(text, secret) {
			list = append(list, where)
		}
	}
	return list
}

func plantedServer(t *testing.T) (url string, client *redis.Client) {
	t.Helper()
	server := redistest.Standalone(t)
	client = server.Client()
	for line := range strings.Lines(plantedKeys) {
		var args []any
		for _, word := range strings.Fields(line) {
			args = append(args, word)
		}
		if err := client.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.ConfigSet(t.Context(), "requirepass", planted["the password"]).Err(); err != nil {
		t.Fatal(err)
	}
	client = redis.NewClient(&redis.Options{Addr: server.Addr, Password: planted["the password"]})
	t.Cleanup(func() { client.Close() })
	return strings.Replace(server.URL(), "redis://", "redis://:"+planted["the password"]+"@", 1), client
}

// plantedReads are lines that could show a secret, and what they end in does not
// matter.
var plantedReads = []string{
	"keys *", "--json keys *", "--scan", "scan 0", "randomkey", "get session:3f2a9c01…", "get session:3f2a9c01… | sed 's/./& /g' | tr -d ' '",
	"mget session:3f2a9c01… otp:ann", "getrange session:3f2a9c01… 0 60", "dump otp:ann", "hgetall account", "hvals account", "hget account password", "lrange list 0 -1",
	"config get requirepass", "config get *", "info all", "client list", "slowlog get", "acl whoami", "command getkeys get session:3f2a9c01…",
	"hget list x", "incr list", "get account", "lrange otp:ann 0 1", "monitor --for 1s", "object encoding session:3f2a9c01…", "debug object otp:ann",
	"keys session:* | xargs redis hget", "keys session:* | xargs redis", "keys session:* | xargs -n 1 redis ttl", "keys session:* | while read k; do redis get $k; done",
	"auth " + planted["the password"], "-a " + planted["the password"] + " ping", "config set requirepass " + planted["the password"],
}

// plantedWrites are lines of which each is planned, carried out or refused, with
// what is typed to confirm one.
var plantedWrites = []struct{ line, word string }{
	{"set session:3f2a9c01… '{\"token\":\"hunter2typedinjson\"}'", ""},
	{"hset account password hunter2typedinafield", ""},
	{"hset account password hunter2typedinafield name ann extra", ""},
	{"setex otp:ann 60 hunter2typedforakey", ""},
	{"mset otp:ann hunter2typedforakey otp:bob hunter2typedforakey", ""},
	{"ste otp:ann hunter2typedforakey", ""},
	{"set otp:ann 'hunter2typedunread", ""},
	{"hset account password hunter2typedunread | (", ""},
	{"-x set otp:ann\n```\nhunter2typedforakey\n```", ""},
	{"hincrby account password 1", ""},
	{"append list 1", ""},
	{"rename session:3f2a9c01… session:new", ""},
	{"expire session:3f2a9c01… 5000", ""},
	{"keys session:* | xargs redis expire", ""},
	{"keys session:* | xargs -n 1 redis expire 100", ""},
	{"keys session:* | xargs -I {} redis expire {} 100", ""},
	{"keys session:* | xargs redis del", ""},
	{"del session:3f2a9c01… session:new otp:ann", ""},
	{"keys * | xargs redis lpush list", ""},
	{"eval 'return 1' 0", ""},
}

// A whole conversation about secrets, with everything that goes wrong in it,
// shows none of them: to nobody, in no file, log or record.
func TestPlantedSecretsAreShownNowhere(t *testing.T) {
	railway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, `{"errors":[{"message":"bad token %s"}]}`, r.Header.Get("Authorization"))
	}))
	t.Cleanup(railway.Close)
	url, client := plantedServer(t)
	acme := newPlace(t)
	writeFile(t, acme.dir, "config.yaml", fmt.Sprintf(`permissions:
  roles:
    oncall:
      discord: [%q]
      allow: [read, write, destroy, mint, admin, configure, audit, approve]
confirm:
  word_above: 2
actions:
  restart-redis:
    line: "railway service restart redis"
    url: %q
    headers: { Authorization: "Bearer ${RAILWAY_TOKEN}" }
    body: { query: "mutation { restart }" }
`, acme.RoleID("oncall"), railway.URL))
	state := filepath.Join(acme.dir, "state")
	i := acme.launch(t, "REDIS_URL="+url, "HELIX_STATE_DIR="+state, "HELIX_LOG_LEVEL=debug",
		"HELIX_AUDIT_KEY="+planted["the audit's key"], "RAILWAY_TOKEN="+planted["a header"])
	acme.discord.Gateway().AwaitReady(1)
	acme.discord.NeverSees(slices.Collect(maps.Values(planted))...)
	ann, guest := acme.As("ann"), acme.As("guest")

	for _, line := range plantedReads {
		readOn(ann, ann.Says("#ops", "!redis "+line).Sees(""))
	}
	for n, w := range plantedWrites {
		answer := ann.Says("#ops", "!redis "+w.line).Sees("")
		if n%2 == 0 { // by somebody else, in between
			client.Set(t.Context(), "session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab", "hunter2-in-a-value", 0)
		}
		decide(guest, ann, answer, w.word, "carried out")
	}
	decide(guest, ann, ann.Says("#ops", "!railway service restart redis").Sees("Plan"), "forever", "418")
	client.Set(t.Context(), "session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab", "hunter2-in-a-value", 0)
	for _, line := range []string{"!undo", "!undo", "!undo list", "!pending", "!audit 100", "!audit verify", "!config history", "!why redis get session:3f2a9c01…", "!help", "!status", "!config list", "!sessions"} {
		readOn(ann, ann.Says("#ops", line).Sees(""))
	}
	tampered := ann.Says("#ops", "!redis del session:3f2a9c01… account list").Sees("Plan")
	tamper(t, client)
	ann.Submits(ann.Clicks(tampered, "Confirm…"), map[string]string{"word": "all"}).Sees("changed it since")
	decide(guest, ann, ann.Says("#ops", "!redis flushdb").Sees("Plan"), "flush", "carried out")
	ann.Says("#ops", "!undo").Sees("as before")
	ann.Says("#ops", "!redis mset otp:ann hunter2typedforakey otp:bob hunter2typedforakey list 1").Sees("Plan")
	client.ConfigSet(t.Context(), "maxmemory", "1")
	ann.Says("#ops", "!redis set session:3f2a9c01… 1").Sees("")
	client.ConfigSet(t.Context(), "maxmemory", "0")
	client.ConfigSet(t.Context(), "requirepass", "another")
	client.ClientKillByFilter(t.Context(), "TYPE", "normal", "SKIPME", "yes")
	ann.Says("#ops", "!redis get session:3f2a9c01…").Sees("")
	ann.Says("#ops", "!redis hset account password hunter2typedinafield").Sees("")
	client.Do(t.Context(), "AUTH", "another")
	client.ConfigSet(t.Context(), "requirepass", planted["the password"])
	i.stop(t)

	for line := range strings.Lines(i.log.String()) {
		if leaks := leaksIn(line); leaks != nil {
			t.Errorf("%v in the log: %s", leaks, line)
		}
	}
	checkKept(t, client, state)
}

// The same from a script that asks for redaction, and at a terminal's history.
func TestPlantedSecretsAreNotShownByExec(t *testing.T) {
	url, client := plantedServer(t)
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	env := []string{"REDIS_URL=" + url, "HELIX_STATE_DIR=" + state, "HELIX_AUDIT_KEY=" + planted["the audit's key"], "DISCORD_TOKEN=" + planted["a header"]}
	var lines []string
	for _, w := range plantedWrites {
		lines = append(lines, "!redis "+w.line)
	}
	for _, line := range plantedReads {
		if !strings.HasPrefix(line, "monitor") { // which takes its second
			lines = append(lines, "!redis "+line)
		}
	}
	lines = append(lines, "!undo list", "!pending", "!audit 100")
	for _, flags := range [][]string{{"--json"}, {"--plan"}, {"--yes"}, {"--yes", "--json"}} {
		got := runHelixIn(t, dir, env, "", append(append([]string{"exec", "--redact", "--timeout", "5s"}, flags...), lines...)...)
		for line := range strings.Lines(got.stdout + got.stderr) {
			if leaks := leaksIn(line); leaks != nil {
				t.Errorf("%v by %v: %s", leaks, flags, line)
			}
		}
		if strings.Count(got.stdout, "•••") < 5 {
			t.Errorf("%v: %s%s", flags, got.stdout, got.stderr)
		}
	}
	runHelixIn(t, dir, env, strings.Join(lines, "\n"), "console")
	checkKept(t, client, state)
}

// decide has everybody press what there is: a stranger, the wrong word, and then
// the right one.
func decide(guest, ann *discordtest.Person, plan *discordtest.Message, word, becomes string) {
	for _, b := range plan.Buttons() {
		switch b.Label {
		case "Confirm":
			guest.Clicks(plan, b.Label).Sees("")
			ann.Clicks(plan, b.Label)
			plan.Becomes(becomes)
		case "Confirm…":
			if word == "" {
				word = "all"
			}
			ann.Submits(ann.Clicks(plan, b.Label), map[string]string{"word": "no"}).Sees("not the word")
			ann.Submits(ann.Clicks(plan, b.Label), map[string]string{"word": word})
			plan.Becomes(becomes)
		case "Reveal":
			ann.Clicks(plan, b.Label).Sees("reveal")
		}
	}
}

// readOn presses what reads on in an answer.
func readOn(who *discordtest.Person, answer *discordtest.Message) {
	for _, b := range answer.Buttons() {
		switch b.Label {
		case "As file":
			who.Clicks(answer, b.Label).Sees("The whole answer")
		case "Filter…":
			who.Submits(who.Clicks(answer, b.Label), map[string]string{"word": "cut -c 1-200 | sort | sed 's/:/ : /g'"})
			answer.Sees("Filtered for ann")
		}
	}
}

// tamper changes what stands in Redis of the plans that wait.
func tamper(t *testing.T, client *redis.Client) {
	t.Helper()
	keys, err := client.Keys(t.Context(), "{helix}:plan:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		client.Append(t.Context(), key, " ")
	}
}

// checkKept looks at what Helix keeps in Redis and on the disk. Only the journal
// and the steps of plans hold whole values, for nobody else to read.
func checkKept(t *testing.T, client *redis.Client, state string) {
	t.Helper()
	own, err := client.Keys(t.Context(), "*{helix}:*").Result()
	if err != nil || len(own) < 2 {
		t.Fatalf("%q, %v", own, err)
	}
	for _, key := range own {
		held, err := everything(t, client, key)
		if leaks := leaksIn(held); leaks != nil || err != nil {
			t.Errorf("%v in %s: %s, %v", leaks, key, held, err)
		}
	}
	files := 0
	err = filepath.WalkDir(state, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		info, err := d.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
		data, err := os.ReadFile(path)
		if dir := filepath.Base(filepath.Dir(path)); dir == "journal" || dir == "plans" {
			return err
		}
		if leaks := leaksIn(string(data)); leaks != nil {
			t.Errorf("%v in %s: %s", leaks, path, data)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Errorf("%d files, %v", files, err)
	}
}

func everything(t *testing.T, client *redis.Client, key string) (string, error) {
	t.Helper()
	kind, err := client.Type(t.Context(), key).Result()
	if err != nil {
		return "", err
	}
	var held any
	switch kind {
	case "string":
		held, err = client.Get(t.Context(), key).Result()
	case "hash":
		held, err = client.HGetAll(t.Context(), key).Result()
	case "stream":
		held, err = client.XRange(t.Context(), key, "-", "+").Result()
	case "list":
		held, err = client.LRange(t.Context(), key, 0, -1).Result()
	case "zset":
		held, err = client.ZRange(t.Context(), key, 0, -1).Result()
	case "set":
		held, err = client.SMembers(t.Context(), key).Result()
	}
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(held)
	return string(text), err
}
