package guard

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/permissions"
)

// weighAhead asks at once how large the keys are of coming changes that are
// measured by that. What is wrong with the calls is for their turn to tell.
func (g *Guard) weighAhead(ctx context.Context, caller permissions.Member, batch [][]string) {
	t, err := g.table(ctx)
	if err != nil || g.changes == nil {
		return
	}
	keys := make(map[redis.UniversalClient][]string)
	by := make(map[redis.UniversalClient]*call)
	for _, args := range batch {
		c, ok := g.comingChange(t, caller, args)
		if !ok || !c.measured() {
			continue
		}
		for _, k := range c.keys {
			keys[c.client] = append(keys[c.client], k.key)
		}
		by[c.client] = c
	}
	for client, list := range keys {
		slices.Sort(list)
		for part := range slices.Chunk(slices.Compact(list), maxPipeline/2) {
			by[client].keepWeights(ctx, part)
		}
	}
}

func weightQuestion(c *call, key string) question { return c.questionOf([]string{"weight", key}) }

// keepWeights asks how large keys are, and keeps that for the calls to come.
func (c *call) keepWeights(ctx context.Context, keys []string) {
	asked := c.early.now()
	found := make(map[string]weight, len(keys))
	if c.weighKeys(ctx, keys, found) != nil {
		return
	}
	for _, k := range keys {
		c.early.keep(&earlyReply{question: weightQuestion(c, k), weight: found[k], keys: []keyUse{{key: k}}, asked: asked})
	}
}

// weighEarly weighs a call that is measured by what was asked early, if that
// was of all its keys.
func (c *call) weighEarly() {
	if c.early == nil || !c.measured() || len(c.keys) == 0 {
		return
	}
	found := make(map[string]weight, len(c.keys))
	c.early.mu.Lock()
	for _, k := range c.keys {
		if r, ok := c.early.answer(weightQuestion(c, k.key)); ok {
			found[k.key] = r.weight
		}
	}
	c.early.mu.Unlock()
	if !slices.ContainsFunc(c.keys, func(k keyUse) bool { _, ok := found[k.key]; return !ok }) {
		c.take(found)
	}
}

// take weighs a call by what was found, and by what a plan does before it.
func (c *call) take(found map[string]weight) {
	c.weighed = make([]weight, len(c.keys))
	for i, k := range c.keys {
		c.weighed[i] = found[k.key]
		if w, ok := c.plan.weightOf(c.db(), k.key); ok {
			c.weighed[i] = w
		}
	}
}
