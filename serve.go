package main

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/helix-collective/helix/api"
	"github.com/helix-collective/helix/check"
	"github.com/helix-collective/helix/settings"
)

// runServe serves sessions to back ends until it is interrupted.
func runServe(ctx context.Context, c *cli, args []string) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	var f common
	flags := c.flagSet("serve", "[FLAGS]")
	flags.StringVar(&f.redis, "redis", "", "address of Redis (also HELIX_REDIS_URL, REDIS_URL)")
	flags.StringVar(&f.config, "config", "", "configuration file (default config.yaml, if there is one)")
	flags.StringVar(&f.listen, "listen", "", "address and port to listen on (also HELIX_API_LISTEN)")
	flags.BoolVar(&f.demo, "demo", false, "use an embedded Redis with sample sessions where none is configured")
	if err := takesNone(flags, args); err != nil {
		return err
	}
	base, err := f.load()
	if err != nil {
		return err
	}
	log := newLogger(base, c.err)
	a, err := openWith(ctx, &app{base: base, log: log}, f.demo, (*app).connect)
	if err != nil {
		return err
	}
	service, err := a.openService(ctx)
	if err != nil {
		return errors.Join(&exitError{exitFailure, sentence(err.Error())}, a.close())
	}
	probes, err := a.openHealth(ctx, nil)
	if err != nil {
		return errors.Join(err, a.close())
	}
	log.Info("starting", zap.String("version", versionLine()), zap.Stringer("redis", a.pool.Target()))
	return errors.Join(a.alongside(ctx, func(ctx context.Context) error {
		return a.cleaning(ctx, func(ctx context.Context) error { return beside(ctx, service.run, probes) })
	}), a.close())
}

// service is the session service on an address that it has taken.
type service struct {
	server   *api.Server
	listener net.Listener
}

func (s *service) run(ctx context.Context) error { return s.server.Serve(ctx, s.listener) }

// openService takes the address of the session service.
func (a *app) openService(ctx context.Context) (*service, error) {
	server, err := api.New(api.Options{Store: a.sessions, Settings: a.live, Log: a.log})
	if err != nil {
		return nil, err
	}
	listener, err := server.Listen(ctx)
	if err != nil {
		return nil, err
	}
	return &service{server, listener}, nil
}

// serviceBesideTheBot answers nil where there is to be none: without an address,
// and, which is logged, without keys.
func (a *app) serviceBesideTheBot(ctx context.Context) (run, error) {
	if a.base.Snapshot().Text(settings.APIListen) == "" {
		return nil, nil
	}
	s, err := a.openService(ctx)
	switch {
	case errors.Is(err, api.ErrNoKeys):
		a.log.Warn("the session service does not listen", zap.Error(err))
		return nil, nil
	case err != nil:
		return nil, &exitError{exitFailure, sentence(err.Error())}
	}
	return s.run, nil
}

// run is work that goes on until ctx ends.
type run func(ctx context.Context) error

// beside runs others, those that are not nil, beside work, until one of them ends.
func beside(ctx context.Context, work run, others ...run) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	for _, r := range append(others, work) {
		if r == nil {
			continue
		}
		group.Go(func() error {
			defer cancel()
			return r(ctx)
		})
	}
	return group.Wait()
}

// serviceFindings say what the session service lacks.
func serviceFindings(base *settings.Base) []check.Finding {
	const name = "Session service"
	s := base.Snapshot()
	listen := s.Text(settings.APIListen)
	_, err := api.New(api.Options{Settings: base})
	switch {
	case listen == "" && s.Secret(settings.APIKeys) == "":
		return []check.Finding{{Name: name, Level: check.OK, Detail: "Not asked for: neither api.listen nor api.keys is set."}}
	case errors.Is(err, api.ErrNoAddress), errors.Is(err, api.ErrNoKeys):
		return []check.Finding{{Name: name, Level: check.Warning, Detail: "It does not listen: " + err.Error() + ".", Mend: "Set both api.listen and HELIX_API_KEYS, or neither."}}
	case err != nil:
		return []check.Finding{{Name: name, Level: check.Fatal, Detail: sentence(err.Error()), Mend: "Mend the settings api.*."}}
	}
	findings := []check.Finding{{Name: name, Level: check.OK, Detail: "Listens on " + listen + "."}}
	if s.Text(settings.APITLSCert) == "" && !isLoopback(listen) {
		findings = append(findings, check.Finding{Name: name, Level: check.Warning,
			Detail: "Keys and tokens travel unencrypted to " + listen + ".", Mend: "Set api.tls_cert and api.tls_key, or listen on 127.0.0.1."})
	}
	if len(s.List(settings.APITrustedProxies)) == 0 {
		findings = append(findings, check.Finding{Name: name, Level: check.Warning,
			Detail: "No proxy is trusted, so /v1/auth takes the proxy for the client.", Mend: "Set api.trusted_proxies to its address, if you use /v1/auth."})
	}
	return findings
}

// isLoopback reports whether only this machine reaches an address to listen on.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
