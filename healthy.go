package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/health"
	"github.com/helix-collective/helix/settings"
)

// answered counts a request.
func (a *app) answered(command string, outcome commands.Outcome, took time.Duration) {
	a.metrics.Answered(command, string(outcome), took)
}

// openHealth takes the address of the health checks, and answers what serves
// them and asks for the dead-man's address; nil where neither is configured. speaks
// is nil where there is no Discord.
func (a *app) openHealth(ctx context.Context, speaks *speaker) (run, error) {
	var live, alone []health.Check
	if speaks != nil {
		live, alone = speaks.health(), []health.Check{{Name: "who speaks", Ask: speaks.speaksNow}}
		a.metrics.Watch(speaks.readings)
	}
	a.metrics.Watch(a.redisReadings)
	if a.watch != nil {
		a.metrics.Watch(a.watch.readings)
	}
	var runs []run
	s := a.base.Snapshot()
	if address := s.Text(settings.HealthListen); address != "" {
		listener, err := health.Listen(ctx, address)
		if err != nil {
			return nil, &exitError{exitFailure, sentence(err.Error())}
		}
		a.log.Info("health checks are answered", zap.Stringer("address", listener.Addr()))
		server := health.New(health.Options{Live: live, Ready: []health.Check{{Name: "Redis", Ask: a.redisAnswers}}, Metrics: a.metrics, Log: a.log})
		runs = append(runs, func(ctx context.Context) error { return server.Serve(ctx, listener) })
	}
	if address := s.Secret(settings.HealthDeadManURL); address != "" {
		deadMan := health.DeadMan{URL: address, Every: s.Duration(settings.HealthDeadManInterval), Live: live, Alone: alone, Client: http.DefaultClient, Log: a.log}
		runs = append(runs, func(ctx context.Context) error { deadMan.Run(ctx); return nil })
	}
	if len(runs) == 0 {
		return nil, nil
	}
	return func(ctx context.Context) error { return together(ctx, runs) }, nil
}

// together runs several until ctx ends, or one of them fails.
func together(ctx context.Context, runs []run) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, r := range runs {
		group.Go(func() error { return r(ctx) })
	}
	return group.Wait()
}

// redisAnswers reports whether Redis does.
func (a *app) redisAnswers(ctx context.Context) error {
	if a.client.Ping(ctx).Err() != nil { // which may name addresses
		return errors.New("it does not answer")
	}
	return nil
}

// redisReadings are the figures of the connections to Redis.
func (a *app) redisReadings() []health.Reading {
	stats := a.client.PoolStats()
	return []health.Reading{
		{Name: "helix_redis_connections", Help: "Connections to Redis in the pool.", Value: float64(stats.TotalConns)},
		{Name: "helix_redis_pool_timeouts_total", Help: "Waits for a free connection to Redis that took too long.", Value: float64(stats.Timeouts), Count: true},
	}
}

// ackWithin is how old the answer to the last heartbeat may be: Discord asks for
// one every 41 s, a connection is given up after 90, and made anew after a minute
// at most.
const ackWithin = 4 * time.Minute

// alive tells whether Discord's gateway is.
func (s *speaking) alive() error {
	last := s.bot.Status().LastAck
	if last.IsZero() {
		last = s.began
	}
	if age := time.Since(last); age > ackWithin {
		return fmt.Errorf("no heartbeat was answered for %s", age.Round(time.Second))
	}
	return nil
}

// botReadings are the figures of the bot.
func botReadings(b *bot.Bot) []health.Reading {
	s := b.Status()
	return append([]health.Reading{
		{Name: "helix_discord_connected", Help: "1 while there is a connection to Discord's gateway.", Value: number(s.Connected)},
		{Name: "helix_discord_guilds", Help: "Servers that the bot is in.", Value: float64(s.Guilds)},
		{Name: "helix_discord_reconnects_total", Help: "Connections to Discord's gateway that ended.", Value: float64(s.Reconnects), Count: true},
		{Name: "helix_discord_heartbeat_ack_timestamp_seconds", Help: "When a heartbeat was answered last; 0 for never.", Value: unix(s.LastAck)},
		{Name: "helix_discord_last_send_timestamp_seconds", Help: "When Discord took a message last; 0 for never.", Value: unix(s.LastSent)},
	}, outboundReadings(b.Outbound())...)
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func unix(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return float64(at.UnixMilli()) / 1000
}
