package embedded

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// TestMonitor holds what a monitoring client sees against a real server.
func TestMonitor(t *testing.T) {
	session := [][]string{
		{"GET", "session:abc123"},
		{"SET", "k", "a\"b\\c\n\x00\xff", "EX", "10"},
		{"CONFIG", "GET", "maxmemory"}, // not shown: it is for administrators
		{"SELECT", "3"},
		{"EVAL", "return redis.call('GET', KEYS[1])", "1", "k"},
		{"AUTH", "secret"},
		{"nonsense"},
		{"PING"},
	}
	watch := func(addr string) (lines []string) {
		monitor, other := dialRaw(t, addr), dialRaw(t, addr)
		monitor.ask(t, "MONITOR")
		for _, words := range session {
			other.ask(t, words...)
		}
		for {
			v, err := readValue(monitor.replies)
			must(t, err)
			line := regexp.MustCompile(`^[0-9]+\.[0-9]{6} `).ReplaceAllString(v.text, "TIME ")
			lines = append(lines, strings.ReplaceAll(line, other.LocalAddr().String(), "ADDR"))
			if strings.Contains(line, "PING") {
				return lines
			}
		}
	}
	got, want := watch(start(t, Options{Empty: true}).Addr()), watch(redistest.Standalone(t).Addr)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestClientListTellsWhoIsConnected(t *testing.T) {
	s := start(t, Options{Empty: true})
	one, two := dialRaw(t, s.Addr()), dialRaw(t, s.Addr())
	one.ask(t, "CLIENT", "SETNAME", "ops")
	one.ask(t, "SELECT", "3")
	list := two.ask(t, "CLIENT", "LIST").text
	want := regexp.MustCompile(`(?m)^id=1 addr=` + regexp.QuoteMeta(one.LocalAddr().String()) + ` laddr=` + regexp.QuoteMeta(s.Addr()) + ` .*name=ops .*db=3 cmd=select `)
	if !want.MatchString(list) || strings.Count(list, "\n") != 2 {
		t.Errorf("the list is\n%s", list)
	}
	if n := two.ask(t, "CLIENT", "KILL", "ADDR", one.LocalAddr().String()); n.text != "1" {
		t.Errorf("killed: %+v", n)
	}
	until(t, "the killed one is gone", func() bool {
		return strings.Count(two.ask(t, "CLIENT", "LIST").text, "\n") == 1
	})
}

// Nobody becomes somebody else by sending what only the server itself sends.
func TestTheIntroductionCannotBeForged(t *testing.T) {
	s := start(t, Options{Empty: true})
	one, two := dialRaw(t, s.Addr()), dialRaw(t, s.Addr())
	one.ask(t, "PING")
	if got := two.ask(t, introduction, "1"); !strings.HasPrefix(got.text, "ERR unknown command") {
		t.Errorf("%+v", got)
	}
	if id := two.ask(t, "CLIENT", "ID"); id.text != "2" {
		t.Errorf("it has become %+v", id)
	}
}

func TestScriptsWithFlagsRunByDigest(t *testing.T) {
	c := connect(t, start(t, Options{Empty: true}))
	ctx := context.Background()
	script := redis.NewScript("#!lua flags=allow-oom\nreturn redis.call('INCR', KEYS[1])")
	for want := int64(1); want <= 3; want++ {
		if n, err := script.Run(ctx, c, []string{"n"}).Int64(); n != want || err != nil {
			t.Fatalf("%d, %v; want %d", n, err, want)
		}
	}
	must(t, c.ScriptFlush(ctx).Err())
	if exists := script.Exists(ctx, c).Val(); exists[0] {
		t.Error("it is still there after SCRIPT FLUSH")
	}
	must(t, script.Load(ctx, c).Err())
	if exists := script.Exists(ctx, c).Val(); !exists[0] {
		t.Error("it is not there after SCRIPT LOAD")
	}
	must(t, script.EvalSha(ctx, c, []string{"n"}).Err())
}

// A client that asks for much and reads nothing holds up nobody else.
func TestASlowReaderHoldsUpNobody(t *testing.T) {
	s := start(t, Options{Empty: true})
	c := connect(t, s)
	ctx := context.Background()
	must(t, c.Set(ctx, "big", strings.Repeat("x", 16<<20), 0).Err())
	must(t, c.Set(ctx, "brief", 1, 100_000_000).Err())
	slow := dialRaw(t, s.Addr())
	for range 4 {
		_, err := slow.Write([]byte("*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n"))
		must(t, err)
	}
	until(t, "GET is being answered", func() bool { return strings.Contains(c.ClientList(ctx).Val(), "cmd=get") })
	until(t, "time passes", func() bool { return c.Exists(ctx, "brief").Val() == 0 })
}
