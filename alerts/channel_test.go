package alerts

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// remembers is how long a nonce keeps a message from being made twice.
const remembers = 3 * time.Minute

// fate is what becomes of a call to the channel.
type fate int

const (
	works   fate = iota
	refused      // nothing is done, and an error says so
	lost         // it is done, and an error is all that is known
)

var errChannel = errors.New("429 or 502")

// channel is a Discord channel as far as alerts see it.
type channel struct {
	clock    *hands
	messages []*posted
	nonces   map[string]used
	rings    []string          // the incidents that called, by messages of their own
	heard    map[string]string // announcements, by nonce
	told     []string          // those, in order
	next     func(op string) fate
}

type used struct {
	message *posted
	at      time.Time
}

// posted is one message.
type posted struct {
	id      string
	shows   Incident
	edits   int
	rang    bool // it called when it was made
	deleted bool
}

func newChannel(c *hands) *channel {
	return &channel{clock: c, nonces: make(map[string]used), heard: make(map[string]string), next: func(string) fate { return works }}
}

func (c *channel) Show(ctx context.Context, in Incident) (Place, error) {
	then := c.next("show")
	if err := ctx.Err(); err != nil || then == refused {
		return Place{}, errors.Join(errChannel, err)
	}
	m, err := c.show(in)
	if err == nil && then == lost {
		return Place{}, errChannel
	}
	if err != nil {
		return Place{}, err
	}
	return Place{Message: m.id}, nil
}

func (c *channel) show(in Incident) (*posted, error) {
	if in.Delivery.Message != "" {
		m := c.find(in.Delivery.Message)
		if m == nil || m.deleted {
			return nil, ErrGone
		}
		m.shows = in
		m.edits++
		return m, nil
	}
	if before, ok := c.remembered(in.Nonce()); ok {
		return before, nil
	}
	m := &posted{id: fmt.Sprint("m", len(c.messages)+1), shows: in, rang: in.Rings()}
	c.messages = append(c.messages, m)
	c.nonces[in.Nonce()] = used{m, c.clock.now}
	return m, nil
}

func (c *channel) remembered(nonce string) (*posted, bool) {
	before, ok := c.nonces[nonce]
	if age := c.clock.now.Sub(before.at); !ok || age > remembers || age < -remembers {
		return nil, false
	}
	return before.message, true
}

func (c *channel) find(id string) *posted {
	for _, m := range c.messages {
		if m.id == id {
			return m
		}
	}
	return nil
}

func (c *channel) Ring(ctx context.Context, in Incident) error {
	then := c.next("ring")
	if err := ctx.Err(); err != nil || then == refused {
		return errors.Join(errChannel, err)
	}
	if _, twice := c.remembered(in.RingNonce()); !twice {
		c.rings = append(c.rings, fmt.Sprint(in.ID, " ", in.Ring.Occasion))
		c.nonces[in.RingNonce()] = used{nil, c.clock.now}
	}
	if then == lost {
		return errChannel
	}
	return nil
}

func (c *channel) Announce(ctx context.Context, s Silence) error {
	then := c.next("announce")
	if err := ctx.Err(); err != nil || then == refused {
		return errors.Join(errChannel, err)
	}
	if _, twice := c.heard[s.Nonce()]; !twice {
		c.heard[s.Nonce()] = s.ID
		verb := "begins"
		if s.Over() {
			verb = "ends"
		}
		c.told = append(c.told, s.Target+" "+verb)
	}
	if then == lost {
		return errChannel
	}
	return nil
}

func (c *channel) Shown(ctx context.Context) ([]Shown, error) {
	if err := ctx.Err(); err != nil || c.next("shown") != works {
		return nil, errors.Join(errChannel, err)
	}
	var all []Shown
	for _, m := range c.messages {
		if !m.deleted {
			all = append(all, Shown{ID: m.shows.ID, Rule: m.shows.Rule, Place: Place{Message: m.id}, Open: m.shows.Open()})
		}
	}
	return all, nil
}

// calls counts how often anybody was called.
func (c *channel) calls() int {
	n := len(c.rings)
	for _, m := range c.messages {
		n += one(m.rang)
	}
	return n
}

func (c *channel) edits() (n int) {
	for _, m := range c.messages {
		n += m.edits
	}
	return n
}

func (c *channel) texts() (texts []string) {
	for _, m := range c.messages {
		texts = append(texts, fmt.Sprint(m.id, " ", m.shows.ID, " ", m.shows.State, " ", m.shows.Words))
	}
	return texts
}
