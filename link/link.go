// Package link opens connections of one's own to a Redis server, outside the
// pool of a client but made as its own are: same dialer, TLS, user, database
// and protocol. The end of a context cuts such a connection at once, whatever
// it waits for; a pooled one is given up only when its read times out. It never
// reads or writes on a connection that it has handed out.
package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Link is a way to one server, over one connection at a time.
type Link struct {
	options redis.Options
	client  *redis.Client

	mu   sync.Mutex
	conn net.Conn
	cut  bool
}

// Greet is called with every new connection, when go-redis has signed in on it.
// Its error makes the connection fail.
type Greet func(context.Context, *redis.Conn) error

// New prepares a Link to where client connects to; close ends it. The end of
// ctx fails the call under way and all later ones at once. greet may be nil.
func New(ctx context.Context, client *redis.Client, greet Greet) (l *Link, closeLink func()) {
	l = &Link{}
	o := *client.Options()
	o.Dialer = l.dialer(ctx, o.Dialer)
	o.OnConnect = both(o.OnConnect, greet)
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

func both(first, second Greet) Greet {
	switch {
	case first == nil:
		return second
	case second == nil:
		return first
	}
	return func(ctx context.Context, cn *redis.Conn) error {
		if err := first(ctx, cn); err != nil {
			return err
		}
		return second(ctx, cn)
	}
}

// Open answers the connection, and connects if there is none. go-redis does
// all that comes before the first command.
func (l *Link) Open(ctx context.Context) (net.Conn, error) {
	var refused redis.Error
	if err := l.client.Ping(ctx).Err(); err != nil && !errors.As(err, &refused) {
		return nil, err
	}
	return l.Conn(), nil
}

// Drop gives the connection up: what comes over it next is not known.
func (l *Link) Drop() {
	l.client.Close()
	o := l.options
	l.client = redis.NewClient(&o)
}

// Client answers the client over the connection, for calls that go-redis makes
// as well. It is of no use once Drop has been called.
func (l *Link) Client() *redis.Client { return l.client }

// Conn answers the latest connection; nil before the first.
func (l *Link) Conn() net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn
}

// Timeouts answer how long one reading and one writing may take, as the client
// has it; 0 means without bound.
func (l *Link) Timeouts() (read, write time.Duration) {
	return l.options.ReadTimeout, l.options.WriteTimeout
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

// dialer is dial, ended by the link's end as well as by its own context's.
func (l *Link) dialer(whole context.Context, dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(whole, cancel)()
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
		l.conn = conn
		return conn, nil
	}
}

// sever cuts the connection, whatever it waits for.
func (l *Link) sever() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	if l.conn != nil {
		_ = l.conn.SetDeadline(time.Unix(1, 0)) // wakes a reader even where Close has to wait, as under TLS
		l.conn.Close()
	}
}

// RunID asks whom a connection leads to: every start of a server has an id of its
// own. It is "" of one that refuses to say.
func RunID(ctx context.Context, cn *redis.Conn) (string, error) {
	info, err := cn.Info(ctx, "server").Result()
	var refused redis.Error
	if err != nil && !errors.As(err, &refused) {
		return "", fmt.Errorf("ask for the run id: %w", err)
	}
	_, after, _ := strings.Cut(info, "\nrun_id:")
	id, _, _ := strings.Cut(after, "\r")
	return id, nil
}

// AppendCommand adds a command as the protocol has it.
func AppendCommand(dst []byte, words ...string) []byte {
	dst = append(strconv.AppendInt(append(dst, '*'), int64(len(words)), 10), "\r\n"...)
	for _, w := range words {
		dst = append(strconv.AppendInt(append(dst, '$'), int64(len(w)), 10), "\r\n"...)
		dst = append(append(dst, w...), "\r\n"...)
	}
	return dst
}
