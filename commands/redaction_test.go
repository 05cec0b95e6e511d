package commands_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell/text"
	"github.com/redis/go-redis/v9"
)

// redactedStage is a stage with two signed-in people and an anonymous session.
const redactedKeys = `
SETEX session:user:ann@example.com:{9f3a}0011223344556677 1000 {"user_id":"ann","token":"s3cr3t"}
SETEX session:user:ann@example.com:{9f3a}8899aabbccddeeff 2000 {"user_id":"ann"}
SETEX session:user:bob@example.com:{77aa}deadbeef00112233 3000 {"user_id":"bob"}
SET session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab {"user_id":"eve","csrf":"hunter2"}
SET session:abc123 z
SET session:same0000aaaaaaaa 1
SET session:same0000bbbbbbbb 2
HSET account name ann password hunter2 note 5
SET wait… 7
`

// eachRedacted plays on the embedded server and a real one.
func eachRedacted(t *testing.T, test func(t *testing.T, say func(who, text string) commands.Reply)) {
	play := func(t *testing.T, url string) {
		s := newStage(t, url, map[string]string{
			"roles":  "oncall:\n  discord: [\"300000000000000001\"]\n  allow: [read, write, destroy]\nsupport:\n  discord: [\"300000000000000002\"]\n  allow: [\"read session:user:bob*\"]",
			"people": "ann: 300000000000000001\nsue: 300000000000000002",
			"keys":   redactedKeys,
		})
		test(t, func(who, text string) commands.Reply {
			return s.dispatcher.Handle(context.Background(), commands.Request{Text: text, Caller: s.people[who], Redact: true})
		})
	}
	t.Run("embedded", func(t *testing.T) {
		server, err := embedded.Start(t.Context(), embedded.Options{Empty: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		play(t, server.URL())
	})
	redistest.EachReal(t, func(t *testing.T, url string, _ redis.UniversalClient) { play(t, url) })
}

// The guide's lines act on whole keys and show short ones.
func TestTheGuideUnderRedaction(t *testing.T) {
	const ttl = `redis-cli KEYS "session:user:*" | sort | `
	lines := []struct{ line, want string }{
		{`redis-cli KEYS "session:*" | wc -l`, "7\n"},
		{`redis-cli KEYS "session:user:ann*" | sort`, "session:user:ann@example.com:{9f3a}00112233…\nsession:user:ann@example.com:{9f3a}8899aabb…\n"},
		{`redis-cli --scan --pattern "session:user:*" | cut -d: -f3 | sort | uniq -c | sort -rn | head -10`, "      2 ann@example.com\n      1 bob@example.com\n"},
		{`redis-cli TTL session:$(redis-cli KEYS "session:user:*" | head -1)`, "-2\n"},
		{`redis-cli KEYS "session:user:*" | xargs redis-cli EXISTS`, "3\n"},
		{`redis-cli KEYS "session:user:*" | xargs -n 1 redis-cli STRLEN | sort -n`, "17\n17\n34\n"},
		{`redis-cli KEYS "session:user:*" | xargs -I {} sh -c 'echo "$(redis-cli STRLEN {}) {}"' | sort -rn | head -1`, "34 session:user:ann@example.com:{9f3a}00112233…\n"},
		{`redis-cli --scan --pattern "session:user:*" | while read key; do redis-cli TYPE "$key"; done`, "string\nstring\nstring\n"},
		{`for k in $(redis-cli KEYS "session:user:*"); do redis-cli EXISTS $k; done`, "1\n1\n1\n"},
		{`k=$(redis-cli KEYS "session:user:bob*"); redis-cli GET "$k"; echo "$k"`, "{\"user_id\":\"bob\"}\nsession:user:bob@example.com:{77aa}deadbeef…\n"},
		{ttl + `sed 's/:/ : /' | head -1`, "session : user:ann@example.com:{9f3a}00112233…\n"},
		{ttl + `sed s/x/x/ | xargs -n 1 redis-cli STRLEN`, "34\n17\n17\n"},
		{`redis-cli GET session:abc123`, "z\n"},
	}
	eachRedacted(t, func(t *testing.T, say func(who, text string) commands.Reply) {
		for _, c := range lines {
			if r := say("ann", "!redis "+c.line); string(r.Output) != c.want || r.Problem != "" {
				t.Errorf("%s\n got %q %s\nwant %q", c.line, r.Output, r.Problem, c.want)
			}
		}
	})
}

func TestShortFormsAreTakenForKeys(t *testing.T) {
	eachRedacted(t, func(t *testing.T, say func(who, text string) commands.Reply) {
		for _, c := range []struct{ who, line, want string }{
			{"ann", "get session:3f2a9c01…", `{"user_id":"eve","csrf":"•••"}` + "\n"}, // by a scan
			{"ann", "get session:3f2a9c01...", `{"user_id":"eve","csrf":"•••"}` + "\n"},
			{"ann", "get session:3f2a9c01-77a…", `{"user_id":"eve","csrf":"•••"}` + "\n"},
			{"ann", "keys session:user:b*", "session:user:bob@example.com:{77aa}deadbeef…\n"},
			{"ann", "strlen session:user:bob@example.com:{77aa}deadbeef…", "17\n"}, // as it was shown
			{"ann", "exists session:abc123 session:3f2a9c01…", "2\n"},
			{"ann", "keys session:3f2a9c01…", "session:3f2a9c01…\n"},
			{"ann", "get wait…", "7\n"},
			{"ann", "get session:same0000…", "several keys are shown as \"session:same0000…\"; type more of the one that you mean, with … at its end\n"},
			{"ann", "get session:same0000a…", "1\n"},
			{"ann", "get session:nothing…", "no key is shown as \"session:nothing…\"; it may have ended meanwhile\n"},
			{"ann", "echo wait...", "wait...\n"},
			{"sue", "strlen session:user:bob@example.com:{77aa}dead…", "17\n"},
			{"sue", "get session:same0000…", "no key is shown as \"session:same0000…\"; it may have ended meanwhile\n"},
		} {
			if r := say(c.who, "!redis "+c.line); string(r.Output) != c.want {
				t.Errorf("%s> %s\n got %q %s\nwant %q", c.who, c.line, r.Output, r.Problem, c.want)
			}
		}
		// What a change would do is judged on the whole key.
		if r := say("ann", "!redis persist session:3f2a9c01…"); r.Outcome != commands.OK || string(r.Output) != "0\n" {
			t.Errorf("a change ends as %s: %s", r.Outcome, r.Problem)
		}
		if r := say("sue", "!redis get session:3f2a9c01…"); r.Outcome != commands.Denied || strings.Contains(r.Problem, "77aa-") {
			t.Errorf("who may not see a key gets %q %s", r.Output, r.Problem)
		}
	})
}

func TestTooManyShortFormsAreNotLookedFor(t *testing.T) {
	eachRedacted(t, func(t *testing.T, say func(who, text string) commands.Reply) {
		r := say("ann", "!for i in $(seq 30); do redis exists session:no$i...; done")
		if !strings.Contains(string(r.Output), "one short form too many") {
			t.Errorf("got %q", r.Output)
		}
	})
}

// What is not said by a value is not said by a message either.
func TestMessagesAreRedacted(t *testing.T) {
	eachRedacted(t, func(t *testing.T, say func(who, text string) commands.Reply) {
		for _, line := range []string{
			"!redis keys session:3* | xargs redis", "!redis keys session:3* | xargs redis echo", "!redis keys session:3* | xargs redis get x",
			"!redis keys session:3* | xargs redis -x", "!redis keys session:3* | xargs why redis get", "!redis keys session:3* | xargs config set",
			"!redis keys session:3* | xargs help", "!redis keys session:3* | xargs redis command getkeys get", "!redis --json keys session:3*",
			"!redis --no-raw --scan --pattern session:3*", "!redis --csv scan 0 match session:3*", "!redis -d , keys session:3*", "!redis get session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab extra",
		} {
			r := say("ann", line)
			shown := string(r.Output) + r.Problem + strings.Join(r.Hints, " ")
			if strings.Contains(shown, "77aa-4bbb") {
				t.Errorf("%s shows %s", line, shown)
			}
		}
	})
}

// secretPlace puts a secret into Redis and reads it back.
type secretPlace struct {
	name string
	put  []string // of which each SECRET is replaced
	get  []string // calls that answer it, or would
}

var secretPlaces = []secretPlace{
	{"a string of JSON", []string{"SET", "k", `{"user":"ann","token":"SECRET"}`}, []string{"get k", "getrange k 20 60", "substr k 3 90", "mget k k", "getbit k 5", "bitcount k 1 1", "bitfield_ro k get u8 200", "dump k", "lcs k k", "echo $(redis get k)"}},
	{"a string by its key", []string{"SET", "otp:ann", "SECRET"}, []string{"get otp:ann", "mget x otp:ann", "getrange otp:ann 0 5", "dump otp:ann", "bitpos otp:ann 1 2 3"}},
	{"a hash", []string{"HSET", "h", "user", "ann", "password", "SECRET"}, []string{"hgetall h", "hget h password", "hmget h user password", "hvals h", "hscan h 0", "hrandfield h 5 withvalues", "-3 hgetall h", "dump h"}},
	{"a hash of JSON", []string{"HSET", "hj", "data", `{"csrf":"SECRET"}`}, []string{"hgetall hj", "hvals hj", "hget hj data"}},
	{"a list", []string{"RPUSH", "l", `Authorization: Bearer SECRET`}, []string{"lrange l 0 -1", "lindex l 0", "sort l alpha"}},
	{"a set", []string{"SADD", "s", `postgres://ann:SECRET@db/x`}, []string{"smembers s", "srandmember s", "sscan s 0"}},
	{"a sorted set", []string{"ZADD", "z", "1", `password=SECRET`}, []string{"zrange z 0 -1 withscores", "zscan z 0", "-3 zrange z 0 -1 withscores"}},
	{"a stream", []string{"XADD", "x", "*", "user", "ann", "otp", "SECRET"}, []string{"xrange x - +", "xrevrange x + -", "xread streams x 0", "xinfo stream x"}},
	{"sorted by others", []string{"SET", "password_1", "SECRET"}, []string{"sort l by nosort get password_*", "sort_ro l by nosort get # get password_*"}},
}

var secretFormats = []string{"", "--raw", "--no-raw", "--csv", "--json", "--quoted-json", "-3", "-d #"}

var secretFilters = []string{"cat", "sed 's/./& /g' | tr -d ' '", "cut -c 3-", "grep -o '[A-Za-z0-9]*'", "tr a-z b-za", "head -c 4000", "while read -r l; do echo \"$l\"; done", "xargs -d '\\n' echo"}

// A secret planted in any value is in no answer, whatever the format and
// whatever filters follow.
func TestPlantedSecretsReachNoProgram(t *testing.T) {
	server, err := embedded.Start(t.Context(), embedded.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	for _, url := range []string{server.URL(), redistest.Any(t).URL()} {
		s := newStage(t, url, map[string]string{"people": "local: local"})
		rapid.Check(t, func(rt *rapid.T) {
			raw := make([]byte, 8)
			rand.NewChaCha8([32]byte{rapid.Byte().Draw(rt, "seed")}).Read(raw)
			secret := hex.EncodeToString(raw)
			place := rapid.SampledFrom(secretPlaces).Draw(rt, "place")
			plant(rt, s, place, secret)
			line := fmt.Sprintf("!redis %s %s | %s", rapid.SampledFrom(secretFormats).Draw(rt, "format"),
				rapid.SampledFrom(place.get).Draw(rt, "call"), rapid.SampledFrom(secretFilters).Draw(rt, "filter"))
			r := s.dispatcher.Handle(context.Background(), commands.Request{Text: line, Caller: permissions.Member{Local: true}, Redact: true})
			if leaked := leak(r, secret); leaked != "" {
				rt.Fatalf("%s shows %q of %s:\n%s%s", line, leaked, secret, r.Output, r.Problem)
			}
		})
	}
}

func plant(t *rapid.T, s stage, place secretPlace, secret string) {
	args := make([]any, len(place.put))
	for i, w := range place.put {
		args[i] = strings.ReplaceAll(w, "SECRET", secret)
	}
	client := s.dispatcher.Client
	if err := redistest.Flush(context.Background(), client); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range [][]any{{"RPUSH", "l", "1"}, args} {
		if err := client.Do(context.Background(), cmd...).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// leak answers a part of a secret that an answer shows, also where letters
// were moved on by one.
func leak(r commands.Reply, secret string) string {
	moved := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' {
			return 'a' + (c-'a'+1)%26
		}
		return c
	}, secret)
	shown, err := json.Marshal(r)
	if err != nil {
		return err.Error()
	}
	shown = append(shown, r.Output...)
	for _, s := range []string{secret, moved} {
		for i := 0; i+5 <= len(s); i++ {
			if bytes.Contains(shown, []byte(s[i:i+5])) {
				return s[i : i+5]
			}
		}
	}
	return ""
}

// A value that is read in parts is redacted across their borders.
func TestLongValuesAreRedacted(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "local: local"})
	ctx := context.Background()
	part := `{"user":"ann","password":"hunter2hunter2"},` + "\n"
	n := 3 << 20 / len(part)
	if err := s.dispatcher.Client.Set(ctx, "long", strings.Repeat(part, n), 0).Err(); err != nil {
		t.Fatal(err)
	}
	var fields []any
	for i := range 6000 {
		fields = append(fields, fmt.Sprintf("password%d", i), fmt.Sprintf("hunter2-%d", i))
	}
	for chunk := range slices.Chunk(fields, 2000) {
		if err := s.dispatcher.Client.HSet(ctx, "wide", chunk...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for line, want := range map[string]string{
		"!redis get long | sort | uniq -c | sed 's/^ *//'":   fmt.Sprintf("1 \n%d {\"user\":\"ann\",\"password\":\"•••\"},\n", n),
		"!redis --no-raw get long | grep -c hunter":          "0\n",
		"!redis hvals wide | sort | uniq -c | sed 's/^ *//'": "6000 •••\n",
		"!redis hgetall wide | grep -c hunter":               "0\n",
		"!redis --json hgetall wide | grep -c hunter":        "0\n",
	} {
		r := s.dispatcher.Handle(ctx, commands.Request{Text: line, Caller: permissions.Member{Local: true}, Redact: true})
		if string(r.Output) != want {
			t.Errorf("%s: got %.200q %s, want %q", line, r.Output, r.Problem, want)
		}
	}
	r := s.dispatcher.Handle(ctx, commands.Request{Text: "!redis getrange long 0 10", Caller: permissions.Member{Local: true}, Redact: true})
	if r.Outcome != commands.Denied || !strings.Contains(r.Problem, "too large") {
		t.Errorf("a range of a large value: %s %q", r.Outcome, r.Problem)
	}
}

// What is no secret reads as it is: help, settings, and what servers say of
// themselves.
func TestOrdinaryAnswersAreLeftAlone(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "local: local", "keys": "SET counter 41\nSET session:abc123 1"})
	lines := []string{
		"!help", "!config list", "!config export", "!status", "!version", "!why redis keys session:*", "!config set redis.session_cookie_samesite=lax", "!config history",
		"!redis info", "!redis info all", "!redis config get *", "!redis client list", "!redis client info", "!redis memory stats", "!redis memory doctor",
		"!redis command info get auth", "!redis command list", "!redis command docs auth set", "!redis acl cat", "!redis acl whoami", "!redis latency latest", "!redis role",
		"!redis ttl session:abc123", "!redis time", "!redis object encoding counter", "!redis get counter", "!redis getrange counter 0 0", "!redis getbit counter 5", "!redis debug object x", "!redis nonsense",
	}
	for _, setting := range settings.Table() {
		lines = append(lines, "!help "+setting.Key, "!config get "+setting.Key)
	}
	for _, usage := range text.Usages() {
		lines = append(lines, "!help "+usage.Name)
	}
	for _, line := range lines {
		r := s.dispatcher.Handle(context.Background(), commands.Request{Text: line, Caller: permissions.Member{Local: true}, Redact: true})
		shown := string(r.Output) + r.Problem + strings.Join(r.Hints, "\n")
		if shown == "" || strings.Contains(shown, redact.Mask) {
			t.Errorf("%s\n%s", line, shown)
		}
	}
}

// A key is shown short in all that is said of a change, and meant whole.
func TestChangesShowShortForms(t *testing.T) {
	const eve, other = "session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab", "session:55551111-77aa-4bbb-8ccc-0123456789ab"
	server := redistest.Any(t)
	s := newStage(t, server.URL(), map[string]string{
		"roles":  "oncall:\n  discord: [\"300000000000000001\"]\n  allow: [read, write, destroy, mint]\nwriter:\n  discord: [\"300000000000000002\"]\n  allow: [read, write, mint]",
		"people": "ann: 300000000000000001\nwil: 300000000000000002\nloc: local", "keys": redactedKeys,
	})
	say := func(who, text string, wants ...string) {
		t.Helper()
		got := show(s.say(commands.Request{Text: text, Caller: s.people[who], Redact: who != "loc"}))
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("%s> %s\ngot  %s\nwant %s", who, text, got, want)
			}
		}
		if who != "loc" && strings.Contains(got, "77aa-") {
			t.Errorf("%s> %s\nshows %s", who, text, got)
		}
	}
	foreign := func(words ...any) {
		t.Helper()
		if err := s.client.Do(t.Context(), words...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if !server.Cluster { // where a rename is one of keys of one slot
		say("ann", "!redis rename session:3f2a9c01… "+other, "Keys: session:3f2a9c01…, session:55551111…\n")
		say("ann", "[Confirm]", "OK\n")
		if n := s.client.Exists(t.Context(), other).Val(); n != 1 {
			t.Errorf("it was not the whole key that was renamed")
		}
		say("ann", "!undo", "2 are as before")
	}
	say("ann", "!redis del session:3f2a9c01… session:abc123", "Keys: session:3f2a9c01…, session:abc123\n")
	foreign("DEL", eve)
	say("ann", "[Confirm]", "came out other than planned", "session:3f2a9c01…")
	foreign("SET", eve, "theirs")
	say("ann", "!redis del session:3f2a9c01… session:same0000a…", "session:same0000…")
	say("ann", "!redis get session:same0000…", "1\n") // the one of the two that was shown
	say("ann", "[Confirm]", "2\n")
	foreign("SET", eve, "theirs again")
	say("ann", "!undo", "1 has changed since and is left alone: session:3f2a9c01….")
	foreign("SET", eve, "theirs")
	say("loc", "!redis del "+eve+" session:same0000bbbbbbbb", "Keys: "+eve)
	say("loc", "[Confirm]", "2\n")
	foreign("SET", eve, "theirs again")
	say("loc", "!undo", "left alone: "+eve+".")
	foreign("DEL", other)
	say("wil", "!redis mset "+other+" 1 session:b 2", "Keys: session:55551111…, session:b\n")
	foreign("SET", other, "theirs")
	say("wil", "[Confirm]", "1 were left alone", "session:55551111…, session:b.")
}

// What is kept of a line holds no secret that is typed in it, wherever it is kept.
func TestTypedSecretsAreNotKept(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"people": "loc: local", "keys": redactedKeys, "audit": "key"})
	s.dispatcher.Handle(t.Context(), commands.Request{Text: "!redis dbsize", Caller: s.people["loc"]}) // the server's commands are known from now on
	for line, want := range map[string]string{
		`!redis set session:x '{"token":"PLANTED"}'`:                                 `!redis set session:x '{"token":"•••"}'`,
		`!redis set otp:ann PLANTED`:                                                 `!redis set otp:ann •••`,
		`!redis -n 0 setex otp:ann 60 "PLANTED"`:                                     `!redis -n 0 setex otp:ann ••• "•••"`,
		`!redis hset account name ann password PLANTED`:                              `!redis hset account name ann password •••`,
		`!echo account | xargs -I {} redis hset {} password PLANTED`:                 `!echo account | xargs -I {} redis hset {} password •••`,
		`!sh -c 'redis hset account password "PLANTED"'`:                             `!sh -c 'redis hset account password "•••"'`,
		`!redis set account PLANTED-a`:                                               `!redis set account PLANTED-a`, // which nothing says is one
		`!redis set session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab plain`:              `!redis set session:3f2a9c01… plain`,
		"!redis hset account password PLANTED | (":                                   "!redis hset account password ••• | (",
		`!redis ste otp:ann PLANTED`:                                                 `!redis ste otp:••• •••`,
		`!redis hset account note password; redis hset account password 'PLANTED' x`: `!redis hset account note password; redis hset account password '•••' x`,
	} {
		s.dispatcher.Handle(context.Background(), commands.Request{Text: line, Caller: s.people["loc"], Mode: commands.Direct})
		if got := s.dispatcher.Kept(line); got != want {
			t.Errorf("kept of  %s\nis       %s\nand not  %s", line, got, want)
		}
	}
	s.dispatcher.Audit.Flush(t.Context())
	records, err := s.dispatcher.Audit.Find(t.Context(), audit.Query{})
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	changes, err := s.dispatcher.Journal.List()
	if err != nil || len(changes) == 0 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	for _, kept := range []any{records, changes} {
		text, err := json.Marshal(kept)
		for _, leak := range []string{"PLANTED ", `PLANTED"`, "PLANTED'", `PLANTED\\`, "77aa-4"} {
			if err != nil || strings.Contains(string(text), leak) {
				t.Errorf("%s is in %s, %v", leak, text, err)
			}
		}
	}
}
