package main

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/check"
	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/settings"
)

// checkTimeout bounds the whole check, quickTimeout the quick one.
const (
	checkTimeout = 30 * time.Second
	quickTimeout = 4 * time.Second
)

// runCheck looks at everything that Helix needs and exits with 1 if something
// fatal is missing.
func runCheck(ctx context.Context, c *cli, args []string) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	var f common
	var quick bool
	var user aclFlags
	flags := c.flagSet("check", "[FLAGS]")
	flags.StringVar(&f.redis, "redis", "", "address of Redis (also HELIX_REDIS_URL, REDIS_URL)")
	flags.StringVar(&f.config, "config", "", "configuration file (default config.yaml, if there is one)")
	flags.BoolVar(&quick, "quick", false, "only whether the configuration is sound and Redis answers, for health checks")
	user.declare(flags)
	if err := parse(flags, args); err != nil {
		return err
	}
	if err := user.read(flags); err != nil {
		return err
	}
	if user.features != "" {
		return f.printACL(c, user)
	}
	if err := hasNone(flags); err != nil {
		return err
	}
	timeout := checkTimeout
	if quick {
		timeout = quickTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	findings := f.findings(ctx, quick)
	if err := check.Print(c.out, findings); err != nil {
		return err
	}
	if check.AnyFatal(findings) {
		return &exitError{status: exitFailure}
	}
	return nil
}

func (f common) findings(ctx context.Context, quick bool) []check.Finding {
	base, err := f.load()
	if err != nil {
		return []check.Finding{{Name: "Configuration", Level: check.Fatal, Detail: err.Error(), Mend: "Mend it; config.yaml in the repository shows every setting."}}
	}
	findings := configuration(base)
	findings = append(findings, redisFindings(ctx, base, quick)...)
	if !quick {
		findings = append(findings, undoFindings(base.Snapshot())...)
		findings = append(findings, discordFindings(ctx, base)...)
	}
	return findings
}

func configuration(base *settings.Base) []check.Finding {
	const name = "Configuration"
	if _, err := newPolicy(base); err != nil {
		return []check.Finding{{Name: name, Level: check.Fatal, Detail: err.Error(), Mend: "Mend permissions.roles in the configuration file."}}
	}
	if _, err := newActions(base); err != nil {
		return []check.Finding{{Name: name, Level: check.Fatal, Detail: err.Error(), Mend: "Mend actions in the configuration file, or set the variables that it names."}}
	}
	detail := "Defaults and environment; there is no configuration file."
	if base.File() != "" {
		detail = base.File() + " is sound."
	}
	findings := []check.Finding{{Name: name, Level: check.OK, Detail: detail}}
	for _, w := range base.Warnings() {
		findings = append(findings, check.Finding{Name: name, Level: check.Warning, Detail: w})
	}
	findings = append(findings, auditFindings(base.Snapshot())...)
	findings = append(findings, serviceFindings(base)...)
	if len(base.Roles()) == 0 {
		findings = append(findings, check.Finding{Name: "Permissions", Level: check.Warning,
			Detail: "No role is configured: only the guild's owner and administrators may act.",
			Mend:   "Say who may do what: under permissions.roles in config.yaml, or as the owner with `setup role` in your server."})
	}
	return findings
}

func redisFindings(ctx context.Context, base *settings.Base, quick bool) []check.Finding {
	address := base.Snapshot().Secret(settings.RedisURL)
	if address == "" {
		return []check.Finding{noRedis(base)}
	}
	target, err := dial.Parse(address)
	if err != nil {
		return []check.Finding{{Name: "Redis", Level: check.Fatal, Detail: sentence(err.Error()), Mend: "Mend REDIS_URL."}}
	}
	pool := dial.NewPool(target, dialOptions(base.Snapshot()))
	defer pool.Close()
	client, err := pool.Main()
	if err != nil {
		return []check.Finding{{Name: "Redis", Level: check.Fatal, Detail: sentence(err.Error()), Mend: "Mend REDIS_URL."}}
	}
	if quick {
		return check.Reach(ctx, client, target.String())
	}
	policy, err := newPolicy(base)
	if err != nil {
		return nil // which the findings on the configuration say
	}
	findings := connectionFindings(ctx, pool, dialOptions(base.Snapshot()).TLS)
	findings = append(findings, check.Redis(ctx, client, target.String(), check.Own{Needs: neededBy(base, policy, target), Watched: target.Master != ""})...)
	if check.AnyFatal(findings) {
		return findings
	}
	live := settings.Open(ctx, client, base)
	findings = append(findings, stateFindings(live)...)
	findings = append(findings, check.Database(ctx, client, target.DB)...)
	findings = append(findings, instanceFindings(ctx, client)...)
	return append(findings, sessionFindings(live.Snapshot())...)
}

// stateFindings says where a later release keeps the settings.
func stateFindings(live *settings.Live) []check.Finding {
	var later *settings.ReadOnlyError
	if !errors.As(live.Trouble(), &later) {
		return nil
	}
	return []check.Finding{{Name: "Live settings", Level: check.Fatal, Detail: sentence(later.Error()),
		Mend: "Update this instance, or name another database in REDIS_URL."}}
}

// connectionFindings looks at what stands between Helix and the servers: TLS, and
// Sentinels.
func connectionFindings(ctx context.Context, pool *dial.Pool, files dial.Files) []check.Finding {
	var findings []check.Finding
	target := pool.Target()
	if target.TLS {
		if err := files.Check(); err != nil {
			return []check.Finding{{Name: "Redis TLS", Level: check.Fatal, Detail: sentence(err.Error()), Mend: "Mend redis.tls_ca_file, redis.tls_cert_file and redis.tls_key_file."}}
		}
		if state, err := pool.Handshake(ctx); err == nil { // of one that fails the reach tells
			findings = append(findings, check.TLS(state, files.Ends(), time.Now()))
		}
	}
	if target.Master != "" {
		sentinels, closeAll := pool.Sentinels()
		defer closeAll()
		findings = append(findings, check.Sentinels(ctx, sentinels, target.Master)...)
	}
	return findings
}

// noRedis is fatal for the bot; the console brings its own.
func noRedis(base *settings.Base) check.Finding {
	f := check.Finding{Name: "Redis", Level: check.Warning,
		Detail: "No Redis is configured; the console starts an embedded one with sample sessions.",
		Mend:   "Set REDIS_URL, as in redis://host:6379."}
	if base.Snapshot().Secret(settings.DiscordToken) != "" {
		f.Level = check.Fatal
		f.Detail = "A Discord token is set, but no Redis is configured."
	}
	return f
}

func discordFindings(ctx context.Context, base *settings.Base) []check.Finding {
	s := base.Snapshot()
	if s.Secret(settings.DiscordToken) == "" {
		return []check.Finding{{Name: "Discord", Level: check.Warning,
			Detail: "No token is set, so helix run opens the console.", Mend: "Set DISCORD_TOKEN to be reached from Discord."}}
	}
	levels := map[bot.Level]check.Level{bot.OK: check.OK, bot.Warning: check.Warning, bot.Fatal: check.Fatal}
	a := &app{base: base, log: zap.NewNop(), clock: clock.New(nil)}
	options := a.botOptions(s)
	options.Pin = nil // what was pinned is told by Redis, if there is one
	var findings []check.Finding
	if target, err := dial.Parse(s.Secret(settings.RedisURL)); err == nil {
		pool := dial.NewPool(target, dialOptions(s))
		defer pool.Close()
		if client, err := pool.Main(); err == nil {
			options = a.botOptions(settings.Open(ctx, client, base).Snapshot())
			options.Pin = newGuildPin(client)
			findings = foreignFindings(ctx, client, options)
		}
	}
	for _, f := range bot.Check(ctx, options) {
		findings = append(findings, check.Finding{Name: f.Name, Level: levels[f.Level], Detail: f.Detail, Mend: f.Mend})
	}
	return findings
}
