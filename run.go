package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/console"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/settings"
)

func runRun(ctx context.Context, c *cli, args []string) error {
	f, err := commonFlags(c, "run", args)
	if err != nil {
		return err
	}
	base, err := f.load()
	if err != nil {
		return err
	}
	if base.Snapshot().Secret(settings.DiscordToken) == "" {
		return converse(ctx, c, base)
	}
	return serveDiscord(ctx, c, base, f.demo)
}

func runConsole(ctx context.Context, c *cli, args []string) error {
	f, err := commonFlags(c, "console", args)
	if err != nil {
		return err
	}
	base, err := f.load()
	if err != nil {
		return err
	}
	return converse(ctx, c, base)
}

func commonFlags(c *cli, name string, args []string) (common, error) {
	var f common
	flags := c.flagSet(name, "[FLAGS]")
	flags.StringVar(&f.redis, "redis", "", "address of Redis (also HELIX_REDIS_URL, REDIS_URL)")
	flags.StringVar(&f.config, "config", "", "configuration file (default config.yaml, if there is one)")
	flags.BoolVar(&f.demo, "demo", false, "use an embedded Redis with sample sessions where none is configured")
	return f, takesNone(flags, args)
}

// converse opens the console, on an embedded Redis if none is configured.
func converse(ctx context.Context, c *cli, base *settings.Base) error {
	a, err := open(ctx, base, newFaultLogger(base, c.err), true, true)
	if err != nil {
		return err
	}
	err = a.alongside(ctx, func(ctx context.Context) error {
		return console.Run(ctx, a.consoleOptions(ctx, c))
	})
	if status := (*console.ExitError)(nil); errors.As(err, &status) {
		err = &exitError{status: status.Status}
	}
	if ctx.Err() != nil {
		err = &exitError{status: exitTerminated}
	}
	return errors.Join(err, a.close())
}

func (a *app) consoleOptions(ctx context.Context, c *cli) console.Options {
	return console.Options{
		In: c.in, Out: c.out, Err: c.err,
		Handler:     a.dispatcher,
		Complete:    a.dispatcher.Complete,
		Request:     commands.Request{Caller: permissions.Member{Name: "local", Local: true}, Mentioned: true},
		HistoryFile: historyFile(a.base.Snapshot()),
		Private:     a.isPrivate,
		Greeting:    a.greeting() + a.interrupted(ctx),
		NoColor:     os.Getenv("NO_COLOR") != "",
		Plain:       os.Getenv("TERM") == "dumb",
	}
}

func (a *app) greeting() string {
	where := "Redis: " + a.pool.Target().String()
	if a.demo != nil {
		where = "No Redis is configured, so this is an embedded one with sample sessions; nothing here is real."
	}
	return versionLine() + "\n" + where + "\n\nTry\n" +
		"  !redis keys session:* | wc -l\n" +
		"  !redis keys session:user:* | cut -d: -f3 | sort | uniq -c | sort -rn | head -3\n" +
		"  !config set redis.session_ttl=86400\n" +
		"  !help\n"
}

// historyFile answers where the console keeps its history: state.dir, or the
// user's own place for such things.
func historyFile(s *settings.Snapshot) string {
	if dir := s.Text(settings.StateDir); dir != "" {
		return filepath.Join(dir, "history")
	}
	file, err := console.DefaultHistoryFile()
	if err != nil {
		return "" // without a home there is no history
	}
	return file
}

// isPrivate reports whether a message is none for the history: it names a secret
// setting, or holds a secret.
func (a *app) isPrivate(message string) bool {
	return namesSecret(message) || strings.Count(a.dispatcher.Kept(message), redact.Mask) > strings.Count(message, redact.Mask)
}

// namesSecret reports whether a message names a setting whose value is secret.
func namesSecret(message string) bool {
	return slices.ContainsFunc(settings.Table(), func(s settings.Setting) bool {
		return s.Secret && strings.Contains(message, s.Key)
	})
}

// serveDiscord runs the bot until ctx ends.
func serveDiscord(ctx context.Context, c *cli, base *settings.Base, demo bool) error {
	ctx, stop := untilInterrupted(ctx)
	defer stop()
	log := newLogger(base, c.err)
	a, err := open(ctx, base, log, demo, false)
	if err != nil {
		return err
	}
	if _, err := bot.New(a.botOptions(a.live.Snapshot())); err != nil { // before anything is begun
		return errors.Join(err, a.close())
	}
	service, err := a.serviceBesideTheBot(ctx)
	if err != nil {
		return errors.Join(err, a.close())
	}
	s, err := a.newSpeaker(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("serve Discord: %w", err), a.close())
	}
	probes, err := a.openHealth(ctx, s)
	if err != nil {
		return errors.Join(err, a.close())
	}
	log.Info("starting", zap.String("version", versionLine()), zap.Stringer("redis", a.pool.Target()), zap.String("instance", s.member.Self().ID))
	err = a.alongside(ctx, func(ctx context.Context) error {
		return a.telling(ctx, func(ctx context.Context) error { return beside(ctx, s.run, service, probes) })
	})
	return errors.Join(err, a.close())
}

// runBot runs the bot, and beside it announces the audit's head by day, and what
// became of changes that the end of a process interrupted, and makes the runs of
// schedules.
func (a *app) runBot(ctx context.Context, b *bot.Bot) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var announcing sync.WaitGroup
	defer a.followOpsChannel(b)()
	announcing.Go(func() { a.announceHead(ctx, b.Announce) })
	announcing.Go(func() { a.announceInterrupted(ctx, b.Announce) })
	announcing.Go(func() { a.announceHandedOver(ctx, b.Announce) })
	announcing.Go(func() { a.newScheduler(b).run(ctx) })
	announcing.Go(func() { a.heal(ctx, b.Announce) })
	err := b.Run(ctx)
	cancel()
	announcing.Wait()
	return err
}

// followOpsChannel has the bot speak up where the settings say, until unfollow.
func (a *app) followOpsChannel(b *bot.Bot) (unfollow func()) {
	speak := func(_, now *settings.Snapshot) { b.SpeakIn(now.Text(settings.DiscordOpsChannel)) }
	unfollow = a.live.Subscribe(settings.Subscriber{Changed: speak})
	speak(nil, a.live.Snapshot()) // it may have changed since the bot was made
	return unfollow
}

// announceHead announces the audit's head by day, as soon as there is a channel
// for that.
func (a *app) announceHead(ctx context.Context, announce func(ctx context.Context, id, text string) error) {
	named := make(chan struct{}, 1)
	unfollow := a.live.Subscribe(settings.Subscriber{Changed: func(_, now *settings.Snapshot) {
		if now.Text(settings.DiscordOpsChannel) != "" && len(named) == 0 {
			named <- struct{}{}
		}
	}})
	defer unfollow()
	if a.live.Snapshot().Text(settings.DiscordOpsChannel) == "" {
		select {
		case <-named:
		case <-ctx.Done():
			return
		}
	}
	a.audit.AnnounceHead(ctx, announce)
}

func (a *app) botOptions(s *settings.Snapshot) bot.Options {
	return bot.Options{
		Token:      s.Secret(settings.DiscordToken),
		APIURL:     s.Text(settings.DiscordAPIURL),
		GatewayURL: s.Text(settings.DiscordGatewayURL),
		Guilds:     s.List(settings.DiscordGuilds),
		OpsChannel: s.Text(settings.DiscordOpsChannel),
		Shards:     shards(s),
		Redact:     s.Bool(settings.RedactDiscord),
		Redactor:   a.redactor,
		Pin:        a.pin,
		Greeted:    a.greeted,
		Now:        a.clock.Now,
		Watches:    newKeptWatches(a.client),
		Introduce:  a.dispatcher.Introduction,
		Handler:    a.dispatcher,
		Slash:      a.dispatcher,
		SlashScope: bot.Scope(s.Text(settings.DiscordCommands)),
		Clicked:    a.clicked(),
		Log:        a.log,
	}
}

// shards answers how many connections to Discord are configured.
func shards(s *settings.Snapshot) int {
	n, err := strconv.Atoi(s.Text(settings.DiscordShards))
	if err != nil {
		return bot.AutoShards
	}
	return n
}

// clicked records presses of buttons; it is nil for an app that only checks.
func (a *app) clicked() func(permissions.Member, string) {
	if a.dispatcher == nil {
		return nil
	}
	return a.dispatcher.Clicked
}

// alongside runs the live settings beside work, until work ends.
func (a *app) alongside(ctx context.Context, work func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	group.Go(func() error {
		if err := a.live.Run(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("follow live settings: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		a.clock.Run(ctx)
		return nil
	})
	group.Go(func() error {
		a.purgeJournal(ctx)
		return nil
	})
	err := work(ctx)
	cancel()
	return errors.Join(err, group.Wait())
}
