package chaos

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/longtest"
)

// The campaign; docs/results.md has its last whole result:
//
//	HELIX_CHAOS_SEED=1 HELIX_CHAOS_ROUNDS=200 go test ./internal/chaos -run Chaos -timeout 2h -v
//
// A round's faults, their moments and what people say follow from its number
// alone; what they meet does not. One topology after the other takes a round, and
// each keeps its servers for a batch of rounds.
const (
	chaosSeed      = "HELIX_CHAOS_SEED"      // number of the first round
	chaosRounds    = "HELIX_CHAOS_ROUNDS"    // how many
	chaosInstances = "HELIX_CHAOS_INSTANCES" // of Helix, 1 if nothing is said
	chaosBatch     = 6                       // rounds on the same servers
)

// ownSlot is the slot of Helix's own keys.
var ownSlot = slotOf("{helix}")

func slotOf(tag string) int {
	crc := uint16(0)
	for _, b := range []byte(strings.Trim(tag, "{}")) {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc) % slots
}

// topologies take the rounds in turn.
var topologies = []struct {
	name string
	open func(testing.TB) *ground
}{{"standalone", newStandalone}, {"sentinel", newSentinel}, {"cluster", newCluster}}

func TestChaos(t *testing.T) {
	first, rounds := longtest.Number(t, chaosSeed, 1), longtest.Number(t, chaosRounds, sample)
	sum := &tally{counts: make(map[string]int)}
	t.Cleanup(func() { t.Log(sum) })
	for i, topology := range topologies {
		var mine []int
		for n := first; n < first+rounds; n++ {
			if n%len(topologies) == i {
				mine = append(mine, n)
			}
		}
		if len(mine) == 0 {
			continue
		}
		t.Run(topology.name, func(t *testing.T) {
			t.Parallel()
			for batch := range slices.Chunk(mine, chaosBatch) {
				t.Run(fmt.Sprintf("from-%d", batch[0]), func(t *testing.T) { runBatch(t, topology.open, batch, sum) })
			}
		})
	}
}

func runBatch(t *testing.T, open func(testing.TB) *ground, numbers []int, sum *tally) {
	g := open(t)
	t.Cleanup(func() { g.judge.Close() })
	w := newWorld(t, g, longtest.Number(t, chaosInstances, 1))
	w.seed()
	w.settle()
	for _, n := range numbers {
		if t.Failed() {
			t.Errorf("rounds from %d on were not run", n)
			return
		}
		newRound(w, n, sum).run()
	}
}

// seed puts what is read into Redis.
func (w *world) seed() {
	w.await("a key can be set", 30*time.Second, func(ctx context.Context) bool {
		for _, n := range w.ground.nodes {
			if n.direct.Set(ctx, "known", "as it was", 0).Err() == nil {
				return true
			}
		}
		return false
	})
}

// settle waits until all servers are in order and Helix answers.
func (w *world) settle() {
	w.await("the servers are in order", 60*time.Second, w.ground.isWhole)
	w.await("the judge reaches Redis", 30*time.Second, func(ctx context.Context) bool {
		value, err := w.ground.judge.Get(ctx, "known").Result()
		return err == nil && value == "as it was"
	})
	w.await("Helix answers", 60*time.Second, func(ctx context.Context) bool {
		return strings.Contains(w.asks(ctx, "!redis ping"), "PONG")
	})
}

// asks says a line and answers what Helix says, "" if it says nothing for a while.
func (w *world) asks(ctx context.Context, line string) string {
	said := w.As("olga").Says("#ops", line)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && ctx.Err() == nil; tick() {
		for _, m := range w.In("#ops").Messages() {
			if m.ReplyTo == said.ID && m.Author == "helix" {
				return m.Text()
			}
		}
	}
	return ""
}

func tick() { <-time.After(10 * time.Millisecond) }

// await waits for something, and ends the test if it does not come.
func (w *world) await(what string, within time.Duration, ready func(ctx context.Context) bool) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for !ready(ctx) {
		if ctx.Err() != nil {
			w.t.Fatalf("%s: not within %s; the end of the log:\n%s", what, within, w.logs())
		}
		tick()
	}
}

func (w *world) logs() string {
	var b strings.Builder
	for i, one := range w.instances {
		fmt.Fprintf(&b, "--- instance %d\n%s\n", i, one.last(40))
	}
	return b.String()
}

// round is a time of trouble under load.
type round struct {
	*world
	number int
	random *rand.Rand
	load   *load
	faults []*fault
	notes  []string
	begun  time.Time
	sum    *tally
	watch  *revisions

	accounts string // of changes that were interrupted, by their own instances

	flushed, killed, stopped, paused, lateDiscord, outage bool
}

func newRound(w *world, number int, sum *tally) *round {
	r := &round{world: w, number: number, random: rand.New(rand.NewPCG(uint64(number), 3)), load: newLoad(w, number), sum: sum}
	c := &chooser{w, r, r.random}
	mine := kinds[w.ground.kind]
	redis := mine[number/len(topologies)%len(mine)]
	beside := besides[r.random.IntN(len(besides))]
	if !goesWith(redis, beside, len(w.instances)) {
		beside = ""
	}
	r.faults = append(r.faults, c.redis(redis))
	if f := c.beside(beside); f != nil {
		r.faults = append(r.faults, f)
	}
	return r
}

func (r *round) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf("%6.3f s  %s", time.Since(r.begun).Seconds(), fmt.Sprintf(format, args...)))
}

// least is how long a round's load goes on, at least.
const least = 3 * time.Second

// run lets the faults strike under load, waits for quiet, and judges.
func (r *round) run() {
	r.watch = watchRevisions(r.ground)
	defer r.watch.stop()
	if r.outage {
		r.asks(context.Background(), "!config set alerts.server_down.enabled=true")
		defer r.asks(context.Background(), "!config set alerts.server_down.enabled=false")
	}
	r.begun = time.Now()
	for !r.healed() || time.Since(r.begun) < least {
		r.strike()
		r.load.say()
		r.load.hear()
		tick()
	}
	r.note("all is healed")
	r.drain()
	r.settle()
	r.judgeAll()
	r.sum.add(r)
	r.t.Logf("round %d: %v, %d said, %.1f s", r.number, r.faults, len(r.load.all), time.Since(r.begun).Seconds())
}

func (r *round) healed() bool {
	return !slices.ContainsFunc(r.faults, func(f *fault) bool { return !f.over })
}

// strike begins and heals the faults that are due.
func (r *round) strike() {
	since := time.Since(r.begun)
	for _, f := range r.faults {
		switch {
		case !f.began && since >= f.at:
			f.began = true
			r.note("%s begins", f.name)
			f.begin()
			f.over = f.heal == nil
		case f.began && !f.over && since >= f.at+f.lasts:
			f.over = true
			f.heal()
			r.note("%s ends", f.name)
		}
	}
}

// patience is how long an answer may take once all is healed, and briefly where
// whoever would have answered may have ended.
const (
	patience = 40 * time.Second
	briefly  = 6 * time.Second
	slowest  = 3 * time.Minute // a change that runs, on a busy machine
)

// drain waits until everything that was said is answered, or nobody will.
func (r *round) drain() {
	within := patience
	if r.killed || r.stopped {
		within = briefly
	}
	for running := time.Now().Add(slowest); r.load.runs() && time.Now().Before(running); tick() {
		r.load.hear()
	}
	for end := time.Now().Add(within); len(r.load.open) > 0 && time.Now().Before(end); tick() {
		r.load.hear()
	}
}

// masterCount answers how many masters there are.
func (g *ground) masterCount(ctx context.Context) (n int) {
	for _, one := range g.nodes {
		info, err := one.direct.Do(ctx, "ROLE").Slice()
		if err == nil && info[0] == "master" {
			n++
		}
	}
	return n
}

// tally is what the rounds showed.
type tally struct {
	mu     sync.Mutex
	rounds int
	counts map[string]int
}

func (s *tally) add(r *round) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rounds++
	for _, f := range r.faults {
		s.counts[r.ground.kind+": "+f.name]++
	}
	s.counts["said"] += len(r.load.all)
}

func (s *tally) count(what string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[what] += n
}

func (s *tally) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := []string{fmt.Sprintf("%d rounds", s.rounds)}
	for name, n := range s.counts {
		lines = append(lines, fmt.Sprintf("%s: %d", name, n))
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n")
}

// revisions follows the settings' revision on all servers.
type revisions struct {
	cancel context.CancelFunc
	done   chan struct{}

	mu         sync.Mutex
	replicated int64 // the greatest that all servers had
}

const configKey = "{helix}:config"

func watchRevisions(g *ground) *revisions {
	ctx, cancel := context.WithCancel(context.Background())
	v := &revisions{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(v.done)
		for ; ctx.Err() == nil; tick() {
			v.look(ctx, g)
		}
	}()
	return v
}

// look takes in the revision that the master of Helix's own keys and all its
// replicas have; nothing while one of them is away.
func (v *revisions) look(ctx context.Context, g *ground) {
	least, had := int64(math.MaxInt64), 0
	for _, n := range g.nodes {
		if revision, err := n.direct.HGet(ctx, configKey, "@revision").Int64(); err == nil {
			least, had = min(least, revision), had+1
		}
	}
	if had < 1+g.replicasEach() {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.replicated = max(v.replicated, least)
}

func (v *revisions) stop() {
	v.cancel()
	<-v.done
}

func (v *revisions) greatest() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.replicated
}
