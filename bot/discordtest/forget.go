package discordtest

import (
	"maps"
	"slices"
	"time"
)

// Forget drops what was said and asked so far, but for what breaks a rule: for
// tests that say more than they want to keep.
func (d *Discord) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.channels {
		c.messages = nil
	}
	clear(d.messages)
	clear(d.nonces)
	clear(d.files)
	d.requests = slices.DeleteFunc(d.requests, func(r *Request) bool { return len(r.Violations) == 0 })
}

// ForgetBefore drops what was said and asked before a moment, by Discord's
// clock, but for what breaks a rule and what was said in the channels of the
// guild that are named: for tests that go on for long.
func (g *Guild) ForgetBefore(at time.Time, but ...string) {
	d := g.d
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := make(map[*channel]bool)
	for _, name := range but {
		kept[g.mustChannel(name)] = true
	}
	for _, c := range d.channels {
		if !kept[c] {
			c.messages = slices.DeleteFunc(c.messages, func(m *message) bool {
				if m.At.Before(at) {
					d.drop(m)
				}
				return m.At.Before(at)
			})
		}
	}
	maps.DeleteFunc(d.nonces, func(_ nonceKey, m *message) bool { return d.messages[m.ID] == nil })
	maps.DeleteFunc(d.interactions, func(_ string, i *interaction) bool { return i.at.Before(at.Add(-followUpsWithin)) })
	maps.DeleteFunc(d.tokens, func(_ string, i *interaction) bool { return i.at.Before(at.Add(-followUpsWithin)) })
	d.requests = slices.DeleteFunc(d.requests, func(r *Request) bool { return r.At.Before(at) && len(r.Violations) == 0 })
}

// drop forgets a message and its files. The caller holds mu.
func (d *Discord) drop(m *message) {
	delete(d.messages, m.ID)
	for _, a := range m.Attachments {
		delete(d.files, a.path)
	}
}
