package chaos

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
)

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
