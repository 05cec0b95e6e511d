// Package keyspace scans and counts the keys of a Redis without stalling it.
// It asks for a few hundred keys at a time, as many as the server names in
// about a millisecond, and never uses KEYS.
package keyspace

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Keyspace reads the keys of one Redis: a server, what Sentinel names, or all
// masters of a Cluster. Its methods may be called from several goroutines.
type Keyspace struct{ client redis.UniversalClient }

// New returns a Keyspace over the database that client has chosen.
func New(client redis.UniversalClient) *Keyspace { return &Keyspace{client: client} }

// Query says which keys are meant.
type Query struct {
	Pattern string // a glob as KEYS takes it; "" or "*" means every key
	Type    string // as TYPE answers; "" means every type
	Count   int    // keys looked at in a call, at most 1,000; 0: as many as take about 1 ms
	Share   int    // per cent of the time that the server may be kept busy; 0 means 100
}

// Stats is what a scan did.
type Stats struct {
	Keys       int64 // visited, each once
	Duplicates int64 // answered again by the server and left out
	Calls      int64
	Nodes      int // servers scanned
}

// PartialError says that a scan ended early, and how far it came. What was
// visited until then is right but not all.
type PartialError struct {
	Seen int64 // keys visited
	Err  error
}

func (e *PartialError) Error() string {
	return fmt.Sprintf("the scan ended early, after %d keys: %v", e.Seen, e.Err)
}

func (e *PartialError) Unwrap() error { return e.Err }

// Scan visits every key that the query means, in batches. Keys that exist from
// start to end are visited exactly once; keys that come or go meanwhile at most
// once. The slices belong to Scan and are valid until visit returns. Visits do
// not overlap. An error of visit ends the scan and is answered as it is; any
// other error is a *PartialError.
//
// SCAN itself may answer a key again after the server's hash table shrank, or
// when a slot moved to another master. Such repetitions are left out by
// remembering a 64-bit hash of each of the last half million to a million keys
// (about 24 MiB at most); a shrinking table repeats only keys of the part that
// was being scanned, which are among the last. The odds that two different keys
// are taken for one are below one in ten million for a million keys.
func (k *Keyspace) Scan(ctx context.Context, q Query, visit func(keys [][]byte) error) (Stats, error) {
	if key, ok := literal(q.Pattern); ok {
		return k.one(ctx, key, q.Type, visit)
	}
	s := &scan{query: q, visit: visit, seen: newWindow(windowSize)}
	err := k.eachMaster(ctx, s.node)
	if s.visitErr != nil {
		err = s.visitErr
	} else if err != nil {
		err = &PartialError{Seen: s.stats.Keys, Err: err}
	}
	return s.stats, err
}

// Count answers how many keys the query means, by scanning them.
func (k *Keyspace) Count(ctx context.Context, q Query) (int64, Stats, error) {
	stats, err := k.Scan(ctx, q, func([][]byte) error { return nil })
	return stats.Keys, stats, err
}

// eachMaster runs do for every server that holds keys of its own.
func (k *Keyspace) eachMaster(ctx context.Context, do func(context.Context, redis.UniversalClient) error) error {
	cluster, ok := k.client.(*redis.ClusterClient)
	if !ok {
		return do(ctx, k.client)
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return do(ctx, c) })
}

// one visits the only key that a pattern without glob characters can mean.
func (k *Keyspace) one(ctx context.Context, key, typ string, visit func([][]byte) error) (Stats, error) {
	stats := Stats{Calls: 1, Nodes: 1}
	got, err := k.client.Type(ctx, key).Result()
	if err != nil {
		return stats, &PartialError{Err: err}
	}
	if got == "none" || typ != "" && !strings.EqualFold(got, typ) {
		return stats, nil
	}
	stats.Keys = 1
	return stats, visit([][]byte{[]byte(key)})
}

// literal answers the key that a pattern means if it means only one.
func literal(pattern string) (key string, ok bool) {
	return pattern, pattern != "" && !strings.ContainsAny(pattern, `*?[\`)
}

// scan is one scan over all servers.
type scan struct {
	query Query

	mu       sync.Mutex // one visit at a time
	visit    func([][]byte) error
	visitErr error
	seen     *window
	stats    Stats
}

// take visits those keys of a page that were not visited before.
func (s *scan) take(keys [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.visitErr != nil {
		return s.visitErr
	}
	s.stats.Calls++
	fresh := keys[:0]
	for _, key := range keys {
		if s.seen.add(key) {
			fresh = append(fresh, key)
		}
	}
	s.stats.Duplicates += int64(len(keys) - len(fresh))
	if len(fresh) == 0 {
		return nil
	}
	s.stats.Keys += int64(len(fresh))
	s.visitErr = s.visit(fresh)
	return s.visitErr
}
