package keyspace

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/link"
)

// ownLink is a connection of a run's own to one server, so that the end of a
// context can cut it, and so that no reconnection goes unnoticed.
type ownLink struct {
	*link.Link
	wire *wire // over its connection; nil: not yet, or not any more

	mu     sync.Mutex
	server string // the run id of whom it is connected to; "" if it does not say
}

// newLink prepares a link to where client connects to; close ends it.
func newLink(ctx context.Context, client *redis.Client) (l *ownLink, closeLink func()) {
	l = &ownLink{}
	l.Link, closeLink = link.New(ctx, client, l.greet)
	return l, closeLink
}

// open answers the wire of the connection, and connects if there is none.
func (l *ownLink) open(ctx context.Context) (*wire, error) {
	if l.wire != nil && l.wire.conn == l.Conn() {
		return l.wire, nil
	}
	conn, err := l.Open(ctx)
	if err != nil {
		return nil, err
	}
	read, write := l.Timeouts()
	l.wire = newWire(conn, read, write)
	return l.wire, nil
}

// drop gives the connection up: what comes over it next is not known.
func (l *ownLink) drop() {
	l.Drop()
	l.wire = nil
}

// greet asks every new connection whom it reached. A server that refuses to say
// is one that cannot be recognised.
func (l *ownLink) greet(ctx context.Context, cn *redis.Conn) error {
	l.reached("")
	id, err := link.RunID(ctx, cn)
	l.reached(id)
	return err
}

func (l *ownLink) reached(server string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.server = server
}

// connected answers whom the link is connected to.
func (l *ownLink) connected() (server string, conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.server, l.Conn()
}

// calibrate asks a few times, as a single answer may have been held up. A
// failure is left for the next call to find.
func (l *ownLink) calibrate(ctx context.Context, p *pace) {
	for range 3 {
		took, err := l.way(ctx)
		if err != nil {
			return
		}
		p.way(took)
	}
}

// way measures the way to the server and back.
func (l *ownLink) way(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	err := l.Client().Ping(ctx).Err()
	return time.Since(start), err
}
