package embedded

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// monitorBacklog is how many lines a client that monitors may lag behind
// before it is cut off.
const monitorBacklog = 10_000

// monitors are the clients that asked for MONITOR.
type monitors struct {
	running sync.WaitGroup

	mu     sync.Mutex
	byPeer map[*server.Peer]*watcher
}

// watcher is a client that monitors.
type watcher struct {
	from  *client
	lines chan string
}

func newMonitors() *monitors { return &monitors{byPeer: make(map[*server.Peer]*watcher)} }

// MONITOR
func (c *call) monitor() {
	c.ok()
	if c.from == nil {
		return
	}
	m := c.monitors
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byPeer[c.peer] != nil {
		return
	}
	w := &watcher{from: c.from, lines: make(chan string, monitorBacklog)}
	m.byPeer[c.peer] = w
	peer := c.peer
	peer.OnDisconnect(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.byPeer, peer)
		close(w.lines)
	})
	m.running.Go(func() { w.send(peer) })
}

func (w *watcher) send(peer *server.Peer) {
	for line := range w.lines {
		peer.WriteRaw(line)
		if len(w.lines) == 0 {
			peer.Flush()
		}
	}
}

// tell shows a command to everyone who monitors.
func (m *monitors) tell(c *call, words []string, state peerContext) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.byPeer) == 0 {
		return
	}
	line := monitorLine(time.Now(), c.from, words, state)
	for _, w := range m.byPeer {
		select {
		case w.lines <- line:
		default:
			_ = w.from.Close() // it may have ended already
		}
	}
}

// monitorLine words a command as MONITOR does; passwords are left out.
func monitorLine(now time.Time, from *client, words []string, state peerContext) string {
	who := "lua"
	if from != nil {
		who = from.RemoteAddr().String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "+%d.%06d [%d %s]", now.Unix(), now.Nanosecond()/1000, state.db, who)
	secret := strings.EqualFold(words[0], "AUTH")
	for i, w := range words {
		if secret && i > 0 {
			w = "(redacted)"
		}
		b.WriteString(" " + quoted(w))
	}
	return b.String() + "\r\n"
}

// quoted writes bytes in quotes as Redis does.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\\' || c == '"':
			b.WriteString("\\" + string(c))
		case strings.IndexByte("\n\r\t\a\b", c) >= 0:
			b.WriteString(map[byte]string{'\n': `\n`, '\r': `\r`, '\t': `\t`, '\a': `\a`, '\b': `\b`}[c])
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
