package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
)

// fault is something that goes wrong for a while.
type fault struct {
	name  string
	at    time.Duration // since the round's begin
	lasts time.Duration
	begin func()
	heal  func() // nil: it ends by itself

	began, over bool
}

func (f *fault) String() string { return fmt.Sprintf("%s at %s for %s", f.name, f.at, f.lasts) }

// chooser makes the faults of a round.
type chooser struct {
	w      *world
	r      *round
	random *rand.Rand
}

func (c *chooser) between(least, most time.Duration) time.Duration {
	return (least + time.Duration(c.random.Int64N(int64(most-least)))).Round(time.Millisecond)
}

// kinds are the faults of Redis and of the way to it that each topology knows.
var kinds = map[string][]string{
	"standalone": {"kill", "pause", "partition", "half-open", "cut", "tear", "slow", "flush", "outage"},
	"sentinel":   {"kill", "pause", "partition", "half-open", "cut", "tear", "slow", "flush", "failover", "isolate"},
	"cluster":    {"kill", "pause", "partition", "half-open", "cut", "tear", "slow", "flush", "failover", "takeover", "isolate", "reshard"},
}

// besides are the faults of Discord and of Helix itself.
var besides = []string{"storm", "lost-answers", "drop", "reconnect", "helix-kill", "helix-pause", "helix-stop", ""}

// redis makes a fault of Redis by its name.
func (c *chooser) redis(name string) *fault {
	f := &fault{name: name, at: c.between(300*time.Millisecond, 1500*time.Millisecond), lasts: c.between(200*time.Millisecond, 5*time.Second)}
	nodes := c.w.ground.nodes
	var victim *node
	choose := func() { // whoever is master when it begins
		slot := c.random.IntN(slots)
		if victim = c.w.ground.master(context.Background(), slot); victim == nil {
			victim = nodes[0]
		}
		c.r.note("%s strikes %s", name, victim.front.Addr())
	}
	clients := func(w Weather) func() {
		return func() {
			choose()
			c.eachFront(victim, w)
		}
	}
	switch name {
	case "kill", "outage":
		if name == "outage" {
			f.lasts, c.r.outage = 9*time.Second, true
		}
		f.begin = func() { choose(); victim.down = true; victim.Kill() }
		f.heal = func() { victim.Restart(); victim.down = false }
	case "pause":
		f.begin = func() { choose(); victim.down = true; victim.Pause() }
		f.heal = func() { victim.Resume(); victim.down = false }
	case "partition":
		f.begin, f.heal = clients(Weather{HoldRequests: true, HoldReplies: true}), c.w.ground.clear
	case "half-open":
		requests := c.random.IntN(2) == 0
		f.begin, f.heal = clients(Weather{HoldRequests: requests, HoldReplies: !requests}), c.w.ground.clear
	case "cut":
		f.lasts = min(f.lasts, 2*time.Second)
		f.begin, f.heal = clients(Weather{Refuse: true}), c.w.ground.clear
	case "tear":
		f.begin, f.heal = clients(Weather{CutReplies: 1 + c.random.IntN(5000)}), c.w.ground.clear
	case "slow":
		f.begin, f.heal = clients(Weather{Delay: c.between(20*time.Millisecond, 300*time.Millisecond)}), c.w.ground.clear
	case "flush":
		f.lasts, f.begin = 0, c.flush
	case "failover", "takeover":
		f.lasts, f.begin = 0, func() { c.failOver(name) }
	case "isolate":
		f.lasts = c.between(2*time.Second, 6*time.Second)
		f.begin, f.heal = c.isolate(choose, &victim)
	case "reshard":
		f.begin, f.heal = c.reshard()
	}
	return f
}

// eachFront sets the weather between Helix and a server; where the victim is one
// of a few, sometimes of all.
func (c *chooser) eachFront(victim *node, w Weather) {
	all := c.random.IntN(2) == 0
	for _, n := range c.w.ground.nodes {
		if all || n == victim {
			n.front.Set(Clients, w)
		}
	}
}

func (c *chooser) flush() {
	ctx := context.Background()
	c.r.flushed = true
	for _, n := range c.w.ground.nodes {
		_ = n.direct.FlushAll(ctx).Err() // a replica refuses it, and follows its master
	}
	c.r.flushedAt = time.Now()
	c.w.seed()
}

// failOver has a replica take a master's place while both live.
func (c *chooser) failOver(name string) {
	ctx := context.Background()
	g := c.w.ground
	if g.kind == "sentinel" {
		c.r.note("SENTINEL FAILOVER: %v", g.sentinels[0].direct.Do(ctx, "SENTINEL", "FAILOVER", masterName).Err())
		return
	}
	master := g.master(ctx, c.random.IntN(slots))
	if master == nil {
		return
	}
	replica := g.replica(ctx, master)
	if replica == nil {
		return
	}
	words := []any{"CLUSTER", "FAILOVER"}
	if name == "takeover" {
		words = append(words, "TAKEOVER")
	}
	c.r.note("%s takes the place of %s: %v", replica.front.Addr(), master.front.Addr(), replica.direct.Do(ctx, words...).Err())
}

// isolate keeps a master from its replicas, and from Sentinels, so that they take
// its place while Helix may still write to it. In a Cluster, whose bus does not go
// through the proxies, the master is killed in the end.
func (c *chooser) isolate(choose func(), victim **node) (begin, heal func()) {
	begin = func() {
		choose()
		(*victim).front.Set(Servers, Weather{HoldRequests: true, HoldReplies: true})
	}
	heal = func() {
		if c.w.ground.kind == "cluster" {
			(*victim).Kill()
			(*victim).front.Set(Servers, Weather{})
			c.w.await("another took the place of a master that was killed", 20*time.Second, func(ctx context.Context) bool {
				return c.w.ground.masterCount(ctx) == 3
			})
			(*victim).Restart()
		}
		c.w.ground.clear()
	}
	return begin, heal
}

// reshard moves the slot of Helix's own keys to another master while it is used.
func (c *chooser) reshard() (begin, heal func()) {
	ctx := context.Background()
	g := c.w.ground
	var from, to *node
	slot := c.random.IntN(slots)
	if c.random.IntN(2) == 0 {
		slot = ownSlot
	}
	begin = func() {
		from = g.master(ctx, slot)
		for _, n := range g.nodes {
			if info, err := n.direct.Do(ctx, "ROLE").Slice(); err == nil && info[0] == "master" && n != from {
				to = n
			}
		}
		if from == nil || to == nil {
			return
		}
		c.r.note("slot %d moves from %s to %s", slot, from.front.Addr(), to.front.Addr())
		g.must(to.direct.Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", g.nodeID(from)).Err())
		g.must(from.direct.Do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", g.nodeID(to)).Err())
		g.migrate(ctx, from, to, slot, 2)
	}
	heal = func() {
		if from == nil || to == nil {
			return
		}
		g.migrate(ctx, from, to, slot, slots)
		g.must(to.direct.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", g.nodeID(to)).Err())
		for _, n := range g.nodes {
			_ = n.direct.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", g.nodeID(to)).Err() // replicas hear of it by themselves
		}
	}
	return begin, heal
}

// migrate moves up to so many keys of a slot.
func (g *ground) migrate(ctx context.Context, from, to *node, slot, most int) {
	for {
		names, err := from.direct.ClusterGetKeysInSlot(ctx, slot, min(most, 1000)).Result()
		g.must(err)
		host, port, _ := net.SplitHostPort(to.Addr)
		for _, name := range names {
			g.must(from.direct.Do(ctx, "MIGRATE", host, port, name, 0, 5000).Err())
		}
		if most -= len(names); len(names) == 0 || most <= 0 {
			return
		}
	}
}

// beside makes a fault of Discord or of Helix by its name; nil for none.
func (c *chooser) beside(name string) *fault {
	f := &fault{name: name, at: c.between(100*time.Millisecond, 2500*time.Millisecond), lasts: c.between(300*time.Millisecond, 4*time.Second)}
	d := c.w.discord
	quiet := func() { d.FailWith(nil) }
	at := c.random.IntN(len(c.w.instances))
	one := c.w.instances[at]
	switch name {
	case "":
		return nil
	case "storm":
		f.begin, f.heal = func() { d.FailWith(storm(c.random.Uint64())) }, quiet
	case "lost-answers":
		c.r.lateDiscord = true
		f.begin, f.heal = func() { d.FailWith(lostAnswers(c.random.Uint64())) }, quiet
	case "drop":
		f.lasts, f.begin = 0, d.Gateway().Drop
	case "reconnect":
		f.lasts, f.begin = 0, d.Gateway().Reconnect
	case "helix-kill":
		c.r.killed = true
		f.lasts = min(f.lasts, 2*time.Second)
		f.begin, f.heal = c.away(at, one.kill, one.start)
	case "helix-stop":
		c.r.stopped = true
		f.lasts = min(f.lasts, time.Second)
		f.begin, f.heal = c.away(at, one.stop, one.start)
	case "helix-pause":
		c.r.paused = true
		f.lasts = c.between(300*time.Millisecond, 9*time.Second) // the right to speak lasts for five
		f.begin, f.heal = c.away(at, func() { one.signal(syscall.SIGSTOP) }, func() { one.signal(syscall.SIGCONT) })
	}
	return f
}

// away notes when an instance is away by a fault.
func (c *chooser) away(instance int, begin, heal func()) (noted, back func()) {
	noted = func() {
		c.r.absent = absence{instance: instance, from: time.Now()}
		begin()
	}
	back = func() {
		heal()
		c.r.absent.to = time.Now()
	}
	return noted, back
}

// storm makes a third of all requests meet a 429, and one in ten a failure.
func storm(seed uint64) func(string) discordtest.Fault {
	random := rand.New(rand.NewPCG(seed, 1))
	return func(string) discordtest.Fault {
		wait := time.Duration(50+random.IntN(200)) * time.Millisecond
		switch roll := random.IntN(100); {
		case roll < 20:
			return discordtest.TooMany(wait)
		case roll < 30:
			return discordtest.TooManyUntimed()
		case roll < 40:
			return discordtest.Status([]int{500, 502, 503, 504}[random.IntN(4)])
		}
		return discordtest.Fault{}
	}
}

// lostAnswers carries a third of all requests out, and lets nobody hear of it.
func lostAnswers(seed uint64) func(string) discordtest.Fault {
	random := rand.New(rand.NewPCG(seed, 2))
	return func(string) discordtest.Fault {
		if random.IntN(3) == 0 {
			return discordtest.Applied(discordtest.Drop())
		}
		return discordtest.Fault{}
	}
}

// goesWith reports whether two faults may share a round: an outage is to be told by
// somebody, and what is flushed while no instance knows it is gone for good.
func goesWith(redis, beside string, instances int) bool {
	alone := redis == "outage" || redis == "flush" && instances == 1
	return !alone || beside == "storm" || beside == "drop" || beside == ""
}
