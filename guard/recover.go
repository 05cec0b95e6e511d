package guard

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/replicas"
)

// changeOptions are those of a change with an id.
func (g *Guard) changeOptions(id string) change.Options {
	return change.Options{
		Client:   func(db int) (redis.UniversalClient, error) { return g.clients.Client(db, 2) },
		ID:       id,
		Lone:     g.options.Lone,
		Replicas: g.replicas,
		Share:    g.options.Share,
	}
}

// lookPatience is how long a server that is away is waited for by who only looks
// what became of a change.
const lookPatience = time.Second

// Recover finds out what became of a change whose process ended in the middle.
// Once keep has returned without an error, what Redis holds of it is taken away,
// soon or never: it ends by itself.
func (g *Guard) Recover(ctx context.Context, id string, past change.Past, keep func(change.Found) error) error {
	o := g.changeOptions(id)
	o.Patience = lookPatience
	found, err := change.Recover(ctx, o, past)
	if err != nil {
		return err
	}
	if err := keep(found); err != nil {
		return err
	}
	_ = found.Forget(ctx, o)
	return nil
}

// Replicated reports whether all replicas that the servers should have confirm all
// that these were given until now; false if they do not within a second.
func (g *Guard) Replicated(ctx context.Context) (bool, error) {
	client, err := g.clients.Client(0, 2)
	if err != nil {
		return false, err
	}
	masters := []*redis.Client{}
	switch c := client.(type) {
	case *redis.Client:
		masters = append(masters, c)
	case *redis.ClusterClient:
		if masters, err = clusterMasters(ctx, c); err != nil {
			return false, err
		}
	}
	for _, m := range masters {
		if ok, err := g.replicas.Confirmed(ctx, m, replicas.Patience); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}
