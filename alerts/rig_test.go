package alerts

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

type knobs struct{ snapshot *settings.Snapshot }

func (k *knobs) Snapshot() *settings.Snapshot { return k.snapshot }

// clock is a time that passes only as a test says.
type hands struct{ now time.Time }

func (c *hands) Now() time.Time { return c.now }

// probe answers what a test has set.
type probe struct{ changes map[sample.Name]float64 }

func (p *probe) Probe(ctx context.Context) (sample.Sample, error) {
	if err := ctx.Err(); err != nil {
		return sample.Sample{}, err
	}
	s := sampled(time.Time{}, p.changes)
	if s.Values[sample.Up] == 0 {
		return sample.Sample{Values: map[sample.Name]float64{sample.Up: 0}, Problem: "connection refused"}, nil
	}
	return s, nil
}

// rig is an Engine with all around it that a test sets.
type rig struct {
	*Engine
	t       *testing.T
	clock   *hands
	probe   *probe
	knobs   *knobs
	channel *channel
	client  redis.UniversalClient
	seed    uint64
}

func newRig(t *testing.T, client redis.UniversalClient, assignments ...string) *rig {
	t.Helper()
	c := &hands{noon}
	r := &rig{t: t, clock: c, probe: &probe{}, knobs: &knobs{values(t, assignments...)}, channel: newChannel(c), client: client}
	r.restart()
	return r
}

// restart puts a new Engine in the place of the one before, which is gone as by
// a crash.
func (r *rig) restart(change ...func(*Options)) {
	r.t.Helper()
	r.seed++
	o := Options{Client: r.client, Settings: r.knobs, Prober: r.probe, Notifier: r.channel, Now: r.clock.Now,
		Random: rand.NewChaCha8([32]byte{byte(r.seed), byte(r.seed >> 8)})}
	for _, c := range change {
		c(&o)
	}
	e, err := New(o)
	if err != nil {
		r.t.Fatal(err)
	}
	e.running = true
	r.Engine = e
}

// pass lets time go by in steps of an interval, with an evaluation and a
// delivery after each.
func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	for end := r.clock.now.Add(d); r.clock.now.Before(end); {
		r.clock.now = r.clock.now.Add(r.knobs.snapshot.Duration(settings.AlertsInterval))
		r.look()
	}
}

// look evaluates and delivers once, now.
func (r *rig) look() {
	r.t.Helper()
	if err := r.evaluate(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.deliver(r.t.Context())
}

// set makes the next measurements show other values than a healthy Redis.
func (r *rig) set(changes map[sample.Name]float64) { r.probe.changes = changes }

func (r *rig) open() []Incident {
	r.t.Helper()
	list, err := r.List(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	var open []Incident
	for _, in := range list {
		if in.Open() {
			open = append(open, in)
		}
	}
	return open
}

// only answers the one message of the channel.
func (r *rig) only() *posted {
	r.t.Helper()
	if len(r.channel.messages) != 1 {
		r.t.Fatalf("%d messages, want one: %v", len(r.channel.messages), r.channel.texts())
	}
	return r.channel.messages[0]
}

func crowded() map[sample.Name]float64 { return map[sample.Name]float64{sample.Sessions: 20_000} }
func full() map[sample.Name]float64    { return map[sample.Name]float64{sample.MemoryPercent: 95} }
