// Package keyspace scans, counts and changes the keys of a Redis in bulk
// without stalling it. It gives the server no more to do at a time than takes
// about a millisecond, as measured, on connections of its own. It never uses
// KEYS, it changes nothing but what Apply and ApplyTo are told to, and it never
// claims of a change whose reply was lost that it was made or was not.
package keyspace

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Keyspace works on the keys of one Redis: a server, what Sentinel names, or all
// masters of a Cluster. Its methods may be called from several goroutines.
type Keyspace struct{ client redis.UniversalClient }

// New returns a Keyspace over the database that client has chosen. The client
// stays the caller's to close, after the last scan.
func New(client redis.UniversalClient) *Keyspace { return &Keyspace{client: client} }

// Query says which keys are meant, and how hard the server may be worked.
type Query struct {
	// Pattern is a glob as KEYS takes it; "" and "*" both mean every key. (To
	// KEYS an empty pattern means the key with the empty name; ask EXISTS for
	// that one.)
	Pattern string
	// Type is what TYPE answers, in any case; "" means every type.
	Type string
	// Count is how many keys the server looks at in one call, at most 2,000;
	// 0 means as many as it manages in a millisecond and a half, as measured.
	Count int
	// Share is how many per cent of the time the server may be kept busy, from
	// 1 to 100; anything else means 100.
	Share int
	// Patience is how long a server that went away is waited for, as for the
	// time of a failover; 0 means a good second.
	Patience time.Duration
	// Progress, where set, is told how far the scan is, after every call to a
	// server. Its calls never overlap; while one lasts the scan waits.
	Progress func(Progress)
}

// Progress is how far a scan is.
type Progress struct {
	Keys   int64 // visited
	Looked int64 // places looked at, whether or not a key there was meant: an estimate
	Total  int64 // keys on the servers asked so far, when each began; 0 if none would say

	Applied int64 // keys that the operation of Apply or ApplyTo is done with
}

// Stats is what a scan did.
type Stats struct {
	Keys       int64         // visited, each once
	Duplicates int64         // answered again by a server and left out
	Calls      int64         // of SCAN, or of TYPE for a pattern that means one key
	Server     time.Duration // how long the servers worked on it together: an estimate
	Nodes      int           // servers asked
	Resumed    int           // lost connections that were mended
	Restarted  int           // servers scanned anew because another had taken their place
	Partial    bool          // it ended before every key was visited
}

// PartialError says that a scan ended early, and how far it came. What was
// visited until then is right, but it is not all.
type PartialError struct {
	Seen int64 // keys visited
	Err  error // why it ended; the server's own words are a redis.Error
}

func (e *PartialError) Error() string {
	return fmt.Sprintf("the scan ended early, after %d keys: %v", e.Seen, e.Err)
}

func (e *PartialError) Unwrap() error { return e.Err }

// Scan visits every key that the query means, in batches. Keys that exist from
// start to end are visited exactly once; those that come or go meanwhile, at
// most once. The slices belong to Scan and are valid until visit returns.
// Visits never overlap, and a slow one holds the scan up, not the server. An
// error of visit ends the scan and is answered as it is; any other error is a
// *PartialError. The end of ctx ends a scan at once, even if the server hangs.
//
// Left out as repetitions are keys that SCAN answered before; see window for
// how far back that reaches, and what it costs.
//
// A lost connection is mended, and the scan goes on where it was if the same
// process still serves: a cursor is a place in its hash table, whose order no
// other process shares. If another process does (a restart, a failover), the
// scan begins anew there as long as every key visited is still remembered, and
// ends with a *PartialError otherwise.
func (k *Keyspace) Scan(ctx context.Context, q Query, visit func(keys [][]byte) error) (Stats, error) {
	return k.scan(ctx, q, newLoads(false), visit)
}

func (k *Keyspace) scan(ctx context.Context, q Query, l *loads, visit func(keys [][]byte) error) (Stats, error) {
	if key, ok := literal(q.Pattern); ok {
		return k.one(ctx, key, q.Type, visit)
	}
	s := &scan{query: q, loads: l, visit: visit, seen: newWindow(generation)}
	err := s.masters(ctx, k.client)
	if s.visitErr != nil {
		return s.stats, s.visitErr
	}
	return s.stats.endedBy(err)
}

// one visits the only key that a pattern without wildcards can mean.
func (k *Keyspace) one(ctx context.Context, key, typ string, visit func([][]byte) error) (Stats, error) {
	stats := Stats{Calls: 1, Nodes: 1}
	start := time.Now()
	got, err := k.client.Type(ctx, key).Result()
	stats.Server = time.Since(start)
	if err != nil {
		return stats.endedBy(err)
	}
	if !isType(got, typ) {
		return stats, nil
	}
	stats.Keys = 1
	return stats, visit([][]byte{[]byte(key)})
}

// endedBy answers the statistics of a scan that err ended; nil means that it
// was whole.
func (s Stats) endedBy(err error) (Stats, error) {
	if err == nil {
		return s, nil
	}
	s.Partial = true
	return s, &PartialError{Seen: s.Keys, Err: err}
}
