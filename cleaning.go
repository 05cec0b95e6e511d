package main

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/lease"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
)

// share is how many per cent of the server's time bulk work may take.
func (a *app) share() int { return a.live.Snapshot().Int(settings.RedisMaxShare) }

func (a *app) newSessions() *sessions.Store {
	s := a.base.Snapshot()
	return sessions.New(a.client, sessions.Live(a.live), sessions.Options{
		Key: []byte(s.Secret(settings.SessionsKey)), Share: a.share, Undo: s.Duration(settings.UndoRetention),
	})
}

// telling lets other instances know what this one does to sessions beside work,
// until work ends.
func (a *app) telling(ctx context.Context, work func(context.Context) error) error {
	return beside(ctx, work, func(ctx context.Context) error { a.sessions.KeepTelling(ctx); return nil })
}

// cleaning cleans the sessions up beside work until that ends, while no bot is
// there to do it, and has the instance listed among the others.
func (a *app) cleaning(ctx context.Context, work func(context.Context) error) error {
	member := lease.New(lease.Options{Client: a.client, Self: a.instance(false), Log: a.log})
	listed := func(ctx context.Context) error { return member.Run(ctx, nil) } // it never speaks
	clean := func(ctx context.Context) error {
		a.cleanSessionsIf(ctx, func() bool { _, held := member.Holder(); return !held })
		return nil
	}
	return a.telling(ctx, func(ctx context.Context) error { return beside(ctx, work, listed, clean) })
}

// cleanSessions cleans the sessions up whenever the settings say so, until ctx
// ends.
func (a *app) cleanSessions(ctx context.Context) {
	a.cleanSessionsIf(ctx, func() bool { return true })
}

// cleanSessionsIf does so while it is for this instance to do.
func (a *app) cleanSessionsIf(ctx context.Context, ours func() bool) {
	a.sessions.Clean(ctx, sessions.Schedule{
		Due: func() (bool, time.Duration) {
			s := a.live.Snapshot()
			return s.Bool(settings.SessionCleanup) && ours(), s.Duration(settings.SessionCleanupInterval)
		},
		Done: a.noteCleanup,
	})
}

// noteCleanup logs what a cleanup did, where it did anything.
func (a *app) noteCleanup(r sessions.Report, err error) {
	fields := []zap.Field{
		zap.Int64("sessions", r.Sessions), zap.Int64("idle", r.Idle), zap.Int64("age", r.Age), zap.Int64("over_limit", r.OverLimit),
		zap.Int64("given_ttl", r.GivenTTL), zap.Int64("foreign", r.Foreign.Sessions), zap.Bool("foreign_confirmed", r.Foreign.Confirmed), zap.Duration("took", r.Took),
	}
	switch {
	case err != nil:
		a.log.Error("cleanup of the sessions ended early", append(fields, zap.Error(err))...)
	case r.Ended()+r.GivenTTL > 0:
		a.log.Info("sessions cleaned up", fields...)
	}
}
