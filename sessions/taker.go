package sessions

import (
	"time"

	"github.com/helix-collective/helix/keyspace"
)

// taker takes a census in bounded memory.
type taker struct {
	policy  Policy
	began   time.Time // by this process's clock
	now     time.Time // by the server's, then
	found   Census
	people  *keyspace.Counter
	address *keyspace.Counter
}

func newTaker(now time.Time, policy Policy) *taker {
	return &taker{policy: policy, began: time.Now(), now: now,
		people: keyspace.NewCounter(mostPeople), address: keyspace.NewCounter(mostPeople)}
}

// add counts one session.
func (t *taker) add(s Session) {
	t.found.Sessions.Add(s.Key)
	if s.ExpiresIn == NoExpiry {
		t.found.WithoutTTL++
	}
	if user := s.Person(); user != "" {
		t.people.Add([]byte(user))
	}
	if s.CreatedAt.After(t.now.Add(-time.Hour)) {
		if address := Network(s.IP); address != "" {
			t.address.Add([]byte(address))
		}
	}
}

func (t *taker) census(worked time.Duration) Census {
	c := t.found
	c.At, c.Server = t.now.Add(time.Since(t.began)), worked
	people, addresses := t.people.Groups(), t.address.Groups()
	c.PeopleOverLimit = above(people, t.policy.MaxPerUser)
	c.AddressesOverLimit = above(addresses, t.policy.MaxPerAddressPerHour)
	same := func(name string) string { return name }
	c.People, c.Addresses = tallies(first(people), same), tallies(first(addresses), same)
	return c
}

// first answers the largest groups alone.
func first(g keyspace.Groups) keyspace.Groups {
	g.Groups = g.Groups[:min(len(g.Groups), outliers)]
	return g
}

// above answers how many groups have more keys than most.
func above(g keyspace.Groups, most int) (n int64) {
	for _, group := range g.Groups {
		if group.Keys > int64(most) {
			n++
		}
	}
	return n
}

// leave counts a session that a cleanup has judged, as that leaves it.
func (t *taker) leave(s Session, v verdict) {
	switch v {
	case isIdle, isOld:
		return
	case endless:
		s.ExpiresIn = 0
	}
	t.add(s)
}
