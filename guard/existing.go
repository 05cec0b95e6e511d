package guard

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/permissions"
)

// existing answers which of the keys there are.
func (c *call) existing(ctx context.Context, keys []string) ([]string, error) {
	list, unknown := c.early.existing(c, keys)
	for part := range slices.Chunk(unknown, maxPipeline) {
		replies, err := c.askAll(ctx, asksExist(part))
		if err != nil {
			return nil, err
		}
		for i, r := range replies {
			if n, _ := r.integer(); n > 0 {
				list = append(list, part[i])
			}
		}
	}
	return list, nil
}

func asksExist(keys []string) []request {
	qs := make([]request, len(keys))
	for i, k := range keys {
		qs[i] = request{args: []string{"EXISTS", k}, key: k}
	}
	return qs
}

// existing answers which of the keys were found to be there early, and of which
// that was not asked.
func (e *early) existing(c *call, keys []string) (list, unknown []string) {
	if e == nil {
		return nil, keys
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range keys {
		r, ok := e.answer(c.questionOf([]string{"EXISTS", k}))
		if !ok {
			unknown = append(unknown, k)
			continue
		}
		if n, _ := r.reply.integer(); n > 0 {
			list = append(list, k)
		}
	}
	return list, unknown
}

// existAhead asks at once which of the keys there are that coming calls would
// overwrite, where the caller may not overwrite all. What is wrong with the
// calls is for their turn to tell.
func (g *Guard) existAhead(ctx context.Context, caller permissions.Member, batch [][]string) {
	if g.early == nil || g.changes == nil || len(batch) < 2 || g.policy.Scope(caller, permissions.Destroy).All() {
		return
	}
	t, err := g.table(ctx)
	if err != nil {
		return
	}
	keys := make(map[redis.UniversalClient][]string)
	by := make(map[redis.UniversalClient]*call)
	for _, args := range batch {
		if c, ok := g.comingChange(t, caller, args); ok {
			keys[c.client], by[c.client] = append(keys[c.client], overwritten(c.keys)...), c
		}
	}
	for client, list := range keys {
		for part := range slices.Chunk(list, maxPipeline) {
			by[client].askExisting(ctx, part)
		}
	}
}

// askExisting asks which of the keys there are, and keeps that.
func (c *call) askExisting(ctx context.Context, keys []string) {
	asked := c.early.now()
	replies, err := c.askAll(ctx, asksExist(keys))
	if err != nil {
		return
	}
	for i, r := range replies {
		k := keys[i]
		c.early.keep(&earlyReply{question: c.questionOf([]string{"EXISTS", k}), reply: r, keys: []keyUse{{key: k}}, asked: asked})
	}
}
