// Package register keeps a bounded number of small records, each under a name, in
// one hash of Redis, and in memory beside it: what Redis loses, a process that has
// read it stores again, and never behind a newer revision. It reads no more than
// it would write, whatever a foreign hand has put there, and of a record it never
// looks at more than the number of its layout.
package register

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Register is the records under one key. Its methods may be called from several
// goroutines, and on several instances of Helix. What one Register holds in memory
// no other one knows: a process has one for each key.
type Register struct {
	client                redis.UniversalClient
	key                   string
	bounds                Bounds
	read, change, restore *script.Script

	turn     chan struct{} // held by whoever uses what follows
	held     state         // as it was in Redis when it was last looked
	restored bool          // Redis had lost some of it, and nobody has been told yet
}

// Bounds is how much a Register keeps: records, and bytes of one of them. Schema is
// the number of the layout that the caller writes, under "schema" in each record:
// where Redis has a record with a higher one, nothing is changed. 0 means that
// records have no such number.
type Bounds struct{ Records, Bytes, Schema int }

// FullError says that a Register holds as many records as it may.
type FullError struct{ Records int }

func (e *FullError) Error() string {
	return fmt.Sprintf("there are %d already, which is as many as are kept", e.Records)
}

// NewerError says that a later release of Helix has written records at a key, which
// this one therefore only reads.
type NewerError struct{ Key string }

func (e *NewerError) Error() string {
	return fmt.Sprintf("%s is kept by a later release of Helix, so this one only reads it; update this instance", e.Key)
}

// New answers the records under a key. Nothing is asked of Redis.
func New(client redis.UniversalClient, key string, bounds Bounds) *Register {
	return &Register{
		client: client, key: key, bounds: bounds, turn: make(chan struct{}, 1),
		read: script.New(readSource), change: script.New(changeSource), restore: script.New(restoreSource),
	}
}

// All answers the records by name, also those that Redis has lost and refuses to
// take again. Those beyond the bounds, which no Register has written, are left out.
func (r *Register) All(ctx context.Context) (map[string]string, error) {
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	defer r.end()
	unhealed := (*unhealedError)(nil)
	if err := r.follow(ctx); err != nil && !errors.As(err, &unhealed) {
		return nil, err
	}
	return maps.Clone(r.held.records), nil
}

// Heal looks whether Redis still has what was there, and stores again what it has
// lost. It reports whether Redis had lost anything since Heal was called last.
func (r *Register) Heal(ctx context.Context) (lost bool, err error) {
	if err := r.begin(ctx); err != nil {
		return false, err
	}
	defer r.end()
	err = r.follow(ctx)
	lost, r.restored = r.restored, false
	return lost, err
}

// Put sets the record of a name, not "", in the place of what it had. The error is a
// *FullError where there is no room for another name, and a *NewerError where a
// later release keeps the records.
func (r *Register) Put(ctx context.Context, name, record string) error {
	if len(record) > r.bounds.Bytes {
		return r.tooLong(record)
	}
	_, err := r.alter(ctx, name, record, func(at string, there bool) (bool, error) {
		if !there && len(r.held.records) >= r.bounds.Records {
			return false, &FullError{r.bounds.Records}
		}
		return at != record, nil
	})
	return err
}

// Replace sets a record in the place of the one that was there when it was read,
// and reports whether that still was.
func (r *Register) Replace(ctx context.Context, name, was, record string) (bool, error) {
	if len(record) > r.bounds.Bytes {
		return false, r.tooLong(record)
	}
	return r.alter(ctx, name, record, func(at string, there bool) (bool, error) {
		return there && at == was && was != record, nil
	})
}

func (r *Register) tooLong(record string) error {
	return fmt.Errorf("write %s: the record has %d bytes, %d are the limit", r.key, len(record), r.bounds.Bytes)
}

// Remove takes a record away, and reports whether there was one.
func (r *Register) Remove(ctx context.Context, name string) (bool, error) {
	return r.alter(ctx, name, "", func(_ string, there bool) (bool, error) { return there, nil })
}

// maxTries bounds how often a change is tried that other instances get ahead of.
const maxTries = 20

// alter makes one change, if wanted says so of what is there: record in the place
// of what the name has, or for "" nothing in its place. It reports whether the
// name has that now.
func (r *Register) alter(ctx context.Context, name, record string, wanted func(at string, there bool) (bool, error)) (bool, error) {
	if err := r.begin(ctx); err != nil {
		return false, err
	}
	defer r.end()
	id := rand.Text()
	for range maxTries {
		if err := r.follow(ctx); err != nil {
			return false, err
		}
		if r.held.newer {
			return false, &NewerError{r.key}
		}
		at, there := r.held.records[name]
		if want, err := wanted(at, there); err != nil || !want {
			return there && at == record, err
		}
		done, err := r.commit(ctx, id, name, record)
		if err != nil {
			return false, fmt.Errorf("write %s: %w", r.key, err)
		}
		if done {
			return true, nil
		}
	}
	return false, fmt.Errorf("write %s: others keep changing it", r.key)
}

// commit makes a change if Redis holds what is held here, and notes it.
func (r *Register) commit(ctx context.Context, id, name, record string) (bool, error) {
	next := r.held.with(id, name, record)
	done, err := r.change.Run(ctx, r.client, []string{r.key},
		r.held.revision, r.held.id, next.revision, next.id, name, record).Bool()
	if err == nil && done {
		r.held = next
	}
	return done, err
}

// begin waits for the turn, and end gives it back.
func (r *Register) begin(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *Register) end() { <-r.turn }
