package embedded

import (
	"bufio"
	"flag"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/helix-collective/helix/internal/redistest"
)

var update = flag.Bool("update", false, "write commands.txt anew from the redis-server on the PATH")

// answered lists the sub-commands that exist here, of commands that have some.
var answered = map[string][]string{
	"client":  {"getname", "id", "info", "kill", "list", "setname"},
	"command": {"count", "getkeys", "info", "list"},
	"config":  {"get", "resetstat", "set"},
	"latency": {"history", "latest", "reset"},
	"memory":  {"usage"},
	"object":  {"encoding", "freq", "idletime", "refcount"},
	"pubsub":  {"channels", "numpat", "numsub"},
	"script":  {"exists", "flush", "load"},
	"slowlog": {"get", "len", "reset"},
	"xgroup":  {"create", "createconsumer", "delconsumer", "destroy"},
	"xinfo":   {"consumers", "groups", "stream"},
}

// unanswered are commands of miniredis that make no sense here: there is no
// Cluster.
var unanswered = []string{"cluster"}

// TestCommandTable holds the table against a real server: every entry is that
// server's own, and every command is answered.
func TestCommandTable(t *testing.T) {
	theirs := dialRaw(t, redistest.Standalone(t).Addr)
	theirs.ask(t, "HELLO", "3")
	mini := miniredis.RunT(t)
	containers := map[string]bool{}
	for name := range substitutes() {
		first, _, _ := strings.Cut(name, "|")
		containers[first] = true
	}
	var lines []string
	for _, entry := range theirs.ask(t, "COMMAND").elems {
		name := entry.elems[fieldName].text
		if (containers[name] || mini.Server().IsRegisteredCommand(name)) && !slices.Contains(unanswered, name) {
			lines = append(lines, withAnswered(t, entry).String()+"\n")
		}
	}
	slices.Sort(lines)
	text := strings.Join(lines, "")
	if *update {
		if err := os.WriteFile("commands.txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != commandText {
		t.Error("the table differs from this server's; -update writes it anew")
	}
}

// withAnswered leaves only those sub-commands in an entry that exist here.
func withAnswered(t *testing.T, entry value) value {
	t.Helper()
	keep, ok := answered[entry.elems[fieldName].text]
	if !ok {
		if len(entry.elems[fieldSubs].elems) > 0 {
			t.Fatalf("%s has sub-commands", entry.elems[fieldName].text)
		}
		return entry
	}
	var kept []value
	for _, sub := range entry.elems[fieldSubs].elems {
		if _, word, _ := strings.Cut(sub.elems[fieldName].text, "|"); slices.Contains(keep, word) {
			kept = append(kept, sub)
		}
	}
	if len(kept) != len(keep) {
		t.Fatalf("of %s the server has %d of the sub-commands %q", entry.elems[fieldName].text, len(kept), keep)
	}
	slices.SortFunc(kept, func(a, b value) int { return strings.Compare(a.elems[fieldName].text, b.elems[fieldName].text) })
	entry.elems[fieldSubs].elems = kept
	return entry
}

// rawConn speaks RESP as it stands.
type rawConn struct {
	net.Conn
	replies *bufio.Reader
}

func dialRaw(t testing.TB, addr string) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &rawConn{conn, bufio.NewReader(conn)}
}

// ask sends one command and reads its reply.
func (c *rawConn) ask(t testing.TB, words ...string) value {
	t.Helper()
	var b strings.Builder
	strs(words).resp(&b, false)
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, b.String()); err != nil {
		t.Fatal(err)
	}
	v, err := readValue(c.replies)
	if err != nil {
		t.Fatalf("%q: %v", words, err)
	}
	return v
}
