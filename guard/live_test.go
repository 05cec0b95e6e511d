package guard_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/redact"
)

// screen is where a live view prints. It can be waited for, held up, and left.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	printed chan struct{} // something has been; of one that reads, never full
	gone    chan struct{}
	held    chan struct{} // nil, or closed once printing may go on
}

func newScreen() *screen { return &screen{printed: make(chan struct{}, 1), gone: make(chan struct{})} }

func (s *screen) Write(p []byte) (int, error) {
	if s.held != nil {
		<-s.held
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.printed <- struct{}{}:
	default:
	}
	return s.text.Write(p)
}

func (s *screen) WriteKey(text, _ []byte) error { _, err := s.Write(append(text, '\n')); return err }

var errLeft = errors.New("nobody reads any more")

func (s *screen) Flush() error {
	select {
	case <-s.gone:
		return errLeft
	default:
		return nil
	}
}

func (s *screen) Gone() <-chan struct{} { return s.gone }

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// shows waits until all of the parts are printed.
func (s *screen) shows(t testing.TB, parts ...string) {
	t.Helper()
	patience := time.After(time.Minute)
	for _, part := range parts {
		for !strings.Contains(s.String(), part) {
			select {
			case <-s.printed:
			case <-patience:
				t.Fatalf("%q is not shown in\n%s", part, s)
			}
		}
	}
}

// watcher is a guard.Viewer that a test ends views with.
type watcher struct{ stop chan struct{} }

func (w watcher) Begin() (<-chan struct{}, func()) { return w.stop, func() {} }
func (w watcher) Saw([]byte)                       {}

// watching is a live view that runs.
type watching struct {
	*screen
	stop func()
	end  func() // cancels its context
	done chan result
}

// watch starts a view; g is b's guard, or one that shares everything with it.
func watch(t testing.TB, g *guard.Guard, who permissions.Member, s *screen, args ...string) *watching {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stop := make(chan struct{})
	w := &watching{screen: s, stop: sync.OnceFunc(func() { close(stop) }), end: cancel, done: make(chan result, 1)}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		var stderr bytes.Buffer
		status, err := g.WithViewer(watcher{stop}).Do(ctx, who, args, s, &stderr)
		w.done <- result{stdout: s.String(), stderr: stderr.String(), status: status, err: err}
	}()
	t.Cleanup(func() { cancel(); <-finished })
	return w
}

// stopped ends a view and answers what it came to.
func (w *watching) stopped(t testing.TB) result {
	t.Helper()
	w.stop()
	return w.ended(t)
}

func (w *watching) ended(t testing.TB) result {
	t.Helper()
	select {
	case r := <-w.done:
		return r
	case <-time.After(time.Minute):
		t.Fatal("the view does not end")
		return result{}
	}
}

// theirs starts redis-cli, which runs until the test's end.
func theirs(t testing.TB, addr string, args ...string) *screen {
	t.Helper()
	host, port, _ := strings.Cut(addr, ":")
	cmd := exec.CommandContext(t.Context(), "redis-cli", append([]string{"-h", host, "-p", port}, args...)...)
	s := newScreen()
	cmd.Stdout = s
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the context's end has killed it
	return s
}

// about answers the lines of a text that hold a word.
func about(text, word string) string {
	var list []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			list = append(list, line)
		}
	}
	return strings.Join(list, "")
}

// TestMonitorIsRedisCLIs has both watch the same commands.
func TestMonitorIsRedisCLIs(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	for _, shape := range [][]string{nil, {"--json"}, {"--csv"}, {"--no-raw"}, {"--quoted-json"}, {"-D", "|\n"}} {
		args := append(slices.Clone(shape), "monitor")
		ours, cli := watch(t, b.Guard, everyone, newScreen(), args...), theirs(t, server.Addr, args...)
		ours.shows(t, "OK")
		cli.shows(t, "OK")
		b.must(t, "SET", "live:1", "a\x00\xff\"\\\n v")
		for i := range 50 {
			b.must(t, "GET", fmt.Sprint("live:", i))
		}
		b.must(t, "ECHO", "live:over")
		ours.shows(t, "live:over")
		cli.shows(t, "live:over")
		r := ours.stopped(t)
		if got, want := about(r.stdout, "live:"), about(cli.String(), "live:"); r.err != nil || got != want || strings.Count(want, "\n") != 52 {
			t.Errorf("%v: %v\nours\n%s\ntheirs\n%s", shape, r.err, got, want)
		}
		if first, _, _ := strings.Cut(cli.String(), "\n"); !strings.HasPrefix(r.stdout, first+"\n") {
			t.Errorf("%v: it begins with %.20q, redis-cli with %q", shape, r.stdout, first)
		}
	}
}

// TestSubscriptionsAreRedisCLIs holds every byte but redis-cli's advice on how
// to leave it.
func TestSubscriptionsAreRedisCLIs(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	for _, shape := range [][]string{nil, {"--json"}, {"--csv"}, {"--no-raw"}, {"-3"}, {"-3", "--no-raw"}, {"-d", ",", "-D", ";\n"}} {
		for _, line := range []string{"subscribe news other", "psubscribe ne*", "ssubscribe news"} {
			args := append(slices.Clone(shape), strings.Fields(line)...)
			ours, cli := watch(t, b.Guard, everyone, newScreen(), args...), theirs(t, server.Addr, args...)
			begun := args[len(shape)]
			ours.shows(t, begun)
			cli.shows(t, begun)
			publish := "PUBLISH"
			if begun == "ssubscribe" {
				publish = "SPUBLISH"
			}
			for _, message := range []string{"plain", "a\n\"b\"\x00\xff", "", "over"} {
				b.must(t, publish, "news", message)
			}
			ours.shows(t, "over")
			cli.shows(t, "over")
			want := strings.TrimPrefix(cli.String(), "Reading messages... (press Ctrl-C to quit)\n")
			if r := ours.stopped(t); r.err != nil || r.stdout != want {
				t.Errorf("%v %s: %v\nours\n%s\ntheirs\n%s", shape, line, r.err, r.stdout, want)
			}
		}
	}
}

func TestLiveViewsOnTheEmbeddedServer(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		w := watch(t, b.Guard, everyone, newScreen(), "monitor")
		w.shows(t, "OK\n")
		b.must(t, "SET", "session:1", "v")
		w.shows(t, `"session:1" "v"`)
		if r := w.stopped(t); r.err != nil || r.status != 0 {
			t.Errorf("monitor: %+v", r)
		}
		w = watch(t, b.Guard, as("reader"), newScreen(), "subscribe", "news")
		w.shows(t, "subscribe\nnews\n1\n")
		b.must(t, "PUBLISH", "news", "hello")
		w.shows(t, "message\nnews\nhello\n")
		if r := w.stopped(t); r.err != nil || r.status != 0 {
			t.Errorf("subscribe: %+v", r)
		}
	})
}

func TestALiveViewLastsAsLongAsItIsAskedTo(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	for _, line := range []string{"monitor --for 1s", "subscribe --for=1 a", "psubscribe a* --for 1000ms"} {
		began := time.Now()
		r := watch(t, b.Guard, everyone, newScreen(), strings.Fields(line)...).ended(t)
		if took := time.Since(began); r.err != nil || r.status != 0 || took < time.Second || strings.Contains(r.stdout, "--for") {
			t.Errorf("%s: after %s %+v", line, took, r)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // as long as the program may run
	defer cancel()
	if _, err := b.Do(ctx, everyone, []string{"monitor", "--for", "2s"}, newScreen(), &bytes.Buffer{}); err != nil {
		t.Errorf("there is no time left for what follows: %v", err)
	}
	for _, line := range []string{"monitor --for", "monitor --for 0", "monitor --for 999ms", "monitor --for 61s", "monitor --for=2m", "subscribe a --for soon", "monitor --for -5s",
		"monitor --for 99999999999999999999"} {
		if r := b.do(t, everyone, strings.Fields(line)...); r.err != nil || r.status != 1 || !strings.Contains(r.stderr, "1s to 60s") || r.stdout != "" {
			t.Errorf("%s: %+v", line, r)
		}
	}
	for line, says := range map[string]string{"monitor x": "'monitor'", "subscribe": "'subscribe'", "psubscribe --for 2s": "'psubscribe'"} {
		if r := b.do(t, everyone, strings.Fields(line)...); r.err != nil || r.status != 0 || r.stdout != "ERR wrong number of arguments for "+says+" command\n\n" {
			t.Errorf("%s: %+v", line, r)
		}
	}
}

// TestALiveViewEndsAtOnce holds every way to end one, and that nothing of it
// stays: goleak looks for goroutines, this for connections.
// On one server: Sentinels have views of their own.
func TestALiveViewEndsAtOnce(t *testing.T) {
	b := newBench(t, redistest.Standalone(t).URL())
	views := func() int {
		list := b.client.ClientList(t.Context()).Val()
		return len(regexp.MustCompile(` flags=[OP] `).FindAllString(list, -1))
	}
	for _, line := range []string{"monitor", "subscribe a"} {
		for name, c := range map[string]struct {
			end  func(w *watching)
			want error
		}{
			"cancel": {func(w *watching) { w.end() }, context.Canceled},
			"stop":   {func(w *watching) { w.stop() }, nil},
			"pipe":   {func(w *watching) { close(w.gone) }, errLeft},
		} {
			w := watch(t, b.Guard, everyone, newScreen(), strings.Fields(line+" --for 60s")...)
			w.shows(t, "\n")
			if views() != 1 {
				t.Errorf("%s: %d views", line, views())
			}
			began := time.Now()
			c.end(w)
			if r := w.ended(t); !errors.Is(r.err, c.want) || time.Since(began) > 10*time.Second {
				t.Errorf("%s by %s: after %s %v", line, name, time.Since(began), r.err)
			}
			redistest.Eventually(t, "the server closes it", func(context.Context) bool { return views() == 0 })
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := b.Do(ctx, everyone, []string{"monitor"}, newScreen(), &bytes.Buffer{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a deadline: %v", err)
	}
	stopped := watcher{make(chan struct{})}
	close(stopped.stop)
	if _, err := b.WithViewer(stopped).Do(t.Context(), everyone, []string{"monitor"}, newScreen(), &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a view after the end: %v", err)
	}
}

func TestALiveViewEndsWithItsServer(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, server.URL())
	w := watch(t, b.Guard, everyone, newScreen(), "monitor")
	w.shows(t, "OK\n")
	server.Kill()
	if r := w.ended(t); r.err == nil || !strings.HasPrefix(r.stdout, "OK\n") {
		t.Errorf("%+v", r)
	}
}

// TestALiveViewIsBounded floods a view whose reader is stuck: the server keeps
// nothing for us, and what is not shown is counted.
// On one server: Sentinels have views of their own.
func TestALiveViewIsBounded(t *testing.T) {
	b := newBench(t, redistest.Standalone(t).URL())
	s := newScreen()
	s.held = make(chan struct{})
	w := watch(t, b.Guard, everyone, s, "subscribe", "flood", "--for", "60s")
	redistest.Eventually(t, "it is subscribed", func(ctx context.Context) bool {
		return b.client.PubSubNumSub(ctx, "flood").Val()["flood"] == 1
	})
	const messages = 20000
	pipe := b.client.Pipeline()
	for range messages {
		pipe.Publish(t.Context(), "flood", strings.Repeat("x", 1000))
	}
	pipe.Publish(t.Context(), "flood", strings.Repeat("y", 1<<20))
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	redistest.Eventually(t, "the server keeps nothing", func(ctx context.Context) bool {
		line := about(b.client.ClientList(ctx).Val(), " sub=1 ")
		return strings.Contains(line, " oll=0 ") && strings.Contains(line, " omem=0 ")
	})
	close(s.held)
	b.must(t, "CLIENT", "KILL", "TYPE", "pubsub") // so that all is read before the end
	r := w.ended(t)
	shown := strings.Count(r.stdout, "message\n")
	if r.err == nil || shown == 0 || strings.Contains(r.stdout, "yyy") {
		t.Errorf("%v, %d shown", r.err, shown)
	}
	left := 0
	for _, h := range b.hints {
		_, _ = fmt.Sscanf(h, "Left out: %d of", &left)
	}
	if shown+left != messages+1 {
		t.Errorf("%d shown, %d left out, of %d: %q", shown, left, messages+1, b.hints)
	}
}

func TestALiveViewSkipsWhatIsTooLongAndGoesOn(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	w := watch(t, b.Guard, everyone, newScreen(), "monitor")
	w.shows(t, "OK\n")
	b.must(t, "SET", "k", strings.Repeat("y", 200<<10))
	b.must(t, "SET", "k", strings.Repeat("z", 50<<10))
	w.shows(t, "zzz\"\n")
	if r := w.stopped(t); strings.Contains(r.stdout, "yyy") || !strings.Contains(strings.Join(b.hints, " "), "Left out: 1 of") {
		t.Errorf("%.200s %q", r.stdout, b.hints)
	}
}

func TestWhoMayWatch(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	for _, c := range []struct{ role, line, says string }{
		{"reader", "monitor", "admin"}, {"destroyer", "MONITOR --for 2s", "admin"},
		{"narrow", "subscribe a", "only keys like"}, {"narrow", "psubscribe *", "only keys like"}, {"narrow", "ssubscribe session:1", "only keys like"},
		{"watchman", "monitor", "only keys like"},
		{"reader", "subscribe {helix}:events", "belong to Helix"}, {"reader", "psubscribe a helix:*", "belong to Helix"}, {"reader", "ssubscribe {helix}:x", "belong to Helix"},
	} {
		r := b.do(t, as(c.role), strings.Fields(c.line)...)
		if r.err == nil || !strings.Contains(r.err.Error(), c.says) || r.stdout != "" {
			t.Errorf("%s by %s: %+v", c.line, c.role, r)
		}
		if err := b.Check(t.Context(), as(c.role), literals(c.line)); err == nil {
			t.Errorf("%s by %s passes the preflight", c.line, c.role)
		}
	}
	errGate := errors.New("not recorded")
	gated := b.WithGate(func(_ context.Context, command string, right permissions.Right) error {
		if command != "redis monitor" || right != permissions.Admin {
			t.Errorf("asked for %s, %s", command, right)
		}
		return errGate
	})
	if _, err := gated.Do(t.Context(), everyone, []string{"monitor"}, newScreen(), &bytes.Buffer{}); !errors.Is(err, errGate) {
		t.Errorf("the gate is shut: %v", err)
	}
}

// TestPatternsCatchNothingOfHelixs holds that what carries settings is unseen.
func TestPatternsCatchNothingOfHelixs(t *testing.T) {
	b := newBench(t, redistest.Any(t).URL())
	w := watch(t, b.Guard, everyone, newScreen(), "psubscribe", "*")
	w.shows(t, "psubscribe")
	b.must(t, "PUBLISH", "{helix}:events", "ours")
	b.must(t, "PUBLISH", "helix:x", "ours")
	b.must(t, "PUBLISH", "theirs", "over")
	w.shows(t, "over")
	if r := w.stopped(t); strings.Contains(r.stdout, "ours") {
		t.Errorf("it shows %s", r.stdout)
	}
}

// On one server, which tells of all its keys itself.
func TestLiveViewsAreRedacted(t *testing.T) {
	b := newBench(t, redistest.Standalone(t).URL())
	b.must(t, "CONFIG", "SET", "notify-keyspace-events", "KEA")
	g := b.WithRedaction(redact.Default(), nil)
	const id = "3f2a9c0177aa4bbb8ccc0123456789ab"
	monitor := watch(t, g, everyone, newScreen(), "monitor")
	events := watch(t, g, everyone, newScreen(), "psubscribe", "*")
	monitor.shows(t, "OK")
	events.shows(t, "psubscribe")
	for _, args := range [][]any{
		{"SET", "session:" + id, `{"user_id":"ann","token":"hunter2"}`},
		{"HSET", "account", "name", "ann", "password", "hunter2"},
		{"SETEX", "otp:42", 100, "hunter2"},
		{"EVAL", "return redis.call('get', KEYS[1])", 1, "session:" + id},
		{"CONFIG", "SET", "masterauth", "hunter2"},
		{"PUBLISH", "session:" + id, `{"csrf":"hunter2"}`},
		{"PUBLISH", "otp", "hunter2"},
		{"ACL", "SETUSER", "x", "on", ">hunter2"},
		{"ECHO", "plain \"words\" stay"},
		{"PUBLISH", "news", "over"},
	} {
		b.must(t, args...)
	}
	monitor.shows(t, `"over"`)
	events.shows(t, "\nover\n")
	for name, r := range map[string]result{"monitor": monitor.stopped(t), "psubscribe": events.stopped(t)} {
		if r.err != nil || strings.Contains(r.stdout, "hunter2") || strings.Contains(r.stdout, id) {
			t.Errorf("%s: %v\n%s", name, r.err, r.stdout)
		}
		t.Logf("%s shows\n%s", name, r.stdout)
	}
	for _, want := range []string{`"SET" "session:3f2a9c01…" "{\"user_id\":\"ann\",\"token\":\"•••\"}"`, `"HSET" "account" "name" "ann" "password" "•••"`,
		`"SETEX" "otp:42" "•••" "•••"`, ` lua] "get" "session:3f2a9c01…"`, `"ECHO" "plain \"words\" stay"`} {
		if !strings.Contains(strings.ToLower(monitor.String()), strings.ToLower(want)) {
			t.Errorf("monitor does not show %s", want)
		}
	}
	for _, want := range []string{"__keyspace@0__:session:3f2a9c01…\nset\n", "__keyevent@0__:set\nsession:3f2a9c01…\n", "\nsession:3f2a9c01…\n{\"csrf\":\"•••\"}\n", "\notp\n•••\n"} {
		if !strings.Contains(events.String(), want) {
			t.Errorf("psubscribe does not show %q", want)
		}
	}
}

func TestLiveViewsOfACluster(t *testing.T) {
	cluster := redistest.Cluster(t)
	b := newBench(t, cluster.URL())
	w := watch(t, b.Guard, everyone, newScreen(), "monitor")
	for _, addr := range cluster.Addrs() {
		w.shows(t, addr+" OK\n")
	}
	for i := range 30 {
		b.must(t, "SET", fmt.Sprint("live:", i), i)
		w.shows(t, fmt.Sprintf(`"live:%d" "%d"`, i, i))
	}
	for line := range strings.Lines(about(w.stopped(t).stdout, `"live:`)) {
		if addr, _, _ := strings.Cut(line, " "); !slices.Contains(cluster.Addrs(), addr) {
			t.Errorf("no node's: %s", line)
		}
	}
	for _, line := range []string{"ssubscribe a", "ssubscribe foo", "ssubscribe session:9", "subscribe a"} {
		command, channel, _ := strings.Cut(line, " ")
		w := watch(t, b.Guard, everyone, newScreen(), command, channel)
		w.shows(t, command+"\n"+channel+"\n1\n")
		b.must(t, map[string]string{"ssubscribe": "SPUBLISH", "subscribe": "PUBLISH"}[command], channel, "hello")
		w.shows(t, channel+"\nhello\n")
		if r := w.stopped(t); r.err != nil {
			t.Errorf("%s: %v", line, r.err)
		}
	}
	for _, m := range cluster.Masters {
		if err := m.Client().ConfigSet(t.Context(), "notify-keyspace-events", "KEA").Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range []string{"psubscribe __keyevent@*", "subscribe __keyevent@0__:set"} { // which each server tells of its own keys alone
		command, channel, _ := strings.Cut(line, " ")
		w := watch(t, b.Guard, everyone, newScreen(), command, channel)
		w.shows(t, command+"\n"+channel+"\n1\n")
		for _, m := range cluster.Masters {
			redistest.Eventually(t, "each server is listened to", func(ctx context.Context) bool {
				return strings.Contains(m.Client().ClientList(ctx).Val(), " cmd="+command+" ")
			})
		}
		for i := range 30 {
			key := fmt.Sprint("told:", i)
			b.must(t, "SET", key, i)
			w.shows(t, "__keyevent@0__:set\n"+key+"\n")
		}
		w.stopped(t)
	}
	w = watch(t, b.Guard, everyone, newScreen(), "psubscribe", "ne*")
	w.shows(t, "psubscribe\nne*\n1\n")
	for i := range 10 {
		b.must(t, "PUBLISH", "news", fmt.Sprint("item", i))
		w.shows(t, fmt.Sprint("item", i))
	}
	if shown := w.stopped(t).stdout; strings.Count(shown, "news") != 10 || strings.Count(shown, "psubscribe") != 1 {
		t.Errorf("what is published once is shown as\n%s", shown)
	}
}
