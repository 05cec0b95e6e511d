package settings

import (
	"context"

	"github.com/helix-collective/helix/replicas"
	"github.com/redis/go-redis/v9"
)

// replicated reports whether all replicas have the record as it was stored.
func (l *Live) replicated(ctx context.Context) bool {
	client, err := l.keeper(ctx)
	if err != nil {
		return false
	}
	if client == nil {
		return true
	}
	confirmed, err := l.replicas.Confirmed(ctx, client, replicas.Patience)
	return err == nil && confirmed // a server that went away has confirmed nothing
}

// keeper answers a client of the server that holds the record; nil if the client
// at hand leads to none of its own.
func (l *Live) keeper(ctx context.Context) (*redis.Client, error) {
	switch c := l.client.(type) {
	case *redis.Client:
		return c, nil
	case *redis.ClusterClient:
		return c.MasterForKey(ctx, configKey)
	}
	return nil, nil
}

// isWatched reports whether a client leads through Sentinels or into a Cluster.
func isWatched(client redis.UniversalClient) bool {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().Addr == "FailoverClient" // which is how go-redis names the one that Sentinels lead
	case *redis.ClusterClient:
		return true
	}
	return false
}
