package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/keyspace"
)

// ownKeys begins the keys that a flush leaves: what Helix knows is in no other place.
const ownKeys = "{helix}:"

// flush empties one database, or all of them, but for Helix' own state. What
// there was is kept before; what others write between that and the flush is
// lost. Memory is given back beside the server's work.
func (m *Making) flush(ctx context.Context, c *call) (reply, error) {
	databases, err := c.flushed(ctx)
	if err != nil {
		return reply{}, err
	}
	for _, db := range databases {
		if err := m.keepAll(ctx, db); err != nil {
			return reply{}, err
		}
	}
	for _, db := range databases {
		client, err := c.clients.Client(db, 2)
		if err != nil {
			return reply{}, err
		}
		if r, err := c.flushMasters(ctx, client); err != nil || r.kind == errorReply {
			return r, err
		}
	}
	return reply{kind: statusReply, text: []byte("OK")}, nil
}

// flushMasters empties a database on all servers that hold a part of it.
func (c *call) flushMasters(ctx context.Context, client redis.UniversalClient) (reply, error) {
	nodes, err := masters(ctx, client)
	if err != nil {
		return reply{}, c.fault(ctx, err)
	}
	for _, node := range nodes {
		server, ok := node.(*redis.Client)
		if !ok {
			return reply{}, fmt.Errorf("a %T cannot be flushed", node)
		}
		err := change.Flush(ctx, server, change.Own{Prefix: ownKeys, Names: c.options.OwnKeys, Indexes: c.options.OwnIndexes})
		var answered *change.ServerError
		if errors.As(err, &answered) {
			return failure("%s", answered.Text), nil
		}
		if err != nil {
			return reply{}, c.fault(ctx, err)
		}
	}
	return reply{kind: statusReply}, nil
}

// flushed answers the databases that the call empties.
func (c *call) flushed(ctx context.Context) ([]int, error) {
	if c.cmd.name == "flushdb" || isCluster(c.client) {
		return []int{c.db()}, nil
	}
	r, err := c.ask(ctx, []string{"INFO", "keyspace"}, "")
	if err != nil {
		return nil, err
	}
	var list []int
	for line := range strings.Lines(string(r.text)) {
		var db int
		if n, _ := fmt.Sscanf(line, "db%d:", &db); n == 1 {
			list = append(list, db)
		}
	}
	return list, nil
}

// keepAll keeps what all keys of a database hold, but for Helix' own.
func (m *Making) keepAll(ctx context.Context, db int) error {
	if m.kept == nil {
		return nil
	}
	client, err := m.guard.clients.Client(db, 2)
	if err != nil {
		return err
	}
	query := keyspace.Query{Share: m.guard.options.Share(), Progress: m.guard.heard}
	_, err = keyspace.New(client).Scan(ctx, query, func(keys [][]byte) error {
		return m.keep(ctx, client, db, keys)
	})
	return err
}

// keep keeps what keys hold that are about to be gone.
func (m *Making) keep(ctx context.Context, client redis.UniversalClient, db int, keys [][]byte) error {
	keys = slices.DeleteFunc(keys, func(key []byte) bool {
		return strings.HasPrefix(string(key), ownKeys) || change.IsMarker(string(key))
	})
	for part := range slices.Chunk(keys, maxPipeline) {
		images, err := change.Look(ctx, client, db, part)
		if err != nil {
			return err
		}
		if len(images) == 0 {
			continue
		}
		for _, image := range images {
			if len(image.Content) == 0 {
				m.report.Lost.add(m.guard.place(db, string(image.Name)))
			}
		}
		if err := m.kept.Before(images); err != nil {
			return fmt.Errorf("keep what there was: %w", err)
		}
		if err := m.kept.After(make([]journal.State, len(images))); err != nil {
			return fmt.Errorf("keep what there is now: %w", err)
		}
	}
	return nil
}
