package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/schedules"
	"github.com/helix-collective/helix/settings"
)

// outlet is where schedules speak, and who knows their authors.
type outlet interface {
	// MemberIn answers who somebody is in a channel, as of now; a
	// *commands.AbsentError says that they could ask nothing there.
	MemberIn(ctx context.Context, guild, channel, user string) (permissions.Member, error)
	// Post shows a reply in a channel, once for each id.
	Post(ctx context.Context, channel, id string, reply commands.Reply) error
}

// scheduler makes the runs that are due, one after another, each on one instance.
type scheduler struct {
	store  *schedules.Store
	handle func(context.Context, commands.Request) commands.Reply
	outlet outlet
	redact bool
	log    *zap.Logger

	settings func() *settings.Snapshot

	tried map[string]time.Time // the last run of each schedule that was claimed, or lost to another instance
	away  bool                 // the last look at Redis failed, which has been logged
}

const (
	scheduleLook = 5 * time.Second // between two looks at what is due
	scheduleRun  = 2 * time.Minute // a run takes at most; below the shortest time between two
	maxFailures  = 3               // in a row, upon which a schedule pauses
)

// run looks for what is due until ctx ends.
func (s *scheduler) run(ctx context.Context) {
	tick := time.NewTicker(scheduleLook)
	defer tick.Stop()
	for {
		err := s.round(ctx)
		if err != nil && ctx.Err() == nil && !s.away {
			s.log.Warn("schedules do not run while Redis does not answer", zap.Error(err))
		}
		s.away = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// round makes the runs that are due now.
func (s *scheduler) round(ctx context.Context) error {
	now, err := s.store.Now(ctx)
	if err != nil {
		return err
	}
	all, err := s.store.All(ctx)
	if err != nil {
		return err
	}
	tried := make(map[string]time.Time, len(all)) // without those that are gone
	for _, each := range all {
		tried[each.ID] = s.tried[each.ID]
	}
	s.tried = tried
	if err := s.store.Recall(ctx, tried); err != nil {
		return err
	}
	for _, each := range all {
		at, due := each.Due(now, s.tried[each.ID])
		if !due || ctx.Err() != nil {
			continue
		}
		if err := s.attempt(ctx, each, at); err != nil {
			return err
		}
	}
	return nil
}

// attempt makes one run if it is this instance's to make. While Discord does not
// say who the author is, it is nobody's: it is tried again for as long as it is due.
func (s *scheduler) attempt(ctx context.Context, each schedules.Schedule, at time.Time) error {
	author, err := s.outlet.MemberIn(ctx, each.Guild, each.Channel, each.Author)
	absent := (*commands.AbsentError)(nil)
	if err != nil && !errors.As(err, &absent) {
		s.log.Debug("a schedule's author could not be read, so it does not run yet", zap.String("schedule", each.ID), zap.Error(err))
		return nil
	}
	mine, err := s.store.Claim(ctx, each, at)
	if err != nil {
		return err
	}
	s.tried[each.ID] = at
	switch {
	case mine && absent != nil:
		s.pause(ctx, each, at, commands.Reply{Outcome: commands.Denied, Problem: absent.Reason})
	case mine:
		s.make(ctx, each, at, author)
	}
	return nil
}

// make makes one run, and shows what it came to.
func (s *scheduler) make(ctx context.Context, each schedules.Schedule, at time.Time, author permissions.Member) {
	reply := s.handle(ctx, commands.Request{
		ID: runID(each, at), Text: each.Line, Caller: author, Mentioned: true, Redact: s.redact, Schedule: each.ID,
		Timeout: min(scheduleRun, s.settings().Duration(settings.ShellTimeout)),
	})
	if ctx.Err() == nil { // else Helix is stopping
		s.conclude(ctx, each, at, reply)
	}
}

func runID(each schedules.Schedule, at time.Time) string {
	return fmt.Sprintf("schedule %s at %d", each.ID, at.Unix())
}

// conclude shows what a run came to. The schedule pauses if its author may not
// any more, and if too many runs in a row have failed, or could not be shown.
func (s *scheduler) conclude(ctx context.Context, each schedules.Schedule, at time.Time, reply commands.Reply) {
	if reply.Outcome == commands.Denied || reply.Outcome != commands.OK && s.failed(ctx, each, at) {
		s.pause(ctx, each, at, reply)
		return
	}
	err := s.post(ctx, each, at, reply)
	switch {
	case err == nil && reply.Outcome == commands.OK:
		err = s.store.Succeeded(ctx, each)
	case err != nil && s.failed(ctx, each, at):
		s.pause(ctx, each, at, commands.Reply{Outcome: commands.Limited, Problem: "Its output could not be shown."})
	}
	if err != nil {
		s.log.Warn("a schedule failed", zap.String("schedule", each.ID), zap.Error(err))
	}
}

// failed counts a failure, and reports whether it is one too many.
func (s *scheduler) failed(ctx context.Context, each schedules.Schedule, at time.Time) bool {
	n, err := s.store.Failed(ctx, each, at)
	if err != nil {
		s.log.Warn("a schedule's failure could not be counted", zap.String("schedule", each.ID), zap.Error(err))
	}
	return n >= maxFailures
}

// pause has a schedule run no more, and says so once. The reply says why.
func (s *scheduler) pause(ctx context.Context, each schedules.Schedule, at time.Time, reply commands.Reply) {
	paused, err := s.store.Pause(ctx, each, reply.Problem)
	if err == nil && paused {
		reply.Hints = append(reply.Hints, fmt.Sprintf("Schedule %s pauses now. `%severy resume %s` lets it go on.",
			each.ID, s.settings().Text(settings.DiscordPrefix), each.ID))
		err = s.post(ctx, each, at, reply)
	}
	if err != nil {
		s.log.Warn("a schedule pauses, and that could not be said", zap.String("schedule", each.ID), zap.Error(err))
	}
}

// post shows a reply in the schedule's channel, with who scheduled it. Nothing in
// it is to be pressed: it answers nobody.
func (s *scheduler) post(ctx context.Context, each schedules.Schedule, at time.Time, reply commands.Reply) error {
	reply.Hidden, reply.Offers, reply.Quiet = false, nil, false
	reply.Footer = strings.TrimPrefix(fmt.Sprintf("%s · every %s, scheduled by %s (%s)", reply.Footer, each.When, each.Nick, each.ID), " · ")
	return s.outlet.Post(ctx, each.Channel, runID(each, at), reply)
}

// newScheduler runs the schedules of the app's Redis.
func (a *app) newScheduler(out outlet) *scheduler {
	return &scheduler{
		store: a.schedules, handle: a.dispatcher.Handle, outlet: out, settings: a.live.Snapshot,
		redact: a.base.Snapshot().Bool(settings.RedactDiscord), log: a.log,
	}
}
