package plans

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"
	"time"
)

// maxMemory bounds the steps of all plans that are held in memory, in bytes.
const maxMemory = 64 << 20

// memory keeps plans in this process alone, where there is no folder.
type memory struct {
	mu    sync.Mutex
	plans map[string]*held
	used  int64 // bytes of steps, those of plans not yet sealed included
}

// held is a plan in memory.
type held struct {
	chunks  [][]byte
	bytes   int64
	sealed  string // empty: Redis has the metadata
	lapse   time.Time
	claimed bool
}

func newMemory() *memory { return &memory{plans: make(map[string]*held)} }

func (m *memory) limit() int64 { return maxMemory }

func (m *memory) begin(id string) medium { return &memorySpool{memory: m, id: id} }

func (m *memory) open(id string) (content, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.plans[id]
	if !ok || p.claimed {
		return nil, false, nil
	}
	c := &chunks{all: p.chunks}
	return c, true, c.rewind()
}

func (m *memory) claim(id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.plans[id]
	if !ok || p.claimed {
		return false, nil
	}
	p.claimed, p.sealed = true, ""
	return true, nil
}

func (m *memory) remove(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(id)
	return nil
}

func (m *memory) drop(id string) {
	if p, ok := m.plans[id]; ok {
		m.used -= p.bytes
		delete(m.plans, id)
	}
}

func (m *memory) keep(id, sealed string, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.plans[id]
	if !ok || p.claimed {
		return errors.New("its steps are gone")
	}
	p.sealed = sealed
	return nil
}

func (m *memory) kept(id string) (string, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.plans[id]
	if !ok || p.sealed == "" {
		return "", false, nil
	}
	return p.sealed, true, nil
}

func (m *memory) keptIDs() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for id, p := range m.plans {
		if p.sealed != "" {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// sweep leaves what is being run: that goes when its steps are closed.
func (m *memory) sweep(now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range slices.Collect(maps.Keys(m.plans)) {
		if p := m.plans[id]; !p.claimed && now.Sub(p.lapse) > sweepGrace {
			m.drop(id)
		}
	}
	return nil
}

// memorySpool gathers the steps of one plan in memory.
type memorySpool struct {
	memory *memory
	id     string
	held   held
}

func (s *memorySpool) write(p []byte) error {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	size := int64(len(p))
	if s.memory.used+size > maxMemory {
		return &TooLarge{"steps of all plans without a `state.dir`", maxMemory}
	}
	s.memory.used += size
	s.held.bytes += size
	s.held.chunks = append(s.held.chunks, bytes.Clone(p))
	return nil
}

func (s *memorySpool) seal(lapse time.Time) error {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.held.lapse = lapse
	s.memory.plans[s.id] = &s.held
	return nil
}

func (s *memorySpool) discard() {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	s.memory.used -= s.held.bytes
	s.held = held{}
}

// chunks is recorded steps in memory.
type chunks struct {
	io.Reader
	all [][]byte
}

func (c *chunks) rewind() error {
	readers := make([]io.Reader, len(c.all))
	for i, chunk := range c.all {
		readers[i] = bytes.NewReader(chunk)
	}
	c.Reader = io.MultiReader(readers...)
	return nil
}

func (c *chunks) Close() error { return nil }
