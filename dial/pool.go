package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Options shapes the connections of a Pool.
type Options struct {
	PoolSize  int                 // connections to one server at most
	KeepAlive net.KeepAliveConfig // of TCP
	Timeout   time.Duration       // to connect, and for a reply where a call has no deadline of its own
	TLS       Files               // where the target asks for TLS

	SentinelUser, SentinelPassword string     // at the Sentinels, which know none of the server's users
	Hook                           redis.Hook // of every client; nil: none
}

// maxDatabases bounds the clients that a Pool keeps besides its first.
const maxDatabases = 16

// Pool hands out one client for each database and protocol, opened at first
// use. Its methods may be called from several goroutines.
type Pool struct {
	target      Target
	options     Options
	credentials *credentials

	mu      sync.Mutex
	clients map[clientKey]redis.UniversalClient
	closed  bool
}

type clientKey struct{ db, protocol int }

// NewPool returns a Pool for target. Nothing is connected until a client is used.
func NewPool(target Target, options Options) *Pool {
	return &Pool{
		target: target, options: options, credentials: &credentials{files: options.TLS},
		clients: make(map[clientKey]redis.UniversalClient),
	}
}

// Target answers what the pool connects to.
func (p *Pool) Target() Target { return p.target }

// Main answers the client for the target's own database, speaking RESP2 as
// redis-cli does unless told otherwise.
func (p *Pool) Main() (redis.UniversalClient, error) { return p.Client(p.target.DB, 2) }

// Client answers the client for a database and a protocol version (2 or 3).
// A negative db means the target's own.
func (p *Pool) Client(db, protocol int) (redis.UniversalClient, error) {
	if db < 0 {
		db = p.target.DB
	}
	if p.target.Cluster && db != 0 {
		return nil, errors.New("a Redis Cluster has only database 0")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, redis.ErrClosed
	}
	key := clientKey{db, protocol}
	if c, ok := p.clients[key]; ok {
		return c, nil
	}
	if len(p.clients) > 2*maxDatabases {
		return nil, fmt.Errorf("more than %d databases are in use already", maxDatabases)
	}
	c := p.open(db, protocol)
	p.clients[key] = c
	return c, nil
}

func (p *Pool) open(db, protocol int) redis.UniversalClient {
	o := &redis.UniversalOptions{
		Addrs:                 p.target.Hosts,
		MasterName:            p.target.Master,
		IsClusterMode:         p.target.Cluster,
		Username:              p.target.User,
		Password:              p.target.Password,
		SentinelUsername:      p.options.SentinelUser,
		SentinelPassword:      p.options.SentinelPassword,
		DB:                    db,
		Protocol:              protocol,
		PoolSize:              p.options.PoolSize,
		DialTimeout:           p.options.Timeout,
		ReadTimeout:           p.options.Timeout,
		WriteTimeout:          p.options.Timeout,
		ContextTimeoutEnabled: true,
		DisableIdentity:       true,
		MaxRetries:            1, // for a pooled connection that has died
		DialerRetries:         1, // whoever waits for an answer wants to know soon
		OnConnect:             introduce,
		Dialer:                p.dialer(),
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
	client := redis.NewUniversalClient(o)
	client.AddHook(reach{})
	if p.options.Hook != nil {
		client.AddHook(p.options.Hook)
	}
	return client
}

// introduce names a connection, for CLIENT LIST. A user who may not do that can
// do without.
func introduce(ctx context.Context, conn *redis.Conn) error {
	err := conn.ClientSetName(ctx, "helix").Err()
	var refusal redis.Error
	if errors.As(err, &refusal) {
		return nil
	}
	return err
}

// dialer connects with the pool's keepalive, and TLS where the target asks for it.
func (p *Pool) dialer() func(context.Context, string, string) (net.Conn, error) {
	d := &net.Dialer{Timeout: p.options.Timeout, KeepAliveConfig: p.options.KeepAlive}
	if !p.target.TLS {
		return d.DialContext
	}
	return p.credentials.dial(d)
}

// Silence keeps go-redis from writing to standard error on its own. What it
// says there reaches the caller as an error as well. It changes a variable of
// that package, so it holds for the whole process.
func Silence() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// Close ends every connection. Clients handed out before are of no use after.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var errs []error
	for _, c := range p.clients {
		errs = append(errs, c.Close())
	}
	p.clients = nil
	return errors.Join(errs...)
}
