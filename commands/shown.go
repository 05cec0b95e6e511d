package commands

import (
	"slices"
	"sync"
)

const (
	maxShownChannels = 64
	maxShownKeys     = 1024 // of one channel; and of one program the first
	maxShownBytes    = 512  // of a key
)

// shown remembers for each channel which keys its short forms stand for: of the
// channels that were used last, and of each the keys that were shown last.
type shown struct {
	mu       sync.Mutex
	channels map[string]*channelKeys
	order    []string // of channels, the one used last at the end
}

func newShown() *shown { return &shown{channels: make(map[string]*channelKeys)} }

// in answers what one program in a channel may add to and look up.
func (s *shown) in(channel string) *programKeys {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = append(slices.DeleteFunc(s.order, func(c string) bool { return c == channel }), channel)
	if len(s.order) > maxShownChannels {
		delete(s.channels, s.order[0])
		s.order = s.order[1:]
	}
	keys, ok := s.channels[channel]
	if !ok {
		keys = &channelKeys{of: make(map[string][]string)}
		s.channels[channel] = keys
	}
	return &programKeys{channel: keys}
}

// programKeys is one program's part in what its channel is shown. It takes a
// bounded number of keys, so that going through all of them costs little.
type programKeys struct {
	channel *channelKeys
	mu      sync.Mutex
	added   int
}

// Add remembers a key.
func (p *programKeys) Add(short, key []byte) {
	p.mu.Lock()
	full := p.added >= maxShownKeys
	p.added++
	p.mu.Unlock()
	if !full && len(key) <= maxShownBytes {
		p.channel.add(string(short), string(key))
	}
}

// Find answers the keys that a short form stands for.
func (p *programKeys) Find(short string) []string { return p.channel.find(short) }

// channelKeys are the keys that a channel was shown.
type channelKeys struct {
	mu    sync.Mutex
	of    map[string][]string // keys by their short form
	order []string            // of short forms, the newest at the end
}

func (c *channelKeys) add(short, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.of[short]
	switch {
	case !ok:
		c.forget()
		c.order = append(c.order, short)
	case len(known) > 1 || slices.Contains(known, key): // two are ambiguous already
		return
	}
	c.of[short] = append(known, key)
}

// forget makes room for one more.
func (c *channelKeys) forget() {
	if len(c.order) >= maxShownKeys {
		delete(c.of, c.order[0])
		c.order = c.order[1:]
	}
}

func (c *channelKeys) find(short string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.of[short])
}
