// Package probe measures Redis and the sessions in it. It asks each server once
// for all that it needs, counts the sessions seldom enough that this costs well
// under one per cent of one core, and takes what others have counted wherever it
// can. It never changes a setting of the server, never judges what it found, and
// never lets a server that hangs hold it up for longer than two seconds.
package probe

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/sessions"
)

// Options are what a Prober is told once.
type Options struct {
	// Sentinel says that the client finds its master through Sentinel, which it
	// does not say itself.
	Sentinel bool
	// Failed, if it is set, is told of what kept something from being measured, at
	// every probe anew. The probes go on without.
	Failed func(error)
}

// Prober takes samples of one Redis: a server, the master that Sentinel names, or
// all servers of a Cluster. The client has to obey the deadline of a context
// (ContextTimeoutEnabled).
type Prober struct {
	client  redis.UniversalClient
	store   *sessions.Store
	options Options
	counts  *counting
	events  *events

	mu       sync.Mutex // one probe at a time
	last     map[string]reading
	replicas seen
	created  created
}

// New answers a Prober over the database that client has chosen. store is over
// the same. Both stay the caller's.
func New(client redis.UniversalClient, store *sessions.Store, o Options) *Prober {
	if o.Failed == nil {
		o.Failed = func(error) {}
	}
	return &Prober{
		client: client, store: store, options: o,
		counts: newCounting(store, o.Failed), events: newEvents(client),
		last: make(map[string]reading),
	}
}

// Run counts the sessions when a probe finds that it is due, and listens for new
// ones where the server tells of them, until ctx ends. Without it, Probe knows of
// the sessions only what others have counted.
func (p *Prober) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	beside.Go(func() { p.events.run(ctx) })
	p.counts.run(ctx)
	beside.Wait()
	return ctx.Err()
}

// timeout bounds a probe.
const timeout = 2 * time.Second

// Probe takes a sample. A Redis that does not answer within two seconds is a
// sample as well, with Up 0 and a Problem; the error is that of a ctx that ended.
//
// Rates, and what is new since, are over the time since the probe before, so the
// first one has none.
func (p *Prober) Probe(ctx context.Context) (sample.Sample, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	within, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	nodes, err := p.ask(within)
	if ctx.Err() != nil {
		return sample.Sample{}, context.Cause(ctx)
	}
	s := p.combine(nodes)
	if s.Values[sample.Up] == 0 {
		s.Problem = problem(nodes, err)
		return s, nil
	}
	for _, n := range nodes {
		if n.refused != nil {
			p.options.Failed(fmt.Errorf("ask a server about itself: %w", n.refused))
		}
	}
	p.addSessions(within, &s, nodes)
	return s, nil
}

// topology names what kind of Redis this is.
func (p *Prober) topology() string {
	switch _, cluster := p.client.(*redis.ClusterClient); {
	case cluster:
		return "cluster"
	case p.options.Sentinel:
		return "sentinel"
	}
	return "standalone"
}

// database answers which database the sessions are in.
func (p *Prober) database() int {
	if c, ok := p.client.(*redis.Client); ok {
		return c.Options().DB
	}
	return 0
}
