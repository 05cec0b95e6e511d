package embedded

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2/server"
)

// client is one connection. What changes is guarded by clients.mu.
type client struct {
	net.Conn
	id    int64
	since time.Time
	input *input

	name    string
	db      int
	three   bool
	last    time.Time // of its latest command
	command string    // the latest
}

// clients knows every connection, and which of miniredis's peers it is.
type clients struct {
	mu     sync.Mutex
	lastID int64
	byID   map[int64]*client
	byPeer map[*server.Peer]*client
}

func newClients() *clients {
	return &clients{byID: make(map[int64]*client), byPeer: make(map[*server.Peer]*client)}
}

// introduction is a command that nobody sends: it is put before what a
// connection reads, since miniredis tells of a peer's first command, and not of
// the connection it came by.
const introduction = "EMBEDDED.INTRODUCTION"

// accept makes a client of a new connection.
func (cs *clients) accept(conn net.Conn) *client {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.lastID++
	c := &client{Conn: conn, id: cs.lastID, since: time.Now(), last: time.Now(), command: "NULL"}
	c.input = newInput(conn, asArray([][]byte{[]byte(introduction), strconv.AppendInt(nil, c.id, 10)}))
	cs.byID[c.id] = c
	return c
}

// Read reads the introduction, then what the client sends.
func (c *client) Read(b []byte) (int, error) {
	n, err := c.input.Read(b)
	var wrong protocolError
	if errors.As(err, &wrong) {
		fmt.Fprintf(c.Conn, "-%v\r\n", wrong) // whether it arrives or not, this was the last
	}
	return n, err
}

// introduced ties a peer to its connection. It reports false if the peer is
// known already: then its client invented the command.
func (cs *clients) introduced(peer *server.Peer, args []string) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.byPeer[peer] != nil || len(args) != 1 {
		return false
	}
	id, _ := strconv.ParseInt(args[0], 10, 64)
	c := cs.byID[id]
	if c == nil {
		return false
	}
	cs.byPeer[peer] = c
	peer.OnDisconnect(func() {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		delete(cs.byPeer, peer)
		delete(cs.byID, id)
	})
	return true
}

// of answers the client of a peer, nil for a script's.
func (cs *clients) of(peer *server.Peer) *client {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.byPeer[peer]
}

// note remembers what a client does.
func (cs *clients) note(c *client, command string, db int) {
	if c == nil {
		return
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c.last, c.command, c.db = time.Now(), command, db
}

// all lists the clients by age.
func (cs *clients) all() []*client {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return slices.SortedFunc(maps.Values(cs.byID), func(a, b *client) int { return int(a.id - b.id) })
}

func (cs *clients) count() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.byID)
}

// describe words a client as CLIENT LIST does, as far as anything is known.
func (cs *clients) describe(c *client) string {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	now := time.Now()
	protocol := 2
	if c.three {
		protocol = 3
	}
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=-1 name=%s age=%d idle=%d flags=N db=%d cmd=%s user=default resp=%d",
		c.id, c.RemoteAddr(), c.LocalAddr(), c.name, int(now.Sub(c.since).Seconds()), int(now.Sub(c.last).Seconds()), c.db, c.command, protocol)
}
