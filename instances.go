package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/check"
	"github.com/helix-collective/helix/health"
	"github.com/helix-collective/helix/lease"
	"github.com/helix-collective/helix/settings"
)

// speaker is this instance among those that may speak. The one that holds the
// right runs a bot, a new one each time; the others wait, and know all that they
// need to take over.
type speaker struct {
	app    *app
	member *lease.Member
	claims *lease.Claims
	now    atomic.Pointer[speaking] // nil: it does not speak
}

// speaking is a bot at work.
type speaking struct {
	bot   *bot.Bot
	began time.Time
}

// instance is what this process tells the others of itself.
func (a *app) instance(speaks bool) lease.Instance {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	s := a.base.Snapshot()
	return lease.Instance{
		ID: strings.ToLower(rand.Text()[:8]), Host: host, Version: versionLine(), Since: time.Now(), Speaks: speaks,
		Address: cmp.Or(s.Text(settings.APIListen), s.Text(settings.HealthListen)),
	}
}

// newSpeaker asks Discord which application this is, and joins the others.
func (a *app) newSpeaker(ctx context.Context) (*speaker, error) {
	application, err := a.identity(ctx)
	if err != nil {
		return nil, err
	}
	member := lease.New(lease.Options{Client: a.client, Self: a.instance(true), Application: application, Log: a.log})
	s := &speaker{app: a, member: member, claims: lease.NewClaims(a.client, member)}
	a.speaker.Store(s)
	return s, nil
}

// identity asks until Discord answers. The error is that it refuses the token.
func (a *app) identity(ctx context.Context) (string, error) {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		id, err := bot.Identity(ctx, a.botOptions(a.live.Snapshot()))
		if fatal := (*bot.FatalError)(nil); err == nil || errors.As(err, &fatal) {
			return id, err
		}
		a.log.Warn("Discord does not say who we are; asking again", zap.Error(err), zap.Duration("in", wait))
		select {
		case <-ctx.Done():
			return "", nil // it ends anyway
		case <-time.After(wait):
		}
	}
}

// run speaks whenever it may, until ctx ends.
func (s *speaker) run(ctx context.Context) error {
	err := beside(ctx, func(ctx context.Context) error { return s.member.Run(ctx, s.speak) }, s.handOver)
	if foreign := (*lease.ForeignError)(nil); errors.As(err, &foreign) {
		return &exitError{exitFailure, sentence(foreign.Error())}
	}
	return err
}

// speak runs all that only one instance does, until ctx ends.
func (s *speaker) speak(ctx context.Context) error {
	a := s.app
	o := a.botOptions(a.live.Snapshot())
	o.Speaks, o.Claims, o.ClaimedSince, o.LeaveUntold = s.member.Holds, s.claims, s.member.Since(), a.leaveUntold
	b, err := bot.New(o)
	if err != nil {
		return err
	}
	s.now.Store(&speaking{b, time.Now()})
	defer s.now.Store(nil)
	return beside(ctx, func(ctx context.Context) error { return a.runBot(ctx, b) },
		a.watch.beside(b), func(ctx context.Context) error { a.cleanSessions(ctx); return nil })
}

// fence proves in Redis that alerts are this instance's to raise. What only reads
// and answers, such as a console, has nothing to prove.
func (a *app) fence() alerts.Fence {
	s := a.speaker.Load()
	if s == nil {
		return alerts.Fence{}
	}
	key, token := s.member.Fence()
	return alerts.Fence{Key: key, Token: token}
}

// health answers the check of Discord's gateway, which only the holder has.
func (s *speaker) health() []health.Check {
	return []health.Check{{Name: "Discord gateway", Ask: func(context.Context) error {
		if now := s.now.Load(); now != nil {
			return now.alive()
		}
		return nil
	}, Note: s.role}}
}

// role says whether this instance speaks, and who does otherwise.
func (s *speaker) role() string {
	holder, ok := s.member.Holder()
	switch {
	case s.member.Holds():
		return "this instance speaks"
	case ok:
		return fmt.Sprintf("standby; %s on %s speaks", holder.ID, holder.Host)
	}
	return "standby; nobody speaks"
}

// speaksNow keeps a standby from telling the dead-man's switch that all is well: who
// speaks does.
func (s *speaker) speaksNow(context.Context) error {
	if !s.member.Holds() {
		return errors.New("another instance speaks")
	}
	return nil
}

// readings are the figures of the bot, where this instance speaks.
func (s *speaker) readings() []health.Reading {
	list := []health.Reading{{Name: "helix_leader", Help: "1 where this instance holds the right to speak.", Value: number(s.member.Holds())}}
	if now := s.now.Load(); now != nil {
		list = append(list, botReadings(now.bot)...)
	}
	return list
}

// instanceFindings names the instance that speaks.
func instanceFindings(ctx context.Context, client redis.UniversalClient) []check.Finding {
	const name = "Instances"
	list, err := lease.List(ctx, client)
	switch {
	case err != nil:
		return []check.Finding{{Name: name, Level: check.Warning, Detail: "They could not be read: " + err.Error() + ".", Mend: "See what is said of Redis."}}
	case len(list) == 0:
		return []check.Finding{{Name: name, Level: check.OK, Detail: "None runs on this Redis."}}
	case !list[0].Holder:
		return []check.Finding{{Name: name, Level: check.OK, Detail: fmt.Sprintf("%d run; none holds the right to speak.", len(list))}}
	}
	h := list[0]
	return []check.Finding{{Name: name, Level: check.OK, Detail: fmt.Sprintf("%d run; %s on %s (%s) speaks since its start at %s or later.", len(list), h.ID, h.Host, h.Version, h.Since.UTC().Format(time.RFC3339))}}
}

// foreignFindings is fatal where a bot of another application uses this Redis. That
// Redis or Discord do not answer is said elsewhere.
func foreignFindings(ctx context.Context, client redis.UniversalClient, o bot.Options) []check.Finding {
	id, err := bot.Identity(ctx, o)
	if err != nil {
		return nil
	}
	foreign := (*lease.ForeignError)(nil)
	if err := lease.Foreign(ctx, client, id); !errors.As(err, &foreign) {
		return nil
	}
	return []check.Finding{{Name: "Instances", Level: check.Fatal, Detail: sentence(foreign.Error()), Mend: "Set REDIS_URL to a Redis, or a database, that no other bot uses."}}
}
