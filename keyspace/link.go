package keyspace

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// link is a connection of a scan's own to one server, so that the end of a
// context can cut it (a pooled one is given up only when its read times out),
// and so that no reconnection goes unnoticed.
type link struct {
	options redis.Options
	client  *redis.Client
	wire    *wire // over its connection; nil: not yet, or not any more

	mu     sync.Mutex
	conn   net.Conn
	cut    bool
	server string // the run id of whom it is connected to; "" if it does not say
}

// newLink prepares a link to where client connects to; close ends it. The end
// of ctx fails the call under way and all later ones at once.
func newLink(ctx context.Context, client *redis.Client) (l *link, closeLink func()) {
	l = &link{}
	o := *client.Options()
	o.Dialer = l.dialer(ctx, o.Dialer)
	o.OnConnect = l.onConnect(o.OnConnect)
	o.DialerRetries, o.MaxRetries = 1, -1
	o.ReadTimeout, o.WriteTimeout = asGiven(o.ReadTimeout), asGiven(o.WriteTimeout)
	o.PoolSize, o.MinIdleConns, o.MaxIdleConns, o.MaxActiveConns = poolSize, 0, 0, 0
	o.ConnMaxIdleTime, o.ConnMaxLifetime = -1, 0
	o.PipelineReadBufferSize, o.PipelineWriteBufferSize = 0, 0
	o.Limiter, o.AutoPipelineOptions = nil, nil
	o.ClientSideCache, o.ClientSideCacheConfig = nil, nil
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	l.options = o
	l.client = redis.NewClient(&o)
	stop := context.AfterFunc(ctx, l.sever)
	return l, func() {
		stop()
		l.client.Close()
	}
}

// open answers the wire of the connection, and connects if there is none.
// go-redis does all that comes before the first command.
func (l *link) open(ctx context.Context) (*wire, error) {
	if _, conn := l.connected(); l.wire != nil && l.wire.conn == conn {
		return l.wire, nil
	}
	var refused redis.Error
	if err := l.client.Ping(ctx).Err(); err != nil && !errors.As(err, &refused) {
		return nil, err
	}
	_, conn := l.connected()
	l.wire = newWire(conn, l.options.ReadTimeout, l.options.WriteTimeout)
	return l.wire, nil
}

// drop gives the connection up: what comes over it next is not known.
func (l *link) drop() {
	l.client.Close()
	o := l.options
	l.client, l.wire = redis.NewClient(&o), nil
}

// poolSize is above what a link uses, which is one connection at a time: after
// as many failures to connect a pool stops trying and answers the last one.
const poolSize = 10

// asGiven turns a time-out as a client holds it into one that asks for it: a
// client takes 0 for its default.
func asGiven(timeout time.Duration) time.Duration {
	switch timeout {
	case 0:
		return -1
	case -1:
		return -2
	}
	return timeout
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// dialer is dial, ended by scan's end as well as by its own context's.
func (l *link) dialer(scan context.Context, dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(scan, cancel)()
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.cut {
			conn.Close()
			return nil, net.ErrClosed
		}
		l.conn, l.server = conn, ""
		return conn, nil
	}
}

// sever cuts the connection, whatever it waits for.
func (l *link) sever() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	if l.conn != nil {
		_ = l.conn.SetDeadline(time.Unix(1, 0)) // wakes a reader even where Close has to wait, as under TLS
		l.conn.Close()
	}
}

// onConnect asks every new connection whom it reached. A server that refuses
// to say is one that cannot be recognised.
func (l *link) onConnect(first func(context.Context, *redis.Conn) error) func(context.Context, *redis.Conn) error {
	return func(ctx context.Context, cn *redis.Conn) error {
		if first != nil {
			if err := first(ctx, cn); err != nil {
				return err
			}
		}
		info, err := cn.Info(ctx, "server").Result()
		var refused redis.Error
		if err != nil && !errors.As(err, &refused) {
			return fmt.Errorf("ask for the run id: %w", err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.server = runID(info)
		return nil
	}
}

// runID finds the run id in the server's INFO; "" if it is not there.
func runID(info string) string {
	_, after, _ := strings.Cut(info, "\nrun_id:")
	id, _, _ := strings.Cut(after, "\r")
	return id
}

// connected answers whom the link is connected to.
func (l *link) connected() (server string, conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.server, l.conn
}

// way measures the way to the server and back.
func (l *link) way(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	err := l.client.Ping(ctx).Err()
	return time.Since(start), err
}
