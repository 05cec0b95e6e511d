package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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

// inOrder is how long servers may take to be in order by themselves: Sentinels on a
// busy machine may fail to agree at first.
const inOrder = 90 * time.Second

// settle waits until all servers are in order and Helix answers.
func (w *world) settle() {
	w.await("the servers are in order", inOrder, w.ground.isWhole)
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
	facts
	number   int
	random   *rand.Rand
	load     *load
	visitors *visitors
	faults   []*fault
	notes    []string
	sum      *tally
	watch    *revisions
	wrong    bool // a promise was broken

	told string // by instances, of changes that were interrupted
}

func newRound(w *world, number int, sum *tally) *round {
	r := &round{world: w, facts: facts{kind: w.ground.kind}, number: number, random: rand.New(rand.NewPCG(uint64(number), 3)), load: newLoad(w, number), sum: sum}
	c := &chooser{w, r, r.random}
	mine := kinds[w.ground.kind]
	redis := mine[number/len(topologies)%len(mine)]
	beside := besides[r.random.IntN(len(besides))]
	if !goesWith(redis, beside, len(w.instances)) {
		beside = ""
	}
	r.faults = append(r.faults, c.redis(redis))
	r.succeeded = w.ground.mayLose(redis)
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
	r.ground.lay(r.number)
	r.begun = time.Now()
	r.visitors = newVisitors(r.world, r.number)
	for !r.healed() || time.Since(r.begun) < least {
		r.strike()
		r.load.say()
		r.load.hear()
		tick()
	}
	r.note("all is healed")
	r.visitors.stop()
	r.drain()
	r.settle()
	r.revisit()
	r.judgeAll()
	r.sum.add(r)
	r.t.Logf("round %d: %v, %d said, %d asked, %.1f s", r.number, r.faults, len(r.load.all), r.visitors.asked(), time.Since(r.begun).Seconds())
}

// soon is how long it may take until an instance serves sessions again, once all
// servers are in order.
const soon = 30 * time.Second

// revisit holds that each instance serves sessions again, and looks at all of the
// round once more.
func (r *round) revisit() {
	for n, instance := range r.instances {
		probe := &visitor{round: r.number, number: visitorsEach + n, random: r.random, client: r.visitors.all[0].client, services: []func() string{instance.serves}}
		tried := 0
		r.await(fmt.Sprintf("instance %d serves sessions again", n), soon, func(context.Context) bool {
			tried++
			return probe.isServed()
		})
		r.sum.count("instances that served sessions again at once", one(tried == 1))
	}
	r.calm = time.Now()
	for _, v := range r.visitors.all {
		v.revisit()
	}
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
			if r.trouble.IsZero() {
				r.trouble = time.Now()
			}
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

// drain waits until everything that was said is answered, or nobody will: what shows
// a change that moves no more was begun by an instance that has lost the right.
func (r *round) drain() {
	within := patience
	if r.killed || r.stopped {
		within = briefly
	}
	last, quiet := time.Now().Add(slowest), time.Now().Add(within)
	for ; time.Now().Before(last); tick() {
		r.load.hear()
		if r.load.runs() {
			quiet = time.Now().Add(within)
		} else if time.Now().After(quiet) || !slices.ContainsFunc(r.load.waiting(), (*ask).isSilent) {
			return
		}
	}
}
