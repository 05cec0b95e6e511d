package commands

import (
	"slices"
	"sync"
)

// maxHints bounds the advice in one reply; more of it is not read.
const maxHints = 3

// hints gathers advice on what an output means, each piece once. The zero
// hints is ready for use, from several goroutines.
type hints struct {
	mu   sync.Mutex
	list []string
}

func (h *hints) add(hint string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.list) < maxHints && !slices.Contains(h.list, hint) {
		h.list = append(h.list, hint)
	}
}

func (h *hints) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.list)
}
