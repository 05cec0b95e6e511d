package commands_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
)

const rightsRoles = `
reader:    {allow: [read]}
revealer:  {allow: [read, reveal]}
writer:    {allow: [read, write]}
destroyer: {allow: [read, write, destroy]}
minter:    {allow: [read, write, destroy, mint]}
onlymint:  {allow: [read, mint]}
admin:     {allow: [read, admin]}
flusher:   {allow: [read, destroy, admin]}
all:       {allow: [read, reveal, write, destroy, mint, admin]}
support:
  allow: ["read session:*", "destroy session:user:*"]
  deny: ["read session:user:root@*", "destroy session:user:root@*"]
janitor:   {allow: [read, write, "destroy tmp:*"]}
careful:   {allow: [read, write, destroy, mint, admin], deny: ["destroy session:*"]}
blind:     {allow: [read, reveal, write, destroy, mint, admin], deny: ["read secret:*"]}
nomint:    {allow: [read, write, destroy, mint, admin], deny: [mint]}
`

// rightsKeys is what Redis holds before each line.
const rightsKeys = `
SET there v
SET other o
SET n 5
SET session:abc s
SET session:user:ann@x:1 a
SET session:user:root@x:1 r
SET secret:1 1
SET tmp:1 t
SET {helix}:config c
HSET hash a 1
RPUSH list 3 1 2
SADD set a b
ZADD zset 1 a
XADD stream * a 1
`

// right is one line of testdata/rights.txt.
type right struct {
	number     int
	role, line string
	may        bool
}

func readRights(t *testing.T) []right {
	t.Helper()
	f, err := os.Open("testdata/rights.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []right
	lines := bufio.NewScanner(f)
	for number := 1; lines.Scan(); number++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if len(words) < 3 || words[1] != "may" && words[1] != "not" {
			t.Fatalf("rights.txt:%d: %q", number, lines.Text())
		}
		all = append(all, right{number, words[0], strings.Join(words[2:], " "), words[1] == "may"})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// waysToSay answers programs that come to the same call of Redis: typed, in
// capitals, and with its words out of each kind of expansion.
func waysToSay(line string) map[string]string {
	words := strings.Fields(line)
	start, last := quoted(words[:len(words)-1]), quoted(words[len(words)-1:])
	typed := quoted(words)
	return map[string]string{
		"typed":         asTyped(line),
		"in capitals":   "redis-cli " + capitals(words),
		"behind a bang": "!redis redis-cli " + typed,
		"xargs":         "printf '%s\\n' '" + line + "' | xargs redis",
		"xargs, a word": "printf '%s\\n' '" + line + "' | tr ' ' '\\n' | xargs redis",
		"xargs -I":      "printf '%s\\n' " + last + " | xargs -I {} redis " + strings.ReplaceAll(start, "{}", "") + " {}",
		"capture":       "redis $(printf '%s\\n' '" + line + "')",
		"last captured": "redis " + start + " \"$(printf '%s\\n' " + last + ")\"",
		"sh -c":         "sh -c \"redis " + typed + "\"",
		"xargs sh -c":   "printf '%s\\n' " + last + " | xargs -I {} sh -c \"redis " + start + " '{}'\"",
		"while read":    "printf '%s\\n' '" + line + "' | while read -r line; do redis $line; done",
		"for":           "for word in " + last + "; do redis " + start + " \"$word\"; done",
		"a variable":    "line='" + line + "'; redis $line",
		"in a subshell": "(line='" + line + "'; redis $line) | cat",
		"where it may":  "redis " + typed + " || redis " + typed,
	}
}

func asTyped(line string) string { return "redis " + quoted(strings.Fields(line)) }

func quoted(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString("'" + w + "' ")
	}
	return strings.TrimSuffix(b.String(), " ")
}

// capitals quotes words, with the name of the command in capitals.
func capitals(words []string) string {
	words = slices.Clone(words)
	name := slices.IndexFunc(words, func(w string) bool { return !strings.HasPrefix(w, "-") && (w < "0" || w > "9") })
	if name >= 0 {
		words[name] = strings.ToUpper(words[name])
	}
	return quoted(words)
}

// TestRights holds who may what, and that no line gets further through an
// expansion than by typing.
func TestRights(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		server, err := embedded.Start(context.Background(), embedded.Options{Empty: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		holdRights(t, server.URL(), true)
	})
	t.Run("redis-server", func(t *testing.T) { holdRights(t, redistest.Any(t).URL(), false) })
}

// holdRights plays the table on a server. Where that is lacking, lines with a
// command that it does not have are left out, and answers are redacted, which
// must make no difference.
func holdRights(t *testing.T, url string, lacking bool) {
	const atLeast = 150
	table := readRights(t)
	if len(table) < atLeast {
		t.Fatalf("only %d lines", len(table))
	}
	s := newStage(t, url, map[string]string{"roles": rightsRoles, "people": "somebody: local"})
	_, cluster := s.client.(*redis.ClusterClient)
	for _, r := range table {
		say := func(program string) commands.Reply {
			refill(t, s.client)
			return s.dispatcher.Handle(t.Context(), commands.Request{Text: "!redis\n```\n" + program + "\n```", Caller: whoHas(r.role), Redact: lacking})
		}
		if lacking && say(asTyped(r.line)).Outcome == commands.Unknown {
			continue
		}
		may := r.may && (!cluster || !ofOneServer(r.line))
		for way, program := range waysToSay(r.line) {
			if lacking && !slices.Contains([]string{"typed", "xargs", "capture", "sh -c", "while read"}, way) {
				continue // the slower server need not play all of them
			}
			reply := say(program)
			if got, ok := allowed(reply); !ok || got != may {
				t.Errorf("rights.txt:%d: %s, %s (%s): may %v; %s: %s", r.number, r.role, r.line, way, may, reply.Outcome, reply.Problem)
			}
		}
	}
}

// ofOneServer reports whether a line is refused in a Cluster: a cursor is one
// server's, and there is one database.
func ofOneServer(line string) bool {
	return strings.HasPrefix(line, "scan ") || strings.HasPrefix(line, "-n 1 ")
}

func whoHas(role string) permissions.Member {
	if role == "nobody" {
		return permissions.Member{ID: "900000000000000001", Guild: "100000000000000001"}
	}
	return permissions.Member{Local: true, LocalRoles: []string{role}}
}

// TestCommandsHaveOneSpelling holds that no other form of a name gets past the
// rules for it.
func TestCommandsHaveOneSpelling(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{"roles": rightsRoles, "people": "somebody: local"})
	refill(t, s.client)
	for _, line := range []string{
		"redis 'config|set' maxmemory 1gb", "redis 'config set' maxmemory 1gb", "redis config 'set ' maxmemory 1gb", "redis 'set ' there 2", "redis ' set' there 2",
		"redis '' set there 2", "redis '*3' set there 2", `redis "$(printf 'set\r\n')" there 2`, "redis 'object|encoding' there", "redis 'ſet' there 2",
	} {
		reply := s.dispatcher.Handle(t.Context(), commands.Request{Text: "!" + line, Caller: whoHas("all")})
		if reply.Outcome != commands.Unknown {
			t.Errorf("%s: %s %s", line, reply.Outcome, reply.Problem)
		}
	}
	for _, line := range []string{`redis --quoted-input set '"\x73ession:new"' x`, `redis --quoted-input set '"{hel\x69x}:config"' x`} {
		reply := s.dispatcher.Handle(t.Context(), commands.Request{Text: "!" + line, Caller: whoHas("destroyer")})
		if reply.Outcome != commands.Denied {
			t.Errorf("%s: %s %s", line, reply.Outcome, reply.Problem)
		}
	}
}

// allowed reports whether rights spoke against a program; ok is false where it
// ended for another reason.
func allowed(r commands.Reply) (allowed, ok bool) {
	switch r.Outcome {
	case commands.Denied:
		return false, true
	case commands.OK, commands.Unconfirmed:
		return true, true
	}
	return false, false
}

// refill brings Redis back to rightsKeys.
func refill(t *testing.T, client redis.UniversalClient) {
	t.Helper()
	if err := redistest.Flush(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	p := client.Pipeline()
	for line := range strings.Lines(rightsKeys) {
		var args []any
		for _, w := range strings.Fields(line) {
			args = append(args, w)
		}
		if len(args) > 0 {
			p.Do(t.Context(), args...)
		}
	}
	if _, err := p.Exec(t.Context()); err != nil {
		t.Fatal(fmt.Errorf("refill: %w", err))
	}
}
