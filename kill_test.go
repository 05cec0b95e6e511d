package main

import (
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/longtest"
	"github.com/helix-collective/helix/internal/redistest"
)

// The campaign kills Helix, Redis or both in the middle of confirmed changes.
// The whole of it, as docs/results.md has it:
//
//	HELIX_KILL_ROUNDS=50 HELIX_KILL_KEYS=200000 go test -run Killed -timeout 3h -v .
const (
	killRounds = "HELIX_KILL_ROUNDS"
	killKeys   = "HELIX_KILL_KEYS"
	killSeed   = "HELIX_KILL_SEED" // of the first round
)

// killedLine is a change, and how many commands of it the keyspace shows.
type killedLine struct {
	line     string
	counted  string // the last command of each key, as Redis counts it; "": it takes the key away
	commands func(before, after map[string]string) int
}

func killedLines() []killedLine {
	differing := func(before, after map[string]string) int {
		n := 0
		for k, v := range before {
			if after[k] != v {
				n++
			}
		}
		return n
	}
	return []killedLine{
		{"!redis keys session:* | xargs -n 1 redis del", "", differing},
		{"!redis keys session:* | xargs -I {} redis expire {} 86400", "expire", differing},
		{"!redis keys session:* | xargs -I {} sh -c 'redis persist {}; redis append {} x'", "append", func(before, after map[string]string) int {
			n := 0
			for k, v := range before {
				now, was := strings.Fields(after[k]), strings.Fields(v)
				if now[1] != was[1] {
					n++
				}
				if now[0] != was[0] {
					n++
				}
			}
			return n
		}},
	}
}

// killedRound is one round: who is killed, and how Redis keeps what it has.
type killedRound struct {
	t      *testing.T
	random *rand.Rand
	keys   int
	line   killedLine
	server *redistest.Server
	client *redis.Client
	dir    string
	env    []string
	before map[string]string
	ended  bool // the change had, before anybody was killed
}

func TestKilledChangesAreAccountedFor(t *testing.T) {
	rounds, keys, seed := longtest.Number(t, killRounds, 3), longtest.Number(t, killKeys, 3000), longtest.Number(t, killSeed, 1)
	persistence := [][]string{{"--appendonly", "yes", "--appendfsync", "always"}, {"--appendonly", "yes", "--appendfsync", "everysec"}, nil}
	for n := seed; n < seed+rounds; n++ {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			r := &killedRound{t: t, random: rand.New(rand.NewPCG(uint64(n), 1)), keys: keys, line: killedLines()[n/3%3], dir: t.TempDir()}
			r.server = redistest.Standalone(t, persistence[n/9%3]...)
			r.client = r.server.Client()
			r.env = []string{"REDIS_URL=" + r.server.URL(), "HELIX_STATE_DIR=" + filepath.Join(r.dir, "state"), "HELIX_CONFIRM_WORD_ABOVE=10000000", "HELIX_SHELL_TIMEOUT=1h"}
			r.fill()
			r.before = r.keyspace()
			kill := []func(){r.killHelix, r.killRedis, r.killBoth}[n%3]
			kill()
		})
	}
}

// fill fills Redis with sessions that all lines can change, and keeps them on
// its disk.
func (r *killedRound) fill() {
	ctx := r.t.Context()
	for part := range slices.Chunk(numbers(r.keys), 10000) {
		_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, i := range part {
				p.Set(ctx, fmt.Sprintf("session:user:u%d@example.com:%d", i%1000, i), strings.Repeat("v", 1+i%300), time.Hour+time.Duration(i%1000)*time.Second)
			}
			return nil
		})
		r.must(err)
	}
	r.must(r.client.Save(ctx).Err())
}

func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

func (r *killedRound) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// keyspace answers every session with a sum of its value and the time at which
// it ends. DEBUG DIGEST-VALUE would not do: it tells whether a key ends at all.
func (r *killedRound) keyspace() map[string]string {
	r.t.Helper()
	ctx := r.t.Context()
	names, err := r.client.Keys(ctx, "session:*").Result()
	r.must(err)
	all := make(map[string]string, len(names))
	for part := range slices.Chunk(names, 10000) {
		values, deadlines := make([]*redis.StringCmd, len(part)), make([]*redis.DurationCmd, len(part))
		_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, k := range part {
				values[i], deadlines[i] = p.Get(ctx, k), p.PExpireTime(ctx, k)
			}
			return nil
		})
		r.must(err)
		for i, k := range part {
			all[k] = fmt.Sprintf("%08x %d", crc32.ChecksumIEEE([]byte(values[i].Val())), int64(deadlines[i].Val())/int64(time.Second))
		}
	}
	for k := range r.before { // so that every map has the same keys
		if all[k] == "" {
			all[k] = "none none"
		}
	}
	return all
}

// change starts the console, has the line confirmed in it, and returns at a
// random moment of the change. said answers what the console has said when it
// has ended.
func (r *killedRound) change() (helix *exec.Cmd, said func() string) {
	r.t.Helper()
	helix = helixCommand(r.t, r.dir, r.env, "console")
	in, err := helix.StdinPipe()
	r.must(err)
	out := &longtest.Output{}
	helix.Stdout, helix.Stderr = out, out
	r.must(helix.Start())
	ended := make(chan error, 1)
	go func() { ended <- helix.Wait() }()
	r.t.Cleanup(func() { helix.Process.Kill() })
	_, err = io.WriteString(in, r.line.line+"\n")
	r.must(err)
	r.await(out, func() bool { return strings.Contains(out.String(), "`!undo` can take it back") })
	_, err = io.WriteString(in, confirmation(out.String())+"\n")
	r.must(err)
	at := r.random.IntN(r.keys)
	r.await(out, func() bool { return r.over(out) || r.counted() > at })
	r.ended = r.over(out)
	return helix, func() string {
		in.Close()
		<-ended
		return out.String()
	}
}

// confirmation answers what a plan wants to be confirmed with: a word, where it
// is too large for what its commands answer to be foreseen.
func confirmation(plan string) string {
	if strings.Contains(plan, "cannot be told before it runs") {
		return "unseen"
	}
	return "y"
}

// await waits until Helix has come somewhere.
func (r *killedRound) await(out *longtest.Output, there func() bool) {
	r.t.Helper()
	deadline := time.After(10 * time.Second * time.Duration(1+r.keys/5000))
	for !there() {
		select {
		case <-deadline:
			r.t.Fatalf("the change does not get anywhere: %s", out)
		case <-time.After(time.Millisecond):
		}
	}
}

func (r *killedRound) over(out *longtest.Output) bool {
	return strings.Contains(out.String(), "carried out")
}

// counted answers for how many keys Redis has carried the line's commands out,
// about.
func (r *killedRound) counted() int {
	if r.line.counted == "" {
		left, err := r.client.DBSize(r.t.Context()).Result()
		r.must(err)
		return r.keys - int(left)
	}
	stats, err := r.client.InfoMap(r.t.Context(), "commandstats").Result()
	r.must(err)
	calls, _, _ := strings.Cut(strings.TrimPrefix(stats["Commandstats"]["cmdstat_"+r.line.counted], "calls="), ",")
	n, _ := strconv.Atoi(calls) // none: there is no such line yet
	return n
}

func (r *killedRound) killHelix() {
	helix, said := r.change()
	r.must(helix.Process.Kill())
	r.account(said())
}

func (r *killedRound) killRedis() {
	_, said := r.change()
	r.server.Restart()
	r.account(said())
}

func (r *killedRound) killBoth() {
	helix, said := r.change()
	r.must(helix.Process.Kill())
	heard := said()
	r.server.Restart()
	r.account(heard)
}

var (
	lostAgain = regexp.MustCompile(`.*came back without.*|.*is not known.*`)
	howFar    = regexp.MustCompile(`([0-9,]+) of ([0-9,]+) commands(?: were)? carried out`)
)

// account compares what was reported, by the console or by the next process,
// with what the keyspace shows, and has the change taken back.
func (r *killedRound) account(said string) {
	next := runHelixIn(r.t, r.dir, r.env, "", "exec", "!undo list")
	said += next.stderr
	far := howFar.FindStringSubmatch(said)
	if far == nil {
		r.t.Fatalf("nobody says how far it came:\n%s\n%s", said, next.stdout)
	}
	done, err := strconv.Atoi(strings.ReplaceAll(far[1], ",", ""))
	r.must(err)
	if shown := r.line.commands(r.before, r.keyspace()); done != shown && !r.ended { // what Redis loses later, nobody reports
		r.t.Errorf("%s: %d commands are reported, %d can be seen:\n%s", r.line.line, done, shown, said)
	}
	r.t.Logf("%s of %s commands%s", far[1], far[2], lostAgain.FindString(said))
	list := regexp.MustCompile(`(?m)^([a-z2-7]{12}) `).FindStringSubmatch(next.stdout)
	if list == nil {
		if done > 0 {
			r.t.Errorf("there is nothing to take back: %s%s", next.stdout, said)
		}
		return
	}
	undone := runHelixIn(r.t, r.dir, r.env, "", "exec", "!undo "+list[1])
	after := r.keyspace()
	for k, v := range r.before {
		if after[k] != v && !r.near(after[k], v) {
			r.t.Fatalf("%s is %q after undo, was %q: %s%s", k, after[k], v, undone.stdout, undone.stderr)
		}
	}
	if undone.status != 0 || len(after) != len(r.before) {
		r.t.Errorf("undo: %d keys, were %d; %s%s", len(after), len(r.before), undone.stdout, undone.stderr)
	}
}

// near reports whether two values are alike but for a second in their ends.
func (r *killedRound) near(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	m, err1 := strconv.Atoi(x[1])
	n, err2 := strconv.Atoi(y[1])
	return x[0] == y[0] && err1 == nil && err2 == nil && max(m-n, n-m) <= 1
}
