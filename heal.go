package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/check"
)

// healEvery is how often it is looked whether Redis still has our own state.
const healEvery = 2 * time.Second

// kept is a part of our own state of which this process holds what it read.
type kept struct {
	what string
	// heal stores again what Redis has lost, and reports whether it had.
	heal func(ctx context.Context) (lost bool, err error)
}

func (a *app) keeps() []kept {
	return []kept{
		{"the live settings", a.live.Heal},
		{"the aliases", a.aliases.Heal},
		{"the schedules", a.schedules.Heal},
		{"which server is served", a.pin.Heal},
		{"which servers were greeted", a.greeted.Heal},
	}
}

// announcer says something in the ops channel, once for each id.
type announcer func(ctx context.Context, id, text string) error

// heal sees to it that Redis has our own state, until ctx ends, and says what it
// had lost: in the log, and where there is an announcer there too. Incidents,
// silences and the policy see to themselves.
func (a *app) heal(ctx context.Context, announce announcer) {
	a.warnOfDatabase(ctx, announce)
	tick := time.NewTicker(healEvery)
	defer tick.Stop()
	trouble := false
	for {
		lost, err := healAll(ctx, a.keeps())
		if err != nil && ctx.Err() == nil && !trouble {
			a.log.Warn("Redis cannot be asked whether it still has what Helix keeps there", zap.Error(err))
		}
		trouble = err != nil
		if len(lost) > 0 {
			a.tellLost(ctx, lost, announce)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// warnOfDatabase says at the start what looks as if the database were not the one
// that was meant: in the log, and where that is certain in the ops channel too.
func (a *app) warnOfDatabase(ctx context.Context, announce announcer) {
	found := append(stateFindings(a.live), check.Database(ctx, a.client, a.pool.Target().DB)...)
	for _, f := range found {
		a.log.Warn("is this the right database?", zap.String("found", f.Detail), zap.String("mend", f.Mend))
		if announce == nil || f.Level != check.Fatal {
			continue
		}
		err := announce(ctx, "database "+f.Detail, f.Detail+" "+f.Mend)
		if err != nil && ctx.Err() == nil && !errors.Is(err, bot.ErrNoOpsChannel) {
			a.log.Warn("that could not be announced", zap.Error(err))
		}
	}
}

// healAll answers what Redis had lost. A Redis that does not answer is asked once.
func healAll(ctx context.Context, all []kept) (lost []string, err error) {
	var errs []error
	for _, k := range all {
		was, err := k.heal(ctx)
		if was {
			lost = append(lost, k.what)
		}
		errs = append(errs, err)
		var answered redis.Error
		if err != nil && !errors.As(err, &answered) {
			break
		}
	}
	return lost, errors.Join(errs...)
}

func (a *app) tellLost(ctx context.Context, lost []string, announce announcer) {
	text := "Redis had lost " + listing(lost) + ": a flush, a restart without its data, a failover or an eviction. " +
		"What this instance knew is stored again; plans that waited, and the audit's older records, are not among that."
	a.log.Warn("Redis had lost state of Helix, which is stored again", zap.Strings("lost", lost))
	if announce == nil {
		return
	}
	now := a.clock.Now().Format(time.RFC3339)
	if err := announce(ctx, "lost at "+now, text); err != nil && ctx.Err() == nil && !errors.Is(err, bot.ErrNoOpsChannel) {
		a.log.Warn("what Redis had lost could not be announced", zap.Error(err))
	}
}

// listing is "a", "a and b", or "a, b and c".
func listing(items []string) string {
	last := len(items) - 1
	if last < 1 {
		return strings.Join(items, "")
	}
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
