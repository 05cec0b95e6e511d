package bot

import "sync"

// holdback keeps what is heard in channels that are being caught up, so that it
// comes after what was missed there.
type holdback struct {
	mu       sync.Mutex
	channels map[string]*heldBack

	// passing is held while messages are handed on, so that those of one channel
	// keep their order.
	passing sync.Mutex
}

// heldBack is what waits in one channel.
type heldBack struct {
	catchUps int // under way
	hear     []func()
}

// maxHeldBack bounds what is kept of a channel. What comes beyond it is heard at
// once.
const maxHeldBack = 200

// begin keeps what is heard in channels from now on; each is to be ended.
func (h *holdback) begin(channels []missedIn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range channels {
		if h.channels[c.channel] == nil {
			h.channels[c.channel] = &heldBack{}
		}
		h.channels[c.channel].catchUps++
	}
}

// keeps reports whether something is heard later: once its channel is caught up.
func (h *holdback) keeps(channel string, hear func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.channels[channel]
	if held == nil || len(held.hear) >= maxHeldBack {
		return false
	}
	held.hear = append(held.hear, hear)
	return true
}

// pass hands messages on, those of one call at a time.
func (h *holdback) pass(hear func()) {
	h.passing.Lock()
	defer h.passing.Unlock()
	hear()
}

// end says that a channel is caught up. What was kept is heard by the last of
// those who caught up there.
func (h *holdback) end(channel string) {
	h.mu.Lock()
	held := h.channels[channel]
	held.catchUps--
	h.mu.Unlock()
	for {
		hear, more := h.take(channel)
		if !more {
			return
		}
		h.pass(func() {
			for _, one := range hear {
				one()
			}
		})
	}
}

// take answers what is to be heard now. If that is nothing, the channel is heard
// as ever from now on, unless somebody still catches up there.
func (h *holdback) take(channel string) (hear []func(), more bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.channels[channel]
	if held == nil || held.catchUps > 0 {
		return nil, false
	}
	if len(held.hear) == 0 {
		delete(h.channels, channel)
		return nil, false
	}
	hear, held.hear = held.hear, nil
	return hear, true
}
