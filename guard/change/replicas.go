package change

import (
	"context"
	"strconv"
	"time"

	"github.com/helix-collective/helix/replicas"
	"github.com/redis/go-redis/v9"
)

// Redis confirms a change before its replicas have it, and a failover loses what
// they lack. So a run ends with WAIT where a server had replicas when the change
// began, or shortly before: one that has gone since confirms nothing.

// replicaGlance is how long replicas are waited for at the end of a run where one was
// behind after the run before.
const replicaGlance = 10 * time.Millisecond

// Unreplicated answers how many of the commands that were carried out not every
// replica had confirmed when the last run ended, at most; 0 where there is none.
func (e *Engine) Unreplicated() int64 {
	if !e.replicated {
		return 0
	}
	return max(e.carried-e.lost-e.safe, 0)
}

// meet finds out how many replicas a server should have, once for each.
func (e *Engine) meet(ctx context.Context, s *session) error {
	if e.sessions.met(s) {
		return nil
	}
	_, want, err := e.replicas(ctx, s)
	if err == nil {
		e.sessions.meet(s, want)
	}
	return err
}

// replicas answers how many replicas the server of a session has now, as far as
// its user may know, and how many it should have.
func (e *Engine) replicas(ctx context.Context, s *session) (has, want int, err error) {
	var ask [][]string
	for _, section := range e.Replicas.Sections() {
		ask = append(ask, []string{"INFO", section})
	}
	replies, err := s.exchange(ctx, ask)
	if err != nil {
		return 0, 0, err
	}
	var info []byte
	for _, reply := range replies {
		text, _ := bulk(reply)
		info = append(info, text...)
	}
	has, want = e.Replicas.Look(string(info), time.Now())
	return has, want, nil
}

// replicate waits until the replicas of each server that had some have all that
// the run changed.
func (r *run) replicate() {
	if r.made == 0 {
		return
	}
	within, safe := replicas.Patience, true
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

// confirmedBy reports whether all replicas of a server, if it has some, have all
// that the server was given. Redis counts for a connection what all others have
// written before its last command.
func (r *run) confirmedBy(client *redis.Client, within time.Duration) bool {
	s := r.sessions.take(client)
	defer r.sessions.give(s)
	ctx, cancel := context.WithTimeout(r.work, 2*replicas.Patience)
	defer cancel()
	if err := r.meet(ctx, s); err != nil {
		return false
	}
	has, want, err := r.replicas(ctx, s)
	want = max(want, r.sessions.replicas(client))
	if want == 0 {
		return err == nil
	}
	r.replicated = true
	if err != nil || has < want {
		return false
	}
	replies, err := s.exchange(ctx, [][]string{{"WAIT", strconv.Itoa(want), strconv.FormatInt(within.Milliseconds(), 10)}})
	if err != nil {
		return false
	}
	n, _ := integer(replies[0])
	return n >= int64(want)
}
