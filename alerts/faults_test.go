package alerts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

// schedulesVariable names how many fault schedules are run, instead of a sample.
const schedulesVariable = "HELIX_ALERT_SCHEDULES"

// schedules is the sample; a quarter of it runs on each kind of server.
const schedules = 40

// Random schedules of everything that can go wrong: refused and lost requests,
// crashes between any two steps, a Redis that is flushed or away, a clock that
// jumps. Every incident is delivered, is one message, and ends there as it truly
// ended.
func TestFaultsNeitherLoseNorDoubleAnIncident(t *testing.T) {
	n := schedules
	if text := os.Getenv(schedulesVariable); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		var sum tally
		hooked := &fuse{}
		client.AddHook(hooked)
		snapshot := values(t, "alerts.interval=60", "alerts.hold=60", "alerts.growth.enabled=false", "alerts.rules=flood: sessions > 5000 && created_per_min > 50")
		for seed := range n / 4 {
			if t.Failed() {
				return
			}
			*hooked = fuse{}
			if err := redistest.Flush(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			newSchedule(t, uint64(seed), client, hooked, snapshot).run(&sum)
		}
		t.Logf("%d schedules: %+v", n/4, sum)
		if sum.Incidents == 0 || sum.Crashes == 0 || sum.Lost == 0 || sum.Flushes == 0 {
			t.Errorf("the schedules show too little: %+v", sum)
		}
	})
}

type tally struct{ Incidents, Messages, Edits, Crashes, Refused, Lost, Flushes, Jumps, Excused int }

// fuse ends a process in the midst of its work: after so many calls nothing that
// it does has an effect any more. It stands for the way to Redis and to the
// channel.
type fuse struct {
	random *rand.Rand
	left   int // 0: it does not burn
	dead   bool
	down   bool // Redis is away
}

var errCrashed = errors.New("the process has ended")

// burn says what becomes of a call: it works, has no effect, or nobody hears of
// its effect.
func (f *fuse) burn() fate {
	switch {
	case f.dead:
		return refused
	case f.left == 0:
		return works
	}
	if f.left--; f.left > 0 {
		return works
	}
	f.dead = true
	if f.random.IntN(2) == 0 {
		return lost
	}
	return refused
}

func (f *fuse) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (f *fuse) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (f *fuse) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		then := f.burn()
		if f.down || then == refused {
			cmd.SetErr(errCrashed)
			return errCrashed
		}
		err := next(ctx, cmd)
		if then == lost {
			cmd.SetErr(errCrashed)
			return errCrashed
		}
		return err
	}
}

// schedule is one random run.
type schedule struct {
	*rig
	random   *rand.Rand
	fuse     *fuse
	trouble  float64 // the part of the channel's calls that fail now
	expected map[string]bool
	sum      tally
}

func newSchedule(t *testing.T, seed uint64, client redis.UniversalClient, f *fuse, s *settings.Snapshot) *schedule {
	*f = fuse{random: rand.New(rand.NewPCG(seed, 1))}
	c := &hands{noon}
	r := &rig{t: t, clock: c, probe: &probe{}, knobs: &knobs{s}, channel: newChannel(c), client: client, seed: seed * 100}
	x := &schedule{rig: r, random: rand.New(rand.NewPCG(seed, 2)), fuse: f, expected: make(map[string]bool)}
	r.channel.next = x.fate
	r.restart()
	return x
}

// fate is what becomes of a call to the channel.
func (x *schedule) fate(string) fate {
	if then := x.fuse.burn(); then != works {
		return then
	}
	if x.random.Float64() >= x.trouble {
		return works
	}
	if x.random.IntN(2) == 0 {
		x.sum.Lost++
		return lost
	}
	x.sum.Refused++
	return refused
}

const (
	troubled = 60  // steps with faults
	calmed   = 200 // steps after which all has to be quiet
)

func (x *schedule) run(sum *tally) {
	for range troubled {
		x.step()
	}
	last := x.weather()
	delete(last, sample.Up)
	x.set(last)
	x.trouble, x.fuse.left, x.fuse.down = 0, 0, false
	for i := 0; i < calmed && (i < 8 || !x.quiet()); i++ {
		x.advance(time.Minute)
		x.evaluateOnce()
	}
	x.verify()
	x.sum.Incidents, x.sum.Messages, x.sum.Edits = len(x.expected), len(x.channel.messages), x.channel.edits()
	sum.add(x.sum)
}

func (s *tally) add(o tally) {
	s.Incidents, s.Messages, s.Edits = s.Incidents+o.Incidents, s.Messages+o.Messages, s.Edits+o.Edits
	s.Crashes, s.Refused, s.Lost = s.Crashes+o.Crashes, s.Refused+o.Refused, s.Lost+o.Lost
	s.Flushes, s.Jumps, s.Excused = s.Flushes+o.Flushes, s.Jumps+o.Jumps, s.Excused+o.Excused
}

// chance is true in one of n cases.
func (x *schedule) chance(n int) bool { return x.random.IntN(n) == 0 }

// step is a minute in which anything may go wrong.
func (x *schedule) step() {
	x.advance(time.Minute)
	if x.chance(30) {
		x.sum.Jumps++
		x.advance(time.Duration(x.random.IntN(360)-180) * time.Minute)
	}
	if x.chance(4) {
		x.set(x.weather())
	}
	if x.chance(6) {
		x.trouble = []float64{0, 0, 0.3, 0.9, 1}[x.random.IntN(5)]
	}
	if x.fuse.left == 0 && x.chance(8) {
		x.fuse.left = 1 + x.random.IntN(12)
	}
	if x.chance(40) {
		x.flush()
	}
	x.people()
	x.evaluateOnce()
	if x.fuse.dead {
		x.crash()
	}
}

func (x *schedule) advance(d time.Duration) { x.clock.now = x.clock.now.Add(d) }

// weather answers what is wrong with Redis.
func (x *schedule) weather() map[sample.Name]float64 {
	v := make(map[sample.Name]float64)
	if x.chance(2) {
		v[sample.MemoryPercent] = []float64{70, 79, 85, 95}[x.random.IntN(4)]
	}
	if x.chance(2) {
		v[sample.Sessions], v[sample.CreatedPerMin] = 20_000, 70
	}
	if x.chance(3) {
		v[sample.EvictedPerMin] = 3
	}
	x.fuse.down = x.chance(8)
	if x.fuse.down {
		v[sample.Up] = 0
	}
	return v
}

// people acknowledge and silence now and then.
func (x *schedule) people() {
	ctx := x.t.Context()
	open := x.book.list()
	if len(open) == 0 || !x.chance(6) {
		return
	}
	id := open[x.random.IntN(len(open))].ID
	switch x.random.IntN(4) {
	case 0:
		_, _ = x.Acknowledge(ctx, id, ann) // it may be over, or the process at its end
	case 1:
		_, _ = x.Silence(ctx, Wish{Target: "memory", For: 10 * time.Minute, By: ann})
	case 2:
		_, _ = x.Silence(ctx, Wish{Target: id, By: bob})
	case 3:
		_, _ = x.Unsilence(ctx, "memory", bob)
	}
}

func (x *schedule) evaluateOnce() {
	x.t.Helper()
	if err := x.evaluate(x.t.Context()); err != nil {
		x.t.Fatal(err)
	}
	x.deliver(x.t.Context())
	for id, in := range x.book.incidents {
		if !in.Withheld {
			x.expected[id] = true
		}
	}
}

// flush empties Redis. What neither the process nor the channel knows is gone.
func (x *schedule) flush() {
	x.sum.Flushes++
	x.outside(func() {
		if err := redistest.Flush(x.t.Context(), x.client); err != nil {
			x.t.Fatal(err)
		}
	})
	x.excuse(slices.Sorted(maps.Keys(x.book.incidents)))
}

// crash starts a new process. What neither Redis nor the channel knows is gone
// with the old one, and nobody has heard of it.
func (x *schedule) crash() {
	x.sum.Crashes++
	x.outside(func() {
		known, err := x.client.HKeys(x.t.Context(), incidentsKey).Result()
		if err != nil {
			x.t.Fatal(err)
		}
		x.excuse(known)
	})
	x.fuse.dead, x.fuse.left = false, 0
	x.restart()
}

// outside does something to Redis that is not of the process.
func (x *schedule) outside(do func()) {
	as := *x.fuse
	x.fuse.down, x.fuse.left, x.fuse.dead = false, 0, false
	do()
	*x.fuse = as
}

// excuse takes incidents from those expected that are neither among the known
// nor shown.
func (x *schedule) excuse(known []string) {
	for _, m := range x.channel.messages {
		known = append(known, m.shows.ID)
	}
	for id := range x.expected {
		if !slices.Contains(known, id) {
			x.sum.Excused++
			delete(x.expected, id)
		}
	}
}

// quiet says whether nothing is left to do.
func (x *schedule) quiet() bool {
	if x.owes() {
		return false
	}
	for _, in := range x.book.incidents {
		if in.Open() && (x.verdicts[in.Rule].Status != Firing || in.State == Silenced) {
			return false
		}
	}
	return len(x.book.waiting) == 0
}

// verify holds the channel against the truth.
func (x *schedule) verify() {
	x.t.Helper()
	shown := make(map[string]int)
	for _, m := range x.channel.messages {
		shown[m.shows.ID]++
		in, known := x.book.incidents[m.shows.ID]
		if m.shows.Open() && (!known || !in.Open()) {
			x.complain("%s shows %s as %s; it is %s", m.id, m.shows.ID, m.shows.State, in.State)
		}
		if known && (m.shows.State != in.State || m.shows.Revision != in.Revision || m.shows.Words != in.Words && !in.Open()) {
			x.complain("%s shows %s as %s %q; it is %s %q", m.id, m.shows.ID, m.shows.State, m.shows.Words, in.State, in.Words)
		}
	}
	for id := range x.expected {
		if shown[id] != 1 && !x.book.incidents[id].Withheld {
			x.complain("%s is shown %d times", id, shown[id])
		}
	}
	x.verifyRules()
}

// verifyRules holds the incidents against what is wrong with Redis.
func (x *schedule) verifyRules() {
	open := make(map[string]int)
	for _, in := range x.open() {
		open[in.Rule]++
	}
	for _, s := range x.Rules() {
		if want := one(s.Verdict.Status == Firing); open[s.Rule.Name] != want && s.Verdict.Status != Unknown && x.inhibitor(x.rules, s.Rule) == "" {
			x.complain("%s is %s and has %d incidents", s.Rule.Name, s.Verdict.Status, open[s.Rule.Name])
		}
	}
}

func (x *schedule) complain(format string, args ...any) {
	x.t.Helper()
	x.t.Errorf("schedule %d: %s", x.seed/100, fmt.Sprintf(format, args...))
}
