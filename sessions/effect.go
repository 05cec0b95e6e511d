package sessions

import (
	"context"
	"fmt"
	"time"

	"github.com/helix-collective/helix/clientip"
	"github.com/helix-collective/helix/keyspace"
)

// Effect is what another policy would do to the sessions that there are. Sessions
// of other software are among Ended, Shortened and OverLimit where a cleanup of
// them is confirmed.
type Effect struct {
	Ended     int64 // are past the new times
	Shortened int64 // end sooner than now
	OverLimit int64 // are too many for their person, and were not
	Bound     int64 // are valid from their own network alone, and were from any
	Refused   int64 // are accepted no more
}

// None reports whether it does nothing to them.
func (e Effect) None() bool { return e == Effect{} }

// Final answers how many sessions end for good.
func (e Effect) Final() int64 { return e.Ended + e.OverLimit }

// Effect answers what next would do, by a pass over all sessions where it is
// stricter than the policy in force.
func (s *Store) Effect(ctx context.Context, next Policy) (Effect, error) {
	now := s.policy()
	if !stricter(now, next) {
		return Effect{}, nil
	}
	consent, err := s.Consent(ctx)
	if err != nil {
		return Effect{}, err
	}
	began, err := s.client.Time(ctx).Result()
	if err != nil {
		return Effect{}, fmt.Errorf("ask for the time: %w", err)
	}
	since := time.Now()
	c := &comparison{now: now, next: next, consent: consent.Given(), people: keyspace.NewCounter(mostPeople)}
	_, err = s.each(ctx, func(batch []Session) error {
		at := began.Add(time.Since(since))
		for _, session := range batch {
			c.add(session, at)
		}
		return nil
	})
	if err != nil {
		return Effect{}, fmt.Errorf("tell what a policy does to the sessions: %w", err)
	}
	return c.total(), nil
}

func stricter(now, next Policy) bool {
	return next.TTL < now.TTL || next.IdleTimeout < now.IdleTimeout || next.MaxPerUser < now.MaxPerUser ||
		next.BindAddress && !now.BindAddress || !next.Compat && now.Compat
}

// comparison counts what the next policy does other than the one of now.
type comparison struct {
	now, next Policy
	consent   bool
	effect    Effect
	people    *keyspace.Counter
}

func (c *comparison) add(s Session, at time.Time) {
	switch {
	case s.Foreign && c.now.Compat && !c.next.Compat && uuid.MatchString(s.ID):
		c.effect.Refused++
	case c.next.BindAddress && !c.now.BindAddress && !s.Malformed:
		c.bind(s)
	}
	if s.Malformed || s.Foreign && !c.consent {
		return
	}
	was, will := c.now.left(s, at), c.next.left(s, at)
	switch {
	case was <= 0: // it is over already
		return
	case will <= 0:
		c.effect.Ended++
		return
	case will < was:
		c.effect.Shortened++
	}
	if s.UserID != "" {
		c.people.Add([]byte(s.UserID))
	}
}

func (c *comparison) bind(s Session) {
	if _, ok := clientip.Parse(s.IP); ok {
		c.effect.Bound++
		return
	}
	c.effect.Refused++
}

// left answers how long a session lasts that is not used any more.
func (p Policy) left(s Session, at time.Time) time.Duration {
	left := p.TTL
	if !s.CreatedAt.IsZero() {
		left = p.TTL - at.Sub(s.CreatedAt)
	}
	if !s.LastAccessed.IsZero() {
		left = min(left, p.IdleTimeout-at.Sub(s.LastAccessed))
	}
	return left
}

func (c *comparison) total() Effect {
	for _, g := range c.people.Groups().Groups {
		over := func(p Policy) int64 { return max(g.Keys-int64(p.MaxPerUser), 0) }
		c.effect.OverLimit += max(over(c.next)-over(c.now), 0)
	}
	return c.effect
}
