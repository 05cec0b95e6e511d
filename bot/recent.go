package bot

import (
	"slices"
	"sync"
	"time"
)

// recent remembers the ids seen last.
type recent struct {
	mu   sync.Mutex
	ids  map[string]struct{}
	ring []string
	next int
}

func newRecent(n int) *recent {
	return &recent{ids: make(map[string]struct{}), ring: make([]string, n)}
}

// add remembers an id and reports whether it is new.
func (r *recent) add(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.ids[id]; ok {
		return false
	}
	delete(r.ids, r.ring[r.next])
	r.ring[r.next] = id
	r.ids[id] = struct{}{}
	r.next = (r.next + 1) % len(r.ring)
	return true
}

// channelLog remembers the last message heard in the channels where somebody
// asked lately, so that a gap can be caught up there.
type channelLog struct {
	mu   sync.Mutex
	last map[string]heard
}

type heard struct {
	guild, message string
	at             time.Time
}

// Channels to catch up in: those of the last hours, at most so many.
const (
	channelsKept = 50
	channelTTL   = 6 * time.Hour
)

func newChannelLog() *channelLog { return &channelLog{last: make(map[string]heard)} }

func (l *channelLog) note(guild, channel, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last[channel] = heard{guild, message, time.Now()}
	if len(l.last) <= channelsKept {
		return
	}
	oldest := ""
	for c, h := range l.last {
		if oldest == "" || h.at.Before(l.last[oldest].at) {
			oldest = c
		}
	}
	delete(l.last, oldest)
}

// each answers the channels, the latest first, and what was heard last in each.
func (l *channelLog) each() (channels []string, last map[string]heard) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last = make(map[string]heard)
	for c, h := range l.last {
		if time.Since(h.at) < channelTTL {
			channels = append(channels, c)
			last[c] = h
		}
	}
	slices.SortFunc(channels, func(a, b string) int { return last[b].at.Compare(last[a].at) })
	return channels, last
}
