package change

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis confirms a change before its replicas have it, and a failover loses what
// they lack. So a run ends with WAIT where a server had a replica when the change
// began: one that has gone since confirms nothing.

// replicaWait bounds how long a replica is waited for at the end of a run, and
// replicaGlance where it was behind after the run before.
const (
	replicaWait   = time.Second
	replicaGlance = 10 * time.Millisecond
)

// Unreplicated answers how many of the commands that were carried out no replica
// had confirmed when the last run ended, at most; 0 where there is no replica.
func (e *Engine) Unreplicated() int64 {
	if !e.replicated {
		return 0
	}
	return max(e.carried-e.lost-e.safe, 0)
}

// meet finds out whether a server has a replica, once for each.
func (e *Engine) meet(ctx context.Context, s *session) error {
	if e.sessions.met(s) {
		return nil
	}
	has, err := s.hasReplica(ctx)
	if err == nil {
		e.sessions.meet(s, has)
	}
	return err
}

// hasReplica reports whether the server has a replica now, as far as its user may
// know.
func (s *session) hasReplica(ctx context.Context) (bool, error) {
	replies, err := s.exchange(ctx, [][]string{{"INFO", "replication"}})
	if err != nil {
		return false, err
	}
	text, _ := bulk(replies[0])
	return bytes.Contains(text, []byte("state=online")), nil
}

// replicate waits until a replica of each server that had one has all that the
// run changed.
func (r *run) replicate() {
	if r.made == 0 {
		return
	}
	within, safe := replicaWait, true
	if r.behind {
		within = replicaGlance
	}
	for _, client := range r.sessions.servers() {
		safe = r.confirmedBy(client, within) && safe
	}
	if r.behind = !safe; safe {
		r.safe = r.carried
	}
}

// confirmedBy reports whether a replica of a server, if it has one, has all that
// the server was given. Redis counts for a connection what all others have
// written before its last command.
func (r *run) confirmedBy(client *redis.Client, within time.Duration) bool {
	s := r.sessions.take(client)
	defer r.sessions.give(s)
	ctx, cancel := context.WithTimeout(r.work, 2*replicaWait)
	defer cancel()
	if err := r.meet(ctx, s); err != nil {
		return false
	}
	if !r.sessions.replicated(client) {
		return true
	}
	r.replicated = true
	if has, err := s.hasReplica(ctx); err != nil || !has {
		return false
	}
	replies, err := s.exchange(ctx, [][]string{{"WAIT", "1", strconv.FormatInt(within.Milliseconds(), 10)}})
	if err != nil {
		return false
	}
	n, _ := integer(replies[0])
	return n > 0
}
