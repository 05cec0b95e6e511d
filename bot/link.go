package bot

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
)

// connections are the sockets of one session, so that they can be closed from
// outside whatever the session waits for.
type connections struct {
	passes func(message []byte) bool // what is read from them
	trust  *x509.CertPool            // nil: the system's

	mu   sync.Mutex
	open []net.Conn
}

// dialTimeout bounds how long a server may take to accept a connection.
const dialTimeout = 10 * time.Second

func (c *connections) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return c.keep((&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, network, addr))
}

func (c *connections) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	d := &tls.Dialer{NetDialer: &net.Dialer{Timeout: dialTimeout}, Config: &tls.Config{RootCAs: c.trust, NextProtos: []string{"http/1.1"}}}
	return c.keep(d.DialContext(ctx, network, addr))
}

func (c *connections) keep(conn net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, conn)
	return newSieve(conn, c.passes), nil
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		_ = conn.Close() // it may be closed already
	}
	c.open = nil
}

// link watches one session.
type link struct {
	session *discordgo.Session
	shard   *shard
	gap     gap // what has to be caught up once it is open
	welcome atomic.Int32
	begun   chan struct{} // closed once it is known what has to be caught up
	begin   func()
	ended   chan struct{}
	end     func()
}

func newLink(s *discordgo.Session, of *shard) *link {
	l := &link{session: s, shard: of, begun: make(chan struct{}), ended: make(chan struct{})}
	l.begin = sync.OnceFunc(func() { close(l.begun) })
	l.end = sync.OnceFunc(func() { close(l.ended) })
	return l
}

// awaitBegin has an event wait until the connection begins to serve, or ends.
func (l *link) awaitBegin() {
	select {
	case <-l.begun:
	case <-l.ended:
	}
}

// watch waits until the connection ends or heartbeats are no longer answered.
func (b *Bot) watch(ctx context.Context, l *link) error {
	tick := time.NewTicker(max(b.options.Timing.Ack/8, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.ended:
			return errors.New("the gateway closed the connection")
		case <-tick.C:
			ack := l.lastAck()
			b.update(func(*Status) { l.shard.lastAck = ack })
			if time.Since(ack) > b.options.Timing.Ack {
				return errors.New("the gateway no longer answers heartbeats")
			}
		}
	}
}

// lastAck answers when a heartbeat was answered last, or else when the
// connection was opened.
func (l *link) lastAck() time.Time {
	l.session.RLock()
	defer l.session.RUnlock()
	return l.session.LastHeartbeatAck
}
