package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Sentinels answers a client of each Sentinel of the target, by its address;
// close ends them all. Without Sentinel there are none.
func (p *Pool) Sentinels() (all map[string]*redis.SentinelClient, closeAll func()) {
	all = make(map[string]*redis.SentinelClient)
	if p.target.Master != "" {
		for _, addr := range p.target.Hosts {
			all[addr] = redis.NewSentinelClient(&redis.Options{
				Addr: addr, Username: p.options.SentinelUser, Password: p.options.SentinelPassword,
				Dialer: p.dialer(), DialTimeout: p.options.Timeout, ReadTimeout: p.options.Timeout,
				ContextTimeoutEnabled: true, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1,
			})
		}
	}
	return all, func() {
		for _, client := range all {
			client.Close()
		}
	}
}

// Handshake connects over TLS to the first host that answers, and tells what was
// agreed on.
func (p *Pool) Handshake(ctx context.Context) (tls.ConnectionState, error) {
	var errs []error
	for _, addr := range p.target.Hosts {
		conn, err := p.dialer()(ctx, "tcp", addr)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		defer conn.Close()
		secure, ok := conn.(*tls.Conn)
		if !ok {
			return tls.ConnectionState{}, fmt.Errorf("%s is not reached over TLS", addr)
		}
		return secure.ConnectionState(), nil
	}
	return tls.ConnectionState{}, errors.Join(errs...)
}

// Ends answers when the certificate that is shown to servers ends; the zero time
// without one, or if it cannot be read.
func (f Files) Ends() time.Time {
	config, err := f.read()
	if err != nil || len(config.Certificates) == 0 {
		return time.Time{}
	}
	return config.Certificates[0].Leaf.NotAfter
}
