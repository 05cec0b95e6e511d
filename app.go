package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/actions"
	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/aliases"
	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/health"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/lease"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/schedules"
	"github.com/helix-collective/helix/series"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
)

// app is the wired program: configuration, Redis, and what answers requests.
type app struct {
	base       *settings.Base
	log        *zap.Logger
	demo       *embedded.Server // nil beside a real Redis
	pool       *dial.Pool
	client     redis.UniversalClient
	live       *settings.Live
	policy     *permissions.Policy
	redactor   *redact.Redactor
	audit      *audit.Log
	plans      *plans.Store
	journal    *journal.Journal // nil: nothing can be taken back
	local      bool             // somebody runs it at a terminal or from a script
	sessions   *sessions.Store
	dispatcher *commands.Dispatcher
	metrics    *health.Metrics
	clock      *clock.Clock
	pin        *guildPin
	greeted    *guildsGreeted
	series     *series.Store
	aliases    *aliases.Store
	schedules  *schedules.Store
	alerts     *alerts.Engine
	watch      *watchtower
	speaker    atomic.Pointer[speaker] // nil: this process speaks to nobody on Discord

	closers []func() error // in the order of opening
}

// common are the flags that every subcommand but version takes.
type common struct {
	config string
	redis  string
	listen string // of serve alone
	demo   bool
}

// load reads the configuration in all its layers.
func (f common) load() (*settings.Base, error) {
	flags := make(map[string]string)
	if f.redis != "" {
		flags[string(settings.RedisURL)] = f.redis
	}
	if f.listen != "" {
		flags[string(settings.APIListen)] = f.listen
	}
	base, err := settings.Load(settings.Options{File: f.config, Environ: os.Environ(), Flags: flags})
	if err != nil {
		return nil, &exitError{exitFailure, err.Error()}
	}
	return base, nil
}

// errNoRedis is a missing address where one is needed.
var errNoRedis = &exitError{exitFailure,
	"No Redis is configured. Set REDIS_URL (redis://host:6379), or redis.url in config.yaml; " +
		"--demo starts an embedded one with sample sessions."}

// open wires the program. Without an address, demo decides whether an embedded
// Redis is started or the missing address is an error, and local whether it is
// somebody at a terminal, or a script of theirs, who asks.
func open(ctx context.Context, base *settings.Base, log *zap.Logger, demo, local bool) (*app, error) {
	return openWith(ctx, &app{base: base, log: log, local: local}, demo, (*app).wire)
}

// openWith wires what wire does, once there is an address of Redis.
func openWith(ctx context.Context, a *app, demo bool, wire func(*app, context.Context, string) error) (_ *app, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	address := a.base.Snapshot().Secret(settings.RedisURL)
	if demo && address == "" {
		if a.demo, err = embedded.Start(ctx, embedded.Options{}); err != nil {
			return a, fmt.Errorf("start the embedded Redis: %w", err)
		}
		a.closers = append(a.closers, a.demo.Close)
		address = a.demo.URL()
	}
	if address == "" {
		return a, errNoRedis
	}
	return a, wire(a, ctx, address)
}

// connect wires Redis and the live settings.
func (a *app) connect(ctx context.Context, address string) error {
	target, err := dial.Parse(address)
	if err != nil {
		return &exitError{exitFailure, err.Error()}
	}
	a.pool = dial.NewPool(target, dialOptions(a.base.Snapshot()))
	a.closers = append(a.closers, a.pool.Close)
	if a.client, err = a.pool.Main(); err != nil {
		return err
	}
	a.live = settings.Open(ctx, a.client, a.base)
	a.clock = clock.New(a.client)
	if a.live.Trouble() == nil { // else Redis is asked once it is back
		_ = a.clock.Sync(ctx) // as it is then
	}
	a.pin, a.greeted = newGuildPin(a.client), newGuildsGreeted(a.client)
	a.metrics = health.NewMetrics(versionLine())
	a.sessions = a.newSessions()
	return nil
}

// wire wires the whole program.
func (a *app) wire(ctx context.Context, address string) error {
	err := a.connect(ctx, address)
	if err != nil {
		return err
	}
	s, target := a.base.Snapshot(), a.pool.Target()
	if a.policy, err = newPolicy(a.base); err != nil {
		return &exitError{exitFailure, err.Error()}
	}
	calls, err := newActions(a.base)
	if err != nil {
		return &exitError{exitFailure, err.Error()}
	}
	if a.redactor, err = newRedactor(s, calls.Secrets()...); err != nil {
		return &exitError{exitFailure, err.Error()}
	}
	typed := newConcealer(s, calls.Secrets()...)
	a.audit = openAudit(a.client, a.clock.Now, s, a.spoolDir(), a.log, func(line string) string { return string(a.redactor.Text([]byte(typed.conceal(line)))) })
	a.closers = append(a.closers, a.audit.Close)
	if err := a.openChanges(); err != nil {
		return &exitError{exitFailure, sentence(err.Error())}
	}
	if err := a.openWatchtower(); err != nil {
		return err
	}
	a.aliases, a.schedules = aliases.Open(a.client), schedules.Open(a.client)
	a.dispatcher = commands.New(commands.Options{
		Alerts:  a.alerts,
		Aliases: a.aliases, Schedules: a.schedules,
		Series:   a.series,
		Answered: a.answered,
		Actions:  calls,
		Audit:    a.audit,
		Plans:    a.plans,
		Journal:  a.journal,
		Conceal:  typed.conceal,
		Guard:    guard.New(a.pool, a.policy, a.guardOptions(target)),
		Settings: a.live,
		Policy:   a.policy,
		Client:   a.client,
		Now:      a.clock.Now,
		Sessions: a.sessions,
		Log:      a.log,
		Redactor: a.redactor,
		Redis:    target.String(),
		Version:  versionLine(),
	})
	return nil
}

func (a *app) guardOptions(target dial.Target) guard.Options {
	return guard.Options{
		DB: target.DB, Now: a.clock.Now,
		OwnKeys: ownKeys(), OwnIndexes: plans.OwnIndexes(),
		Share: a.share,
		Ended: a.sessions.Ended,
		Lone:  !target.Cluster && target.Master == "",
	}
}

// ownKeys are the keys of Helix with fixed names.
func ownKeys() []string {
	return slices.Concat(settings.OwnKeys(), aliases.OwnKeys(), audit.OwnKeys(), schedules.OwnKeys(), plans.OwnKeys(), sessions.OwnKeys(), alerts.OwnKeys(), lease.OwnKeys(), series.New(nil, series.Usual()...).Keys(), []string{pinKey, greetedKey, watchesKey, untoldKey})
}

func dialOptions(s *settings.Snapshot) dial.Options {
	return dial.Options{
		PoolSize: s.Int(settings.RedisPoolSize),
		Timeout:  s.Duration(settings.RedisTimeout),
		TLS: dial.Files{
			CA:         s.Text(settings.RedisTLSCAFile),
			Cert:       s.Text(settings.RedisTLSCertFile),
			Key:        s.Text(settings.RedisTLSKeyFile),
			ServerName: s.Text(settings.RedisTLSServerName),
		},
		SentinelUser:     s.Text(settings.RedisSentinelUser),
		SentinelPassword: s.Secret(settings.RedisSentinelPassword),
		Hook:             lease.Gate{},
		KeepAlive: net.KeepAliveConfig{
			Enable:   true,
			Idle:     s.Duration(settings.RedisKeepaliveIdle),
			Interval: s.Duration(settings.RedisKeepaliveInterval),
			Count:    s.Int(settings.RedisKeepaliveProbes),
		},
	}
}

func newPolicy(base *settings.Base) (*permissions.Policy, error) {
	roles := make(map[string]permissions.Role)
	for name, r := range base.Roles() {
		roles[name] = permissions.Role(r)
	}
	names := commands.ConfigureAlso()
	for _, s := range settings.Table() {
		names = append(names, s.Key)
	}
	return permissions.New(roles, permissions.KnownSettings(names))
}

func newActions(base *settings.Base) (*actions.Set, error) {
	specs := make(map[string]actions.Spec)
	for name, a := range base.Actions() {
		specs[name] = actions.Spec(a)
	}
	return actions.New(specs, actions.Options{Variable: base.Variable, Taken: commands.Taken})
}

// close ends what was opened, last first.
func (a *app) close() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

// unreachable maps a Redis that did not answer at start to its exit status.
func unreachable(err error) error {
	var exit *exitError
	if errors.As(err, &exit) {
		return err
	}
	return &exitError{exitUnreachable, sentence(err.Error())}
}

// sentence begins with a capital and ends with a full stop, unless it asks.
func sentence(s string) string {
	s = strings.ToUpper(s[:1]) + s[1:]
	if strings.HasSuffix(s, ".") || strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}
