package embedded

import (
	"flag"
	"fmt"
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

var update = flag.Bool("update", false, "write commands.resp anew from the redis-server on the PATH")

// answered lists the sub-commands that exist here, of commands that have some.
var answered = map[string][]string{
	"client":  {"setname", "getname"},
	"cluster": {"slots", "keyslot", "nodes", "shards"},
	"command": {"count", "list", "info"},
	"config":  {"get", "set", "resetstat"},
	"latency": {"latest"},
	"memory":  {"usage"},
	"object":  {"idletime"},
	"pubsub":  {"channels", "numsub", "numpat"},
	"script":  {"load", "exists", "flush"},
	"slowlog": {"get", "len", "reset"},
	"xgroup":  {"create", "destroy", "createconsumer", "delconsumer"},
	"xinfo":   {"stream", "groups", "consumers"},
}

// unanswered are commands that miniredis knows in name only.
var unanswered = []string{"debug"}

// TestCommandTable holds the table against a real server: every entry is that
// server's own, and every command is answered.
func TestCommandTable(t *testing.T) {
	theirs, err := parseCommands(ask(t, redistest.Standalone(t).Addr, "COMMAND"))
	if err != nil {
		t.Fatal(err)
	}
	mini := miniredis.RunT(t)
	var names []string
	for _, name := range theirs.names {
		_, ours := substitutes()[strings.ToUpper(name)]
		if !slices.Contains(unanswered, name) && (ours || containers()[strings.ToUpper(name)] || mini.Server().IsRegisteredCommand(strings.ToUpper(name))) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(names))
	for _, name := range names {
		b.WriteString(withAnswered(t, name, theirs.entries[name]))
	}
	if *update {
		if err := os.WriteFile("commands.resp", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != commandReply {
		t.Error("the table differs from this server's; -update writes it anew")
	}
}

// withAnswered leaves only those sub-commands in an entry that exist here.
func withAnswered(t *testing.T, name, entry string) string {
	t.Helper()
	keep, ok := answered[name]
	if !ok {
		return entry
	}
	fields := elements(t, entry)
	var kept []string
	for _, sub := range elements(t, fields[9]) {
		word := strings.Split(strings.Split(sub, "\r\n")[2], "|")[1]
		if slices.Contains(keep, word) {
			kept = append(kept, sub)
		}
	}
	if len(kept) != len(keep) {
		t.Fatalf("of %s the server has %d of the sub-commands %q", name, len(kept), keep)
	}
	slices.Sort(kept)
	return strings.Join(append([]string{"*10\r\n"}, fields[:9]...), "") + fmt.Sprintf("*%d\r\n%s", len(kept), strings.Join(kept, ""))
}

// elements takes an aggregate apart.
func elements(t *testing.T, text string) []string {
	t.Helper()
	_, rest, _ := strings.Cut(text, "\r\n")
	var list []string
	for rest != "" {
		n, err := skip(rest)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rest[:n])
		rest = rest[n:]
	}
	return list
}

// ask sends one inline command and reads one whole reply.
func ask(t *testing.T, addr, line string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
		t.Fatal(err)
	}
	var b []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buf)
		b = append(b, buf[:n]...)
		if size, wrong := skip(string(b)); wrong == nil && size == len(b) {
			return string(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
