package bot

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
)

// recent remembers the ids seen last, each with a word on it.
type recent struct {
	mu   sync.Mutex
	ids  map[string]string
	ring []string
	next int
}

func newRecent(n int) *recent {
	return &recent{ids: make(map[string]string), ring: make([]string, n)}
}

// add remembers an id and reports whether it is new.
func (r *recent) add(id string) bool { return r.set(id, "") }

// set remembers an id's word and reports whether that is news.
func (r *recent) set(id, word string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.ids[id]
	if ok && known == word {
		return false
	}
	if !ok {
		delete(r.ids, r.ring[r.next])
		r.ring[r.next] = id
		r.next = (r.next + 1) % len(r.ring)
	}
	r.ids[id] = word
	return true
}

// get answers an id's word; ok is false for one that is not remembered.
func (r *recent) get(id string) (word string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	word, ok = r.ids[id]
	return word, ok
}

// channelLog remembers the last message heard in the channels where somebody
// asked lately, so that a gap can be caught up there.
type channelLog struct {
	mu     sync.Mutex
	last   map[string]heard
	newest string // the id of the last message heard in any channel
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

// begin says that messages are heard from now on.
func (l *channelLog) begin(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.newest == "" {
		l.newest = strconv.FormatInt((now.UnixMilli()-discordEpoch)<<22, 10)
	}
}

// discordEpoch is where the time in Discord's ids begins, in milliseconds.
const discordEpoch = 1420070400000

// latest notes the last message heard in any channel.
func (l *channelLog) latest(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.newest = message
}

// gap is what may have been missed since the last message heard.
type gap struct {
	channels []missedIn // where somebody asked lately, the latest first
	after    string     // in all other channels; "" if nothing was heard before
}

// missedIn is a channel in which what came after a message was missed.
type missedIn struct{ guild, channel, after string }

// gap answers what has to be caught up. It is to be asked before the new
// connection hears anything.
func (l *channelLog) gap() gap {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := gap{after: l.newest}
	for c, h := range l.last {
		if time.Since(h.at) < channelTTL {
			g.channels = append(g.channels, missedIn{h.guild, c, h.message})
		}
	}
	slices.SortFunc(g.channels, func(a, b missedIn) int { return l.last[b.channel].at.Compare(l.last[a.channel].at) })
	return g
}

// within answers the channels of a guild where somebody asked lately.
func (g gap) within(guild string) []missedIn {
	return slices.DeleteFunc(slices.Clone(g.channels), func(m missedIn) bool { return m.guild != guild })
}

// elsewhere answers the channels of a guild in which something was said during
// the gap, beside those where somebody asked lately.
func (g gap) elsewhere(guild *discordgo.Guild) []missedIn {
	if g.after == "" {
		return nil
	}
	var found []missedIn
	for _, c := range slices.Concat(guild.Channels, guild.Threads) {
		known := slices.ContainsFunc(g.channels, func(m missedIn) bool { return m.channel == c.ID })
		if !known && later(c.LastMessageID, g.after) && len(found) < channelsKept {
			found = append(found, missedIn{guild.ID, c.ID, g.after})
		}
	}
	return found
}

// later reports whether an id was given after another. Ids are numbers of any
// length.
func later(id, than string) bool {
	return cmp.Or(cmp.Compare(len(id), len(than)), cmp.Compare(id, than)) > 0
}
